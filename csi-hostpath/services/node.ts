/**
 * The CSI node service: a volume's folder is bound to where it is staged, and from there to its pods; a block volume's
 * file becomes a device when it is staged, which then is bound into the places of its pods.
 */
import { existsSync } from "node:fs";
import { lstat, mkdir, rmdir, statfs, unlink, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, normalize } from "node:path";
import { CsiError } from "../../shared/csi/csi-error.ts";
import type { CsiHandlers } from "../../shared/csi/csi-server.ts";
import type { VolumeCapability } from "../../shared/csi/csi-wire.ts";
import { topologyKeyOf } from "../driver-name.ts";
import type { StoredVolume } from "../volumes/volume-store.ts";
import { checkCapabilities, checkVolumeId, isBlock } from "./capability.ts";
import type { ServiceContext } from "./controller.ts";

export function nodeService({ driverName, nodeName, store, lock, loops, mounts }: ServiceContext): CsiHandlers {
  const requireVolume = (volumeId: string, capability: VolumeCapability | null): StoredVolume => {
    checkCapabilities([capability]);
    const volume = store.get(volumeId);
    if (volume === undefined) {
      throw new CsiError("NOT_FOUND", `volume id ${volumeId} does not exist in the volumes list`);
    }
    if (volume.isBlock === isBlock(capability)) return volume;
    const kind = volume.isBlock ? "block" : "mount";
    throw new CsiError("INVALID_ARGUMENT", `the volume is of access type ${kind}`);
  };
  const mount = async (source: string, target: string, isReadOnly: boolean): Promise<object> => {
    if (mounts.isMounted(target)) return {};
    await mkdir(target, { recursive: true, mode: 0o750 });
    await mounts.bind(source, target, isReadOnly);
    return {};
  };
  /** The device node in the place of a file. */
  const publishDevice = async (volumeId: string, target: string): Promise<object> => {
    if (mounts.isMounted(target)) return {};
    const device = loops.find(store.dataPath(volumeId));
    if (device === undefined) throw new CsiError("FAILED_PRECONDITION", `${volumeId} is not staged`);
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    await writeFile(target, "", { flag: "a", mode: 0o600 });
    await mounts.bind(device, target, false);
    return {};
  };
  const unmount = async (target: string): Promise<object> => {
    await mounts.unmount(target);
    const present = await lstat(target).catch(() => undefined);
    // Never what is in a folder: that could be a volume that is still mounted.
    if (present?.isDirectory() === true) await rmdir(target);
    else if (present !== undefined) await unlink(target);
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
      lock.hold(checkVolumeId(volumeId), async () => {
        const target = path(stagingTargetPath);
        const data = store.dataPath(volumeId);
        if (!requireVolume(volumeId, volumeCapability).isBlock) return mount(data, target, false);
        await loops.attach(data);
        return {};
      }),
    NodeUnstageVolume: ({ volumeId, stagingTargetPath }) =>
      lock.hold(checkVolumeId(volumeId), async () => {
        const target = path(stagingTargetPath);
        if (store.get(volumeId)?.isBlock !== true) return unmount(target);
        await loops.detach(store.dataPath(volumeId));
        return {};
      }),
    NodePublishVolume: ({ volumeId, stagingTargetPath, targetPath, volumeCapability, readonly }) =>
      lock.hold(checkVolumeId(volumeId), async () => {
        const [staging, target] = [path(stagingTargetPath), path(targetPath)];
        if (requireVolume(volumeId, volumeCapability).isBlock) return publishDevice(volumeId, target);
        if (!mounts.isMounted(staging)) throw new CsiError("FAILED_PRECONDITION", `${staging} is not staged`);
        const isReadOnly = readonly || volumeCapability?.accessMode?.mode === "SINGLE_NODE_READER_ONLY";
        return mount(staging, target, isReadOnly);
      }),
    NodeUnpublishVolume: ({ volumeId, targetPath }) =>
      lock.hold(checkVolumeId(volumeId), () => unmount(path(targetPath))),
    NodeGetVolumeStats: async ({ volumeId, volumePath }) => {
      const at = path(volumePath);
      if (store.get(checkVolumeId(volumeId)) === undefined || !existsSync(at)) {
        throw new CsiError("NOT_FOUND", `volume ${volumeId} is not at ${at}`);
      }
      const volume = store.get(volumeId);
      if (volume?.isBlock === true) {
        return { usage: [{ unit: "BYTES", total: volume.capacityBytes, available: 0, used: 0 }] };
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
