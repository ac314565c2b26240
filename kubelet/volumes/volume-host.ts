/** What plugins of volumes get from the kubelet. */
import type { Pod, ServiceAccountTokenProjection } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { ReferencedObjects } from "../containers/environment.ts";
import type { PodAddresses } from "../containers/field-ref.ts";
import type { KubeletPaths } from "../node/kubelet-paths.ts";
import type { CsiNode } from "./csi/csi-node.ts";
import type { MemoryFolder } from "./memory-folder.ts";
import type { ServiceAccountToken } from "./service-account-tokens.ts";
import type { StorageObjects } from "./storage-objects.ts";

/** Where the content of volumes of the API comes from. */
export interface VolumeSources extends ReferencedObjects {
  /** A token of the pod's service account, bound to the pod. */
  token(pod: Pod, projection: Omit<ServiceAccountTokenProjection, "path">): Promise<ServiceAccountToken>;
  /** The pod is over: drops its tokens. */
  forget(podUid: string): void;
  addresses(pod: Pod): PodAddresses;
  allocatable(): Readonly<Record<string, string>>;
}

export interface VolumeHost {
  readonly paths: KubeletPaths;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sources: VolumeSources;
  readonly memory: MemoryFolder;
  readonly objects: StorageObjects;
  readonly csi: CsiNode;
}

/** What volumes made of the API's files need; without memory they are on disk. */
export interface PayloadHost extends Pick<VolumeHost, "sources"> {
  readonly memory?: Pick<MemoryFolder, "place"> | undefined;
}
