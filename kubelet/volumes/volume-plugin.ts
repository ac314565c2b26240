/** What a type of volume has to do; `plugins.ts` is the table of all of them. Upstream: `pkg/volume/plugins.go`. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { VolumeSpec } from "./volume-spec.ts";

export interface ImageContent {
  readonly reference: string;
  readonly pullPolicy?: string | undefined;
}

export interface MountedVolume {
  /** Directory, or device node of a raw block volume. */
  readonly hostPath: string;
  /** Content of the API cannot be written by containers. */
  readonly isReadOnly: boolean;
  /** Filled by the runtime from an image, not from a directory. */
  readonly image?: ImageContent | undefined;
}

/** Name of the volume in the pod to where it is. */
export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

export interface VolumeRequest {
  readonly pod: Pod;
  readonly spec: VolumeSpec;
  /** Where the volume is to be: `pods/UID/volumes/PLUGIN/NAME`, or `pods/UID/volumeDevices/PLUGIN/NAME`. */
  readonly directory: string;
  /** Already there when the kubelet looks again: only its content may have changed. */
  readonly isMounted: boolean;
}

/** A volume that was found on disk: all that is known of it after a restart. */
export interface VolumeRemains {
  readonly podUid: string;
  /** As in `VolumeSpec`. */
  readonly name: string;
  readonly directory: string;
}

export interface VolumePlugin {
  /** For example `kubernetes.io/empty-dir`; directories are named after it. */
  readonly name: string;
  supports(spec: VolumeSpec): boolean;
  /** Its content follows the API: made again with every look. */
  readonly isRefreshed?: boolean;
  /** Idempotent. Rejects with what stands after "MountVolume.SetUp failed", or with a `VolumeStepError`. */
  setUp(request: VolumeRequest): Promise<MountedVolume>;
  /** For volumes of mode Block. */
  setUpDevice?(request: VolumeRequest): Promise<MountedVolume>;
  /** Undoes the above from what is on disk. Without it everything below the directory is unmounted and removed. */
  tearDown?(remains: VolumeRemains): Promise<void>;
  tearDownDevice?(remains: VolumeRemains): Promise<void>;
  /** Undoes what belongs to the node and is used by no pod any more. */
  clearOrphans?(): Promise<void>;
}

/** `kubernetes.io/empty-dir` is a folder's name too. */
export function pluginFolder(name: string): string {
  return name.replace("/", "~");
}
