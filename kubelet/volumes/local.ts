/** A disk or folder of this node behind a persistent volume. Upstream: `pkg/volume/local`. */
import { mkdir, realpath, rm, stat, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { bindMount, isMounted, mount } from "./mount-table.ts";
import { groupOwner, ownVolume } from "./ownership.ts";
import type { VolumePlugin, VolumeRequest } from "./volume-plugin.ts";

export const localPlugin: VolumePlugin = {
  name: "kubernetes.io/local-volume",
  supports: ({ persistentVolume }) => persistentVolume?.spec?.local !== undefined,
  setUp: async (request) => {
    const { spec, directory } = request;
    if (!(await isMounted(directory))) await mountLocal(request);
    return { hostPath: directory, isReadOnly: spec.isReadOnly };
  },
  setUpDevice: async ({ spec, directory }) => {
    const device = await realpath(localPath(spec));
    if (!(await stat(device)).isBlockDevice()) throw new Error(`path "${device}" is not a block device`);
    await mkdir(dirname(directory), { recursive: true, mode: 0o750 });
    await rm(directory, { force: true });
    // The pod's trace of it: the device itself stays where it is.
    await symlink(device, directory);
    return { hostPath: device, isReadOnly: spec.isReadOnly };
  },
};

function localPath({ persistentVolume }: VolumeRequest["spec"]): string {
  const path = persistentVolume?.spec?.local?.path ?? "";
  if (path === "" || path.split("/").includes("..")) throw new Error(`invalid path: ${path}`);
  return path;
}

async function mountLocal({ pod, spec, directory }: VolumeRequest): Promise<void> {
  const path = localPath(spec);
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw new Error(`path "${path}" does not exist`);
  await mkdir(directory, { recursive: true, mode: 0o750 });
  if (stats.isDirectory()) {
    // Before it is mounted: what is mounted is finished.
    if (!spec.isReadOnly) await ownVolume(await realpath(path), groupOwner(pod));
    return bindMount(path, directory, spec.isReadOnly);
  }
  if (!stats.isBlockDevice()) throw new Error(`only directory and block device are supported`);
  const { fsType } = spec.persistentVolume?.spec?.local ?? {};
  const options = ["defaults", spec.isReadOnly ? "ro" : "rw", ...(spec.persistentVolume?.spec?.mountOptions ?? [])];
  await mount(["-t", fsType ?? "ext4", "-o", options.join(","), path, directory]);
  if (!spec.isReadOnly) await ownVolume(directory, groupOwner(pod));
}
