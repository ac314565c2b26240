/**
 * Binds claims and volumes (upstream: `pkg/controller/volume/persistentvolume`). Claims choose; volumes tell how they
 * are. Different from upstream: no volume plugins in this process, so nothing is recycled or deleted from here.
 *
 * Invariants:
 * B1 A volume is given away by an update of its own revision: of two claims that want it, one wins.
 * B2 A binding is written volume first. What a crash leaves half done, the next look at either side completes.
 * B3 A volume counts as released only when the server says that its claim is gone.
 */
import { claimKeyOf, defaultClassOf, lacksClass, storageClassNameOf } from "../../../shared/machinery/claims.ts";
import { persistentVolumeClaims, persistentVolumes, pods, storageClasses } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { defineController } from "../../runtime/define-controller.ts";
import { BY_CLAIM, BY_VOLUME, UNBOUND_BY_CLASS } from "../../runtime/shared-informers.ts";
import { together } from "../../runtime/together.ts";
import { planClaim } from "./claim-plan.ts";
import { planVolume } from "./volume-plan.ts";

const EVENT_SOURCE = "persistentvolume-controller";

const claims = defineController({
  name: "persistentvolume-binder-claims",
  queueName: "claims",
  eventSource: EVENT_SOURCE,
  reconciles: persistentVolumeClaims,
  reads: { volumes: persistentVolumes, classes: storageClasses, pods },
  writes: { claims: persistentVolumeClaims, volumes: persistentVolumes },
  triggers: [
    {
      on: "volumes",
      keys: (volume, { self }) => {
        const wanting = self.byIndex(BY_VOLUME, volume.metadata.name).map(objectKey);
        const named = claimKeyOf(volume);
        if (named !== "") return [...wanting, named];
        return [...wanting, ...self.byIndex(UNBOUND_BY_CLASS, storageClassNameOf(volume)).map(objectKey)];
      },
    },
    {
      on: "classes",
      keys: (storageClass, { self }) => {
        const waiting = self.byIndex(UNBOUND_BY_CLASS, storageClass.metadata.name);
        const isDefault = defaultClassOf([storageClass]) !== undefined;
        const classless = isDefault ? self.byIndex(UNBOUND_BY_CLASS, "").filter(lacksClass) : [];
        return [...waiting, ...classless].map(objectKey);
      },
    },
  ],
  reconcile: planClaim,
});

const volumes = defineController({
  name: "persistentvolume-binder-volumes",
  queueName: "volumes",
  eventSource: EVENT_SOURCE,
  reconciles: persistentVolumes,
  reads: { claims: persistentVolumeClaims },
  writes: { volumes: persistentVolumes },
  triggers: [
    {
      on: "claims",
      keys: (claim, { self }) => [
        ...[claim.spec.volumeName ?? ""].filter((name) => name !== ""),
        ...self.byIndex(BY_CLAIM, objectKey(claim)).map(({ metadata }) => metadata.name),
      ],
    },
  ],
  reconcile: planVolume,
});

export const persistentVolumeBinder = together("persistent-volume-binder", [claims, volumes]);
