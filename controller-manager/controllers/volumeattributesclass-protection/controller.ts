/** Keeps classes of volume attributes that are in use (upstream: `pkg/controller/volume/vacprotection`). */
import {
  persistentVolumeClaims,
  persistentVolumes,
  volumeAttributesClasses,
} from "../../../shared/resources/catalog.ts";
import { defineController } from "../../runtime/define-controller.ts";
import { attributesClassesOf, planAttributesClass } from "./plan.ts";

export const volumeAttributesClassProtection = defineController({
  name: "vac-protection-controller",
  queueName: "volumeattributesclass-protection",
  reconciles: volumeAttributesClasses,
  reads: { claims: persistentVolumeClaims, volumes: persistentVolumes },
  writes: { classes: volumeAttributesClasses },
  triggers: [
    { on: "claims", keys: attributesClassesOf },
    { on: "volumes", keys: attributesClassesOf },
  ],
  writesStatus: false,
  reconcile: planAttributesClass,
});
