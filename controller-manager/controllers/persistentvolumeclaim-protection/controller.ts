/** Keeps claims that pods use from being deleted (upstream: `pkg/controller/volume/pvcprotection`). */
import { claimsOf } from "../../../shared/machinery/claims.ts";
import { persistentVolumeClaims, pods } from "../../../shared/resources/catalog.ts";
import { defineController } from "../../runtime/define-controller.ts";
import { planClaimProtection } from "./plan.ts";

export const persistentVolumeClaimProtection = defineController({
  name: "pvc-protection-controller",
  queueName: "pvcprotection",
  reconciles: persistentVolumeClaims,
  reads: { pods },
  writes: { claims: persistentVolumeClaims },
  triggers: [
    {
      on: "pods",
      keys: (pod, { self }) =>
        claimsOf(pod).flatMap(({ claimName }) => {
          const { namespace } = pod.metadata;
          const isDeleted = self.get(namespace, claimName)?.metadata.deletionTimestamp !== undefined;
          return isDeleted ? [`${namespace}/${claimName}`] : [];
        }),
    },
  ],
  writesStatus: false,
  reconcile: planClaimProtection,
});
