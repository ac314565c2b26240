/**
 * StorageObjectInUseProtection (upstream: `plugin/pkg/admission/storage/storageobjectinuseprotection`): claims, volumes
 * and classes of their attributes get their finalizers at birth, so that none is deleted before the controllers have
 * heard of it.
 */
import { ATTRIBUTES_CLASS_PROTECTION, CLAIM_PROTECTION, VOLUME_PROTECTION } from "../../shared/machinery/claims.ts";
import { persistentVolumeClaims, persistentVolumes, volumeAttributesClasses } from "../../shared/resources/catalog.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { isAbout } from "./refusal.ts";

const PROTECTIONS = [
  { resource: persistentVolumes, finalizer: VOLUME_PROTECTION },
  { resource: persistentVolumeClaims, finalizer: CLAIM_PROTECTION },
  { resource: volumeAttributesClasses, finalizer: ATTRIBUTES_CLASS_PROTECTION },
] as const;

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  mutate: (request) => {
    if (request.operation !== "CREATE" || request.subresource !== "" || request.object === undefined) return;
    const protection = PROTECTIONS.find(({ resource }) => isAbout(request, resource));
    if (protection === undefined) return;
    const { metadata } = request.object;
    const present = metadata.finalizers ?? [];
    if (!present.includes(protection.finalizer)) metadata.finalizers = [...present, protection.finalizer];
  },
};
