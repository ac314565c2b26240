/**
 * Says who makes claims larger (upstream: `pkg/controller/volume/expand`). There are no volume plugins in this
 * process: resizers of CSI drivers do it.
 */
import type { PersistentVolumeClaim } from "../../../shared/api/generated/core/v1.ts";
import { requestOf } from "../../../shared/machinery/claims.ts";
import { compareQuantities } from "../../../shared/machinery/quantity.ts";
import { persistentVolumeClaims, persistentVolumes } from "../../../shared/resources/catalog.ts";
import { defineController } from "../../runtime/define-controller.ts";

export const persistentVolumeExpander = defineController({
  name: "expand-controller",
  queueName: "volume_expand",
  eventSource: "volume_expand",
  reconciles: persistentVolumeClaims,
  reads: { volumes: persistentVolumes },
  writes: {},
  triggers: [],
  writesStatus: false,
  reconcile: (claim, { volumes }) => {
    const volume = volumes.get(undefined, claim.spec.volumeName ?? "");
    if (!isTooSmall(claim) || volume?.spec.claimRef?.uid !== claim.metadata.uid) return { actions: [] };
    const message = "waiting for an external controller to expand this PVC";
    return { actions: [], events: [{ type: "Normal", reason: "ExternalExpanding", message }] };
  },
});

/** Asks for more than it has, and nobody has begun with that. */
function isTooSmall(claim: PersistentVolumeClaim): boolean {
  const { phase, capacity, allocatedResourceStatuses, conditions = [] } = claim.status ?? {};
  if (phase !== "Bound" || compareQuantities(requestOf(claim), capacity?.["storage"] ?? "0") <= 0) return false;
  return allocatedResourceStatuses?.["storage"] === undefined && conditions.length === 0;
}
