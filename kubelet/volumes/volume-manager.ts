/**
 * Volumes of pods on this node: made before the first container, refreshed while the pod lives, removed after the
 * last one. Upstream: `pkg/kubelet/volumemanager`, reduced to the volumes that need no plugin process.
 *
 * V1. A volume's directory is `pods/UID/volumes/kubernetes.io~PLUGIN/NAME`; nothing else is remembered, so that a
 *     restarted kubelet finds everything.
 * V2. A pod's directory is removed only after every mount below it is gone.
 */
import { chmod, chown, mkdir, readdir, rm } from "node:fs/promises";
import type { Pod, Volume } from "../../shared/api/generated/core/v1.ts";
import { value } from "../../shared/machinery/quantity.ts";
import type { KubeletPaths } from "../node/kubelet-paths.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import { writeAtomically } from "./atomic-writer.ts";
import { checkHostPath } from "./host-path.ts";
import { isMounted, mountTmpfs, unmountBelow } from "./mount-table.ts";
import { type PayloadSources, volumePayload } from "./payload.ts";

export interface MountedVolume {
  readonly hostPath: string;
  /** Content of the API cannot be written by containers. */
  readonly isReadOnly: boolean;
}

/** Name of the volume to where it is. */
export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

/** A volume cannot be made; the message is the event's. */
export class VolumeError extends Error {
  override readonly name = "VolumeError";
}

export class VolumeManager {
  readonly #paths: KubeletPaths;
  readonly #sources: PayloadSources;

  constructor(paths: KubeletPaths, sources: PayloadSources) {
    this.#paths = paths;
    this.#sources = sources;
  }

  /** Makes or refreshes all volumes of the pod; rejects with `VolumeError` for the first that fails. */
  async mount(pod: Pod): Promise<MountedVolumes> {
    const mounted = await Promise.all(
      (pod.spec.volumes ?? []).map(async (volume): Promise<[string, MountedVolume]> => {
        try {
          return [volume.name, await this.#mountOne(pod, volume)];
        } catch (error) {
          throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`, {
            cause: error,
          });
        }
      }),
    );
    return new Map(mounted);
  }

  /** Removes the volumes and the directory of a pod whose containers are all dead. */
  async unmount(podUid: string): Promise<void> {
    const directory = this.#paths.pod(podUid);
    await unmountBelow(directory);
    await rm(directory, { recursive: true, force: true });
    this.#sources.forget(podUid);
  }

  /** Uids of the pods that have a directory. */
  async knownPods(): Promise<string[]> {
    return readdir(this.#paths.podsRoot).catch(() => []);
  }

  async #mountOne(pod: Pod, volume: Volume): Promise<MountedVolume> {
    const uid = pod.metadata.uid ?? "";
    if (volume.hostPath !== undefined) {
      await checkHostPath(volume.hostPath.path, volume.hostPath.type);
      return { hostPath: volume.hostPath.path, isReadOnly: false };
    }
    if (volume.emptyDir !== undefined) return this.#mountEmptyDir(pod, volume);
    const payload = await volumePayload(pod, volume, this.#sources);
    if (payload === undefined) throw new Error("no volume plugin matched");
    const directory = this.#paths.volume(uid, pluginOf(volume), volume.name);
    await writeAtomically(directory, payload);
    return { hostPath: directory, isReadOnly: true };
  }

  async #mountEmptyDir(pod: Pod, volume: Volume): Promise<MountedVolume> {
    const directory = this.#paths.volume(pod.metadata.uid ?? "", "empty-dir", volume.name);
    const isNew = (await mkdir(directory, { recursive: true })) !== undefined;
    const isMemory = volume.emptyDir?.medium === "Memory";
    const needsMount = isMemory && !(await isMounted(directory));
    if (needsMount) {
      const limit = volume.emptyDir?.sizeLimit;
      await mountTmpfs(directory, limit === undefined ? undefined : value(limit));
    }
    if (isNew || needsMount) await this.#ownDirectory(directory, pod.spec.securityContext?.fsGroup);
    return { hostPath: directory, isReadOnly: false };
  }

  /** Everybody in the pod may write; with fsGroup new files belong to the group. */
  async #ownDirectory(directory: string, group: number | undefined): Promise<void> {
    if (group !== undefined) await chown(directory, 0, group);
    await chmod(directory, group === undefined ? 0o777 : 0o2777);
  }
}

function pluginOf(volume: Volume): string {
  if (volume.configMap !== undefined) return "configmap";
  if (volume.secret !== undefined) return "secret";
  if (volume.downwardAPI !== undefined) return "downward-api";
  return "projected";
}
