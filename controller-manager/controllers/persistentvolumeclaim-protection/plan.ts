/** Whether a claim is in use, and its finalizer with that. */
import type { PersistentVolumeClaim, Pod } from "../../../shared/api/generated/core/v1.ts";
import { CLAIM_PROTECTION, claimsOf, whyNotOfPod } from "../../../shared/machinery/claims.ts";
import { type persistentVolumeClaims, pods } from "../../../shared/resources/catalog.ts";
import { type KubeObject, objectKey } from "../../../shared/resources/resource.ts";
import { planProtection } from "../../runtime/finalizer-plan.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import { BY_CLAIM } from "../../runtime/shared-informers.ts";

export type Reads = { readonly pods: typeof pods };
export type Writes = { readonly claims: typeof persistentVolumeClaims };

export function planClaimProtection(
  claim: PersistentVolumeClaim,
  world: World<PersistentVolumeClaim, Reads>,
): Plan<PersistentVolumeClaim, Writes> {
  const isUsed = world.pods.byIndex(BY_CLAIM, objectKey(claim)).some((pod) => usesClaim(pod, claim));
  const { namespace, deletionTimestamp } = claim.metadata;
  const matches = (pod: KubeObject): boolean => usesClaim(pod as Pod, claim);
  const needsAbsence = deletionTimestamp === undefined ? undefined : { resource: pods, namespace, matches };
  const next = planProtection(claim, CLAIM_PROTECTION, !isUsed);
  return { actions: next.map((object) => ({ verb: "update", resource: "claims", object, needsAbsence })) };
}

/**
 * Only pods that have a node count: no kubelet starts one with a claim that is being deleted. A claim that was made
 * for a pod goes as soon as the kubelet is done with it.
 */
function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if ((pod.spec.nodeName ?? "") === "") return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  const isShutDown = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0;
  return claimsOf(pod).some(({ claimName, isEphemeral }) => {
    if (claimName !== claim.metadata.name) return false;
    return !isEphemeral || (!isShutDown && whyNotOfPod(claim, pod) === undefined);
  });
}
