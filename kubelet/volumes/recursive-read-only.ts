/** Whether mounts below a read-only mount are read-only too. Upstream: `kubelet_pods.go` resolveRecursiveReadOnly, KEP-3857. */
import type { VolumeMount } from "../../shared/api/generated/core/v1.ts";

type Choice = Pick<VolumeMount, "name" | "readOnly" | "recursiveReadOnly">;

/** Throws when it is required and cannot be. */
export function isRecursiveReadOnly(mount: Choice, canRecurse: boolean): boolean {
  const { name, readOnly = false, recursiveReadOnly = "Disabled" } = mount;
  switch (recursiveReadOnly) {
    case "Disabled":
      return false;
    case "IfPossible":
      return readOnly && canRecurse;
    case "Enabled":
      if (!canRecurse)
        throw new Error(
          `failed to resolve recursive read-only mode: volume "${name}" requested recursive read-only mode, but it is not supported by the runtime`,
        );
      return true;
    default:
      throw new Error(
        `failed to resolve recursive read-only mode: unknown recursive read-only mode "${recursiveReadOnly}"`,
      );
  }
}

/** What the container's status says of the mount; undefined when the pod said nothing. */
export function recursiveReadOnlyStatus(mount: Choice, canRecurse: boolean): string | undefined {
  if (mount.recursiveReadOnly === undefined) return undefined;
  if (mount.recursiveReadOnly !== "IfPossible") return mount.recursiveReadOnly;
  return mount.readOnly === true && canRecurse ? "Enabled" : "Disabled";
}
