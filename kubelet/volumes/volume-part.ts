/** The volumes' side of the kubelet: CSI drivers and plugins on this node, and storage objects of the API. */
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { KubeletBase } from "../kubelet-base.ts";
import { kubeletPaths } from "../node/kubelet-paths.ts";
import { type PluginHandler, PluginWatcher } from "../plugins/plugin-watcher.ts";
import { CsiDrivers } from "./csi/csi-drivers.ts";
import { attachedUses } from "./csi/csi-places.ts";
import { CsiNodeObject } from "./csi/csi-node-object.ts";
import { makeShared } from "./mount-table.ts";
import { storageObjects } from "./storage-objects.ts";
import type { VolumeHost } from "./volume-host.ts";

export interface VolumePart {
  readonly storage: Pick<VolumeHost, "objects" | "csi">;
  /** Runs until the kubelet stops. `handlers` take plugins of other types than CSI's. */
  run(handlers?: readonly PluginHandler[]): Promise<void>;
}

export async function createVolumePart(base: KubeletBase): Promise<VolumePart> {
  const { options, clock, logger, client, signal } = base;
  const { nodeName, rootDir } = options;
  const object = new CsiNodeObject({ client, nodeName, clock, logger });
  const csi = new CsiDrivers(nodeName, object, clock);
  const paths = kubeletPaths(rootDir);
  await mkdir(paths.podsRoot, { recursive: true, mode: 0o750 });
  // Volumes that everybody in a pod may write are nothing for other users of the node.
  await chmod(paths.podsRoot, 0o750);
  for (const [name, podUid] of await attachedUses(paths)) csi.inUse.add(name, podUid);
  // Before anything is mounted below: what was mounted before would stay underneath.
  await makeShared(rootDir).catch((err: unknown) =>
    logger.warn({ err }, "mounts of containers and of the node will not be seen by each other"),
  );
  return {
    storage: { objects: storageObjects(client, nodeName), csi },
    run: async (handlers = []) => {
      const folder = join(rootDir, "plugins_registry");
      const watcher = new PluginWatcher({ folder, clock, logger, handlers: [csi, ...handlers] });
      await Promise.all([watcher.run(signal), object.run(signal)]);
      csi.close();
    },
  };
}
