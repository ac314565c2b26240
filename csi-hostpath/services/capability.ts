import { CsiError } from "../../shared/csi/csi-error.ts";
import type { VolumeCapability } from "../../shared/csi/csi-wire.ts";
import { isVolumeId } from "../volumes/volume-store.ts";

/** Why the driver cannot give a volume in that way; undefined when it can. */
export function whyUnsupported({ block, mount, accessMode }: VolumeCapability): string | undefined {
  if (mount === undefined && block === undefined) return "access type is missing in the capability";
  // Any number of pods, as long as they are on the node of the volume: its topology sees to that.
  return (accessMode?.mode ?? "UNKNOWN") === "UNKNOWN" ? "access mode is missing in the capability" : undefined;
}

/** Throws INVALID_ARGUMENT for the first that is not supported. */
export function checkCapabilities(capabilities: readonly (VolumeCapability | null)[]): void {
  if (capabilities.length === 0) throw new CsiError("INVALID_ARGUMENT", "Volume Capabilities missing in request");
  for (const capability of capabilities) {
    if (capability === null) throw new CsiError("INVALID_ARGUMENT", "Volume capability missing in request");
    const why = whyUnsupported(capability);
    if (why !== undefined) throw new CsiError("INVALID_ARGUMENT", why);
  }
  if (new Set(capabilities.map(isBlock)).size > 1) {
    throw new CsiError("INVALID_ARGUMENT", "cannot have both block and mount access type");
  }
}

export const isBlock = (capability: VolumeCapability | null | undefined): boolean => capability?.block !== undefined;

/** Throws INVALID_ARGUMENT for an ID that is missing or that no volume of ours can have. */
export function checkVolumeId(volumeId: string): string {
  if (volumeId === "") throw new CsiError("INVALID_ARGUMENT", "Volume ID missing in request");
  if (!isVolumeId(volumeId)) throw new CsiError("INVALID_ARGUMENT", `${JSON.stringify(volumeId)} is not a volume ID`);
  return volumeId;
}
