/**
 * Which objects a controller manages: those that name it as their controller and match its selector; orphans that
 * match are adopted, own ones that match no more are released (upstream: `controller_ref_manager.go`).
 */
import { controllerOf, controllerReference } from "../../shared/machinery/ownership.ts";
import type { Selector } from "../../shared/machinery/label-selector.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";

export interface Claim<T> {
  /** Managed now: owned and matching. */
  readonly claimed: readonly T[];
  readonly toAdopt: readonly T[];
  readonly toRelease: readonly T[];
}

/** Sorts `candidates` out. An owner that is being deleted adopts and releases nothing. */
export function claim<T extends KubeObject>(
  owner: KubeObject,
  candidates: Iterable<T>,
  selector: Selector,
  isAdoptable: (object: T) => boolean = () => true,
): Claim<T> {
  const claimed: T[] = [];
  const toAdopt: T[] = [];
  const toRelease: T[] = [];
  const isOwnerDeleted = owner.metadata.deletionTimestamp !== undefined;
  for (const object of candidates) {
    const controller = controllerOf(object);
    const isMatch = selector.matches(object.metadata.labels);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (isMatch) claimed.push(object);
      else if (!isOwnerDeleted && object.metadata.deletionTimestamp === undefined) toRelease.push(object);
    } else if (isMatch && !isOwnerDeleted && object.metadata.deletionTimestamp === undefined && isAdoptable(object)) {
      toAdopt.push(object);
    }
  }
  return { claimed, toAdopt, toRelease };
}

/** Makes `owner` the controller of `target`, after a live look at the owner. */
export function adoption<Name extends string, T extends KubeObject>(
  resource: Name,
  target: T,
  owner: KubeObject,
  kind: Resource<KubeObject>,
) {
  return {
    verb: "patch",
    resource,
    target,
    patchType: "strategic",
    patch: { metadata: { ownerReferences: [controllerReference(owner, kind)] } },
    needsLiveOwner: true,
  } as const;
}

/** Takes `owner` out of the owners of `target`. */
export function release<Name extends string, T extends KubeObject>(resource: Name, target: T, owner: KubeObject) {
  return {
    verb: "patch",
    resource,
    target,
    patchType: "strategic",
    patch: { metadata: { ownerReferences: [{ $patch: "delete", uid: owner.metadata.uid }] } },
  } as const;
}
