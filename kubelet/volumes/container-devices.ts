/** Raw block volumes of one container. Upstream: `kubelet_pods.go` makeBlockVolumes. */
import type { VolumeDevice } from "../../shared/api/generated/core/v1.ts";
import { configError } from "../containers/container-error.ts";
import type { DeviceSpec } from "../runtime/runtime.ts";
import type { MountedVolumes } from "./volume-plugin.ts";

/** Throws a config error when a volume is not there. */
export function containerDevices(
  container: { readonly name: string; readonly volumeDevices?: readonly VolumeDevice[] | undefined },
  volumes: MountedVolumes,
): DeviceSpec[] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    if (!devicePath.startsWith("/")) throw configError(`error DevicePath \`${devicePath}\` must be an absolute path`);
    const volume = volumes.get(name);
    if (volume === undefined)
      throw configError(`cannot find volume "${name}" to pass into container "${container.name}"`);
    return {
      hostPath: volume.hostPath,
      containerPath: devicePath,
      permissions: volume.isReadOnly ? "r" : "mrw",
    };
  });
}
