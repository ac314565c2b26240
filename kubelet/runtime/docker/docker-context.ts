import type { Clock } from "../../../shared/process/clock.ts";
import type { PodNetworks } from "./cni/pod-networks.ts";
import type { DiskUsage } from "./disk-usage.ts";
import type { EngineClient } from "./engine-client.ts";
import type { ImageDirectory } from "./image-directory.ts";
import type { LogLimits } from "./log-options.ts";

/** What the calls of the Docker runtime share. */
export interface DockerContext {
  readonly engine: EngineClient;
  readonly clock: Clock;
  readonly networks: PodNetworks;
  readonly images: ImageDirectory;
  readonly diskUsage: DiskUsage;
  readonly sandboxImage: string;
  readonly logs: LogLimits;
  /** Least OOM score that this machine lets a container have. */
  readonly oomScoreMin: number;
  /** Where the Engine keeps its things. */
  rootDir(): Promise<string>;
}
