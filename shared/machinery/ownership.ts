import type { ObjectMeta, OwnerReference } from "../api/generated/meta/v1.ts";

interface Owned {
  readonly metadata?: ObjectMeta | undefined;
}

/** The reference to the one controller of the object (apimachinery `metav1.GetControllerOf`). */
export function controllerOf(object: Owned): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller === true);
}

/** True when `owner` is the controller of `object`. */
export function isControlledBy(object: Owned, owner: Owned): boolean {
  const uid = owner.metadata?.uid;
  return uid !== undefined && controllerOf(object)?.uid === uid;
}

/** The reference that makes `owner` the controller (apimachinery `metav1.NewControllerRef`). */
export function controllerReference(
  owner: Owned,
  resource: { readonly group: string; readonly version: string; readonly kind: string },
): OwnerReference {
  return {
    apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`,
    kind: resource.kind,
    name: owner.metadata?.name ?? "",
    uid: owner.metadata?.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}
