/**
 * Has CSI volumes attached to the nodes that need them (upstream: `pkg/controller/volume/attachdetach`), for drivers
 * that want it so. The attacher of the driver does the work; `VolumeAttachment` objects are its orders.
 */
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { Lister } from "../../../shared/informer/lister.ts";
import { claimKeyOf, claimsOf } from "../../../shared/machinery/claims.ts";
import {
  csiDrivers,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttachments,
} from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { defineController } from "../../runtime/define-controller.ts";
import type { RunnableController } from "../../runtime/services.ts";
import { BY_CLAIM } from "../../runtime/shared-informers.ts";
import { DetachMemory } from "./detach-memory.ts";
import { planAttachments, planWithoutNode } from "./plan.ts";

/** Nodes of the pods that use a claim. */
function nodesUsing(claimKey: string, lister: Lister<Pod>): string[] {
  return lister.byIndex(BY_CLAIM, claimKey).flatMap(({ spec }) => spec.nodeName ?? []);
}

export function persistentVolumeAttachDetach(): RunnableController {
  const memory = new DetachMemory();
  return defineController({
    name: "attachdetach-controller",
    reconciles: nodes,
    reads: {
      pods,
      claims: persistentVolumeClaims,
      volumes: persistentVolumes,
      attachments: volumeAttachments,
      drivers: csiDrivers,
    },
    writes: { nodes, attachments: volumeAttachments },
    triggers: [
      { on: "pods", keys: (pod) => (claimsOf(pod).length === 0 ? [] : [pod.spec.nodeName ?? ""].filter(Boolean)) },
      { on: "claims", keys: (claim, world) => nodesUsing(objectKey(claim), world.pods) },
      { on: "volumes", keys: (volume, world) => nodesUsing(claimKeyOf(volume), world.pods) },
      {
        on: "attachments",
        keys: ({ spec }, world) => {
          const volume = world.volumes.get(undefined, spec.source.persistentVolumeName ?? "");
          const waiting = volume === undefined ? [] : nodesUsing(claimKeyOf(volume), world.pods);
          return [spec.nodeName, ...waiting];
        },
      },
      { on: "drivers", keys: (_driver, { self }) => self.list().map(({ metadata }) => metadata.name) },
    ],
    writesStatus: false,
    reconcile: (node, world, nowMs) => planAttachments(node, world, nowMs, memory),
    reconcileGone: ({ name }, world) => planWithoutNode(name, world),
  });
}
