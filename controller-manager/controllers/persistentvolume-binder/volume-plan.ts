/** The phase of a volume, and its end (upstream: `syncVolume` in `pkg/controller/volume/persistentvolume`). */
import type { PersistentVolume, PersistentVolumeClaim } from "../../../shared/api/generated/core/v1.ts";
import { hasAnnotation, PROVISIONED_BY } from "../../../shared/machinery/claims.ts";
import { hasVolumeMode } from "../../../shared/machinery/volume-matching.ts";
import { persistentVolumeClaims, type persistentVolumes } from "../../../shared/resources/catalog.ts";
import type { Absence, Plan, PlannedEvent } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import { unboundVolume } from "./binding.ts";

export type Reads = { readonly claims: typeof persistentVolumeClaims };
export type Writes = { readonly volumes: typeof persistentVolumes };
type VolumePlan = Plan<PersistentVolume, Writes>;

const IN_TREE = "kubernetes.io/";

export function planVolume(volume: PersistentVolume, world: World<PersistentVolume, Reads>): VolumePlan {
  const { claimRef } = volume.spec;
  if (claimRef === undefined || (claimRef.uid ?? "") === "") return inPhase(volume, "Available");
  const { namespace = "", name = "", uid } = claimRef;
  const claim = world.claims.get(namespace, name);
  if (claim === undefined || claim.metadata.uid !== uid) {
    return release(volume, { resource: persistentVolumeClaims, namespace, name, uid });
  }
  const { volumeName = "" } = claim.spec;
  if (volumeName === "") return planUnfinished(volume, claim);
  if (volumeName === volume.metadata.name) return inPhase(volume, "Bound");
  if (hasAnnotation(volume, PROVISIONED_BY) && volume.spec.persistentVolumeReclaimPolicy === "Delete") {
    return release(volume, undefined);
  }
  return {
    actions: [{ verb: "update", resource: "volumes", object: unboundVolume(volume) }],
    status: available(volume),
  };
}

const available = ({ status }: PersistentVolume): NonNullable<PersistentVolume["status"]> => {
  const { message: _message, reason: _reason, ...rest } = status ?? {};
  return { ...rest, phase: "Available" };
};

function inPhase(volume: PersistentVolume, phase: "Available" | "Bound"): VolumePlan {
  if (volume.status?.phase === phase) return { actions: [] };
  return { actions: [], status: { ...available(volume), phase } };
}

/** The claim has not named the volume yet: its own plan does that, unless it never can. */
function planUnfinished(volume: PersistentVolume, claim: PersistentVolumeClaim): VolumePlan {
  if (hasVolumeMode(claim, volume)) return { actions: [] };
  const [ofClaim, ofVolume] = [JSON.stringify(claim.metadata.name), JSON.stringify(volume.metadata.name)];
  const mismatch = { type: "Warning", reason: "VolumeMismatch" } as const;
  return {
    actions: [],
    events: [
      {
        ...mismatch,
        message: `Cannot bind PersistentVolume to requested PersistentVolumeClaim ${ofClaim} due to incompatible volumeMode.`,
      },
      {
        ...mismatch,
        about: claim,
        message: `Cannot bind PersistentVolume ${ofVolume} to requested PersistentVolumeClaim due to incompatible volumeMode.`,
      },
    ],
  };
}

/** The claim is gone (`needsAbsence` makes sure), or has another volume. */
function release(volume: PersistentVolume, needsAbsence: Absence | undefined): VolumePlan {
  const phase = volume.status?.phase;
  const to = (next: string, message: string, onSuccess?: PlannedEvent): VolumePlan => ({
    actions: [
      {
        verb: "patch",
        resource: "volumes",
        target: volume,
        patchType: "merge",
        subresource: "status",
        patch: { status: { phase: next, message } },
        needsAbsence,
        onSuccess,
      },
    ],
  });
  if (phase !== "Released" && phase !== "Failed") return to("Released", "");
  const failure = whyNotReclaimed(volume);
  if (failure === undefined || phase === "Failed") return { actions: [] };
  return to("Failed", failure.message, { type: "Warning", ...failure });
}

/** What upstream's own plugins would say; nothing where somebody else reclaims the volume, or nobody should. */
function whyNotReclaimed(volume: PersistentVolume): { reason: string; message: string } | undefined {
  switch (volume.spec.persistentVolumeReclaimPolicy) {
    case "Retain":
      return undefined;
    case "Recycle":
      return { reason: "VolumeFailedRecycle", message: "No recycler plugin found for the volume!" };
    case "Delete": {
      const maker = volume.metadata.annotations?.[PROVISIONED_BY] ?? "";
      if (maker !== "" && !maker.startsWith(IN_TREE)) return undefined;
      const quoted = JSON.stringify(volume.metadata.name);
      const message = `error getting deleter volume plugin for volume ${quoted}: no volume plugin matched`;
      return { reason: "VolumeFailedDelete", message };
    }
    default:
      return {
        reason: "VolumeUnknownReclaimPolicy",
        message: "Volume has unrecognized PersistentVolumeReclaimPolicy",
      };
  }
}
