/** All types of volumes that this kubelet knows; the first that supports a volume makes it. */
import { configMapPlugin } from "./config-map.ts";
import { CsiPlugin } from "./csi/csi-plugin.ts";
import { downwardApiPlugin } from "./downward-api.ts";
import { emptyDirPlugin } from "./empty-dir.ts";
import { hostPathPlugin } from "./host-path.ts";
import { imagePlugin } from "./image.ts";
import { localPlugin } from "./local.ts";
import { nfsPlugin } from "./nfs.ts";
import { projectedPlugin } from "./projected.ts";
import { secretPlugin } from "./secret.ts";
import type { VolumeHost } from "./volume-host.ts";
import type { VolumePlugin } from "./volume-plugin.ts";

export function volumePlugins(host: VolumeHost): readonly VolumePlugin[] {
  return [
    emptyDirPlugin(host),
    configMapPlugin(host),
    secretPlugin(host),
    downwardApiPlugin(host),
    projectedPlugin(host),
    hostPathPlugin,
    localPlugin,
    nfsPlugin,
    imagePlugin,
    new CsiPlugin(host),
  ];
}
