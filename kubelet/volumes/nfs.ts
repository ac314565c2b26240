/** A folder of an NFS server, mounted by mount.nfs(8). Upstream: `pkg/volume/nfs`. */
import { mkdir } from "node:fs/promises";
import type { NFSVolumeSource } from "../../shared/api/generated/core/v1.ts";
import { isMounted, mount } from "./mount-table.ts";
import type { VolumePlugin } from "./volume-plugin.ts";

export const nfsPlugin: VolumePlugin = {
  name: "kubernetes.io/nfs",
  supports: ({ volume, persistentVolume }) => volume.nfs !== undefined || persistentVolume?.spec?.nfs !== undefined,
  setUp: async ({ spec, directory }) => {
    const source = spec.persistentVolume?.spec?.nfs ?? spec.volume.nfs ?? { server: "", path: "" };
    const isReadOnly = source.readOnly === true || spec.isReadOnly;
    await mkdir(directory, { recursive: true, mode: 0o750 });
    if (!(await isMounted(directory)))
      await mountNfs(source, directory, [
        ...(isReadOnly ? ["ro"] : []),
        ...(spec.persistentVolume?.spec?.mountOptions ?? []),
      ]);
    return { hostPath: directory, isReadOnly };
  },
};

/** Names are given as arguments, never to a shell; a server's name that looks like an option is none. */
async function mountNfs(
  { server, path }: NFSVolumeSource,
  directory: string,
  options: readonly string[],
): Promise<void> {
  const host = server.includes(":") && !server.startsWith("[") ? `[${server}]` : server;
  const choice = options.length === 0 ? [] : ["-o", options.join(",")];
  await mount(["-t", "nfs", ...choice, "--", `${host}:${path}`, directory]);
}
