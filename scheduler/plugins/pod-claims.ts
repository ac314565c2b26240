import type { PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import { claimsOf, whyNotOfPod } from "../../shared/machinery/claims.ts";
import type { VolumeWorld } from "../framework/volume-world.ts";

export type PodClaims =
  | { readonly kind: "claims"; readonly claims: readonly PersistentVolumeClaim[] }
  /** Why the pod cannot have its claims, in upstream's words. */
  | { readonly kind: "refused"; readonly message: string };

/** The claims that a pod uses; undefined when it uses none (upstream: `podHasPVCs` of the VolumeBinding plugin). */
export function podClaims(pod: Pod, world: VolumeWorld): PodClaims | undefined {
  if (pod.spec.volumes === undefined) return undefined;
  const uses = claimsOf(pod);
  if (uses.length === 0) return undefined;
  const claims = new Map<string, PersistentVolumeClaim>();
  for (const { claimName, isEphemeral } of uses) {
    const claim = world.claim(pod.metadata.namespace ?? "", claimName);
    const message = whyUnusable(claim, claimName, isEphemeral ? pod : undefined);
    if (message !== undefined) return { kind: "refused", message };
    if (claim !== undefined) claims.set(claimName, claim);
  }
  return { kind: "claims", claims: [...claims.values()] };
}

function whyUnusable(
  claim: PersistentVolumeClaim | undefined,
  name: string,
  owner: Pod | undefined,
): string | undefined {
  const quoted = `persistentvolumeclaim ${JSON.stringify(name)}`;
  if (claim === undefined) {
    return owner === undefined
      ? `${quoted} not found`
      : `waiting for ephemeral volume controller to create the ${quoted}`;
  }
  if (claim.status?.phase === "Lost") {
    return `${quoted} bound to non-existent persistentvolume ${JSON.stringify(claim.spec.volumeName ?? "")}`;
  }
  if (claim.metadata.deletionTimestamp !== undefined) return `${quoted} is being deleted`;
  return owner === undefined ? undefined : whyNotOfPod(claim, owner);
}
