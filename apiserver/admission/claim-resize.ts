/**
 * PersistentVolumeClaimResize (upstream: `plugin/pkg/admission/storage/persistentvolume/resize`): only bound claims
 * grow, and only where their class allows it.
 */
import type { PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import { requestOf, storageClassNameOf } from "../../shared/machinery/claims.ts";
import { compareQuantities } from "../../shared/machinery/quantity.ts";
import { persistentVolumeClaims, storageClasses } from "../../shared/resources/catalog.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { isAbout, refuse } from "./refusal.ts";

const NOT_RESIZABLE =
  "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";

export function claimResize({ reader }: { readonly reader: ObjectReader }): AdmissionPlugin {
  const mayGrow = (next: PersistentVolumeClaim, previous: PersistentVolumeClaim): boolean => {
    const [name, before] = [storageClassNameOf(next), storageClassNameOf(previous)];
    return name !== "" && name === before && reader.get(storageClasses, undefined, name)?.allowVolumeExpansion === true;
  };
  return {
    name: "PersistentVolumeClaimResize",
    validate: (request) => {
      const { object, oldObject } = request;
      if (request.operation !== "UPDATE" || request.subresource !== "") return;
      if (!isAbout(request, persistentVolumeClaims) || object === undefined || oldObject === undefined) return;
      const [next, previous] = [object as PersistentVolumeClaim, oldObject as PersistentVolumeClaim];
      if (compareQuantities(requestOf(next), requestOf(previous)) <= 0) return;
      if (previous.status?.phase !== "Bound") {
        throw refuse(request, "Only bound persistent volume claims can be expanded");
      }
      if (!mayGrow(next, previous)) throw refuse(request, NOT_RESIZABLE);
    },
  };
}
