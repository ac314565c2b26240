/** What pod workers share: one record, made in `run.ts`. */
import type { Pod, PodStatus, Service } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { PodAdmission } from "../admission/pod-admission.ts";
import type { PodCgroups } from "../cgroups/pod-cgroups.ts";
import type { ClusterDns } from "../containers/dns.ts";
import type { ReferencedObjects } from "../containers/environment.ts";
import type { RunSettings } from "../containers/run-settings.ts";
import type { ImagePuller } from "../images/image-puller.ts";
import type { DeviceManager } from "../devices/device-manager.ts";
import type { KubeletPaths } from "../node/kubelet-paths.ts";
import type { ProbeManager } from "../probes/probe-manager.ts";
import type { ResourceCheckpoint } from "./resize/resource-checkpoint.ts";
import type { ContainerRuntime, DnsSpec } from "../runtime/runtime.ts";
import type { VolumeManager } from "../volumes/volume-manager.ts";

/** Says something about a pod, or about one of its containers (`field`, for example `spec.containers{web}`). */
export type PodEvents = (pod: Pod, type: "Normal" | "Warning", reason: string, message: string, field?: string) => void;

export interface StatusSink {
  /** Newest status of the pod; written soon, the last one wins. */
  publish(pod: Pod, status: PodStatus): void;
  /** What was published last. */
  latest(podUid: string): PodStatus | undefined;
  /** All containers are dead and everything is cleaned up: writes the status, then removes the pod from the API. */
  finishDeletion(pod: Pod): void;
  forget(podUid: string): void;
}

export interface NodeFacts {
  readonly nodeName: string;
  hostIps(): readonly string[];
  allocatable(): Readonly<Record<string, string>>;
  readonly settings: RunSettings;
  readonly runtimeName: string;
  readonly hostDns: DnsSpec;
  readonly clusterDns: ClusterDns;
  /** Content of the node's own /etc/hosts. */
  readonly hostsFile: string;
  /** Empty when pods may start; otherwise why not, as the node's Ready condition says it. */
  networkProblem(): string;
}

export interface KubeletContext {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly paths: KubeletPaths;
  readonly node: NodeFacts;
  readonly cgroups: PodCgroups;
  /** Which pods this node runs. */
  readonly admission: PodAdmission;
  /** What device plugins give to containers. */
  readonly devices: Pick<DeviceManager, "prepare">;
  /** What containers were promised and what they were given. */
  readonly resources: { readonly allocated: ResourceCheckpoint; readonly actuated: ResourceCheckpoint };
  readonly images: ImagePuller;
  readonly volumes: VolumeManager;
  readonly probes: ProbeManager;
  readonly objects: ReferencedObjects;
  services(): readonly Service[];
  /** What the pod's runtime class means to the runtime; rejects when there is no such class. */
  runtimeHandler(pod: Pod): Promise<string>;
  readonly events: PodEvents;
  readonly status: StatusSink;
}
