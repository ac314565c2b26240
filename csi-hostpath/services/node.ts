/** The CSI node service: a volume's folder is bound to where it is staged, and from there to its pods. */
import { existsSync } from "node:fs";
import { mkdir, rmdir, statfs } from "node:fs/promises";
import { isAbsolute, normalize } from "node:path";
import { CsiError } from "../../shared/csi/csi-error.ts";
import type { CsiHandlers } from "../../shared/csi/csi-server.ts";
import type { VolumeCapability } from "../../shared/csi/csi-wire.ts";
import { topologyKeyOf } from "../driver-name.ts";
import type { Mounts } from "../volumes/mounts.ts";
import { checkCapabilities, checkVolumeId } from "./capability.ts";
import type { ServiceContext } from "./controller.ts";

export function nodeService({ driverName, nodeName, store, lock }: ServiceContext, mounts: Mounts): CsiHandlers {
  const mount = async (
    volumeId: string,
    source: string,
    target: string,
    capability: VolumeCapability | null,
    isReadOnly: boolean,
  ): Promise<object> => {
    checkCapabilities([capability]);
    if (store.get(volumeId) === undefined) {
      throw new CsiError("NOT_FOUND", `volume id ${volumeId} does not exist in the volumes list`);
    }
    if (mounts.isMounted(target)) return {};
    await mkdir(target, { recursive: true, mode: 0o750 });
    await mounts.bind(source, target, isReadOnly);
    return {};
  };
  const unmount = async (target: string): Promise<object> => {
    await mounts.unmount(target);
    if (existsSync(target)) await rmdir(target);
    return {};
  };
  return {
    NodeGetInfo: () => ({
      nodeId: nodeName,
      maxVolumesPerNode: 0,
      accessibleTopology: { segments: { [topologyKeyOf(driverName)]: nodeName } },
    }),
    NodeGetCapabilities: () => ({
      capabilities: ["STAGE_UNSTAGE_VOLUME", "GET_VOLUME_STATS", "EXPAND_VOLUME", "SINGLE_NODE_MULTI_WRITER"].map(
        (type) => ({ rpc: { type } }),
      ),
    }),
    NodeStageVolume: ({ volumeId, stagingTargetPath, volumeCapability }) =>
      lock.hold(checkVolumeId(volumeId), () =>
        mount(volumeId, store.dataPath(volumeId), path(stagingTargetPath), volumeCapability, false),
      ),
    NodeUnstageVolume: ({ volumeId, stagingTargetPath }) =>
      lock.hold(checkVolumeId(volumeId), () => unmount(path(stagingTargetPath))),
    NodePublishVolume: ({ volumeId, stagingTargetPath, targetPath, volumeCapability, readonly }) =>
      lock.hold(checkVolumeId(volumeId), () => {
        const staging = path(stagingTargetPath);
        if (!mounts.isMounted(staging)) throw new CsiError("FAILED_PRECONDITION", `${staging} is not staged`);
        const isReadOnly = readonly || volumeCapability?.accessMode?.mode === "SINGLE_NODE_READER_ONLY";
        return mount(volumeId, staging, path(targetPath), volumeCapability, isReadOnly);
      }),
    NodeUnpublishVolume: ({ volumeId, targetPath }) =>
      lock.hold(checkVolumeId(volumeId), () => unmount(path(targetPath))),
    NodeGetVolumeStats: async ({ volumeId, volumePath }) => {
      const at = path(volumePath);
      if (store.get(checkVolumeId(volumeId)) === undefined || !existsSync(at)) {
        throw new CsiError("NOT_FOUND", `volume ${volumeId} is not at ${at}`);
      }
      const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(at);
      return {
        usage: [
          { unit: "BYTES", total: bsize * blocks, available: bsize * bavail, used: bsize * (blocks - bfree) },
          { unit: "INODES", total: files, available: ffree, used: files - ffree },
        ],
      };
    },
    NodeExpandVolume: ({ volumeId, volumePath }) => {
      path(volumePath);
      const volume = store.get(checkVolumeId(volumeId));
      if (volume === undefined) {
        throw new CsiError("NOT_FOUND", `volume id ${volumeId} does not exist in the volumes list`);
      }
      return { capacityBytes: volume.capacityBytes };
    },
  };
}

/** Throws INVALID_ARGUMENT for what is no path to be trusted. */
function path(text: string): string {
  if (text === "") throw new CsiError("INVALID_ARGUMENT", "Target path missing in request");
  if (!isAbsolute(text) || normalize(text) !== text || text.includes("\0")) {
    throw new CsiError("INVALID_ARGUMENT", `${JSON.stringify(text)} is not an absolute path`);
  }
  return text;
}
