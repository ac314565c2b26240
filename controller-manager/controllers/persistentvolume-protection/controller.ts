/** Keeps volumes that are bound from being deleted (upstream: `pkg/controller/volume/pvprotection`). */
import { VOLUME_PROTECTION } from "../../../shared/machinery/claims.ts";
import { persistentVolumes } from "../../../shared/resources/catalog.ts";
import { defineController } from "../../runtime/define-controller.ts";
import { planProtection } from "../../runtime/finalizer-plan.ts";

export const persistentVolumeProtection = defineController({
  name: "pv-protection-controller",
  queueName: "pvprotection",
  reconciles: persistentVolumes,
  reads: {},
  writes: { volumes: persistentVolumes },
  triggers: [],
  writesStatus: false,
  reconcile: (volume) => ({
    actions: planProtection(volume, VOLUME_PROTECTION, volume.status?.phase !== "Bound").map((object) => ({
      verb: "update",
      resource: "volumes",
      object,
    })),
  }),
});
