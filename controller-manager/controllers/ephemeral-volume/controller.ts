/** Makes the claims of generic ephemeral volumes (upstream: `pkg/controller/volume/ephemeral`). */
import { persistentVolumeClaims, pods } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { defineController } from "../../runtime/define-controller.ts";
import { BY_CLAIM } from "../../runtime/shared-informers.ts";
import { planEphemeralClaims } from "./plan.ts";

export const ephemeralVolumes = defineController({
  name: "ephemeral-volume-controller",
  queueName: "ephemeral_volume",
  eventSource: "ephemeral_volume",
  reconciles: pods,
  reads: { claims: persistentVolumeClaims },
  writes: { claims: persistentVolumeClaims },
  triggers: [{ on: "claims", keys: (claim, { self }) => self.byIndex(BY_CLAIM, objectKey(claim)).map(objectKey) }],
  writesStatus: false,
  reconcile: planEphemeralClaims,
});
