/**
 * DefaultStorageClass (upstream: `plugin/pkg/admission/storage/storageclass/setdefault`): a claim that says nothing
 * about its class gets the default one. An empty name says something.
 */
import type { PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import { defaultClassOf, lacksClass } from "../../shared/machinery/claims.ts";
import { persistentVolumeClaims, storageClasses } from "../../shared/resources/catalog.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { isAbout } from "./refusal.ts";

export function defaultStorageClass({ reader }: { readonly reader: ObjectReader }): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    mutate: (request) => {
      if (request.operation !== "CREATE" || request.subresource !== "") return;
      if (!isAbout(request, persistentVolumeClaims) || request.object === undefined) return;
      const claim = request.object as PersistentVolumeClaim;
      if (!lacksClass(claim)) return;
      const storageClass = defaultClassOf(reader.list(storageClasses));
      if (storageClass !== undefined) claim.spec.storageClassName = storageClass.metadata.name;
    },
  };
}
