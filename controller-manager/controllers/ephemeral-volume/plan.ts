/** The claims that a pod's ephemeral volumes lack. */
import type { Pod, Volume } from "../../../shared/api/generated/core/v1.ts";
import { whyNotOfPod } from "../../../shared/machinery/claims.ts";
import { controllerReference } from "../../../shared/machinery/ownership.ts";
import { type persistentVolumeClaims, pods } from "../../../shared/resources/catalog.ts";
import type { Action, Plan, PlannedEvent } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";

export type Reads = { readonly claims: typeof persistentVolumeClaims };
export type Writes = { readonly claims: typeof persistentVolumeClaims };

export function planEphemeralClaims(pod: Pod, world: World<Pod, Reads>): Plan<Pod, Writes> {
  if (pod.metadata.deletionTimestamp !== undefined) return { actions: [] };
  const actions: Action<Writes>[] = [];
  const events: PlannedEvent[] = [];
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.ephemeral === undefined) continue;
    const present = world.claims.get(pod.metadata.namespace, claimName(pod, volume));
    const problem = present === undefined ? undefined : whyNotOfPod(present, pod);
    if (problem !== undefined) events.push(failure(volume, problem));
    if (present === undefined) actions.push(creation(pod, volume));
  }
  return { actions, events };
}

const claimName = (pod: Pod, volume: Volume): string => `${pod.metadata.name}-${volume.name}`;

const failure = (volume: Volume, why: string): PlannedEvent => ({
  type: "Warning",
  reason: "FailedBinding",
  message: `ephemeral volume ${volume.name}: ${why}`,
});

function creation(pod: Pod, volume: Volume): Action<Writes> {
  const name = claimName(pod, volume);
  const template = volume.ephemeral?.volumeClaimTemplate;
  return {
    verb: "create",
    resource: "claims",
    object: {
      metadata: {
        name,
        namespace: pod.metadata.namespace,
        ownerReferences: [controllerReference(pod, pods)],
        annotations: template?.metadata?.annotations,
        labels: template?.metadata?.labels,
      },
      spec: template?.spec ?? {},
    },
    onFailure: failure(volume, `create PVC ${name}: $error`),
  };
}
