/** Upstream: `pkg/controller/tainteviction`. */
import { nodes, pods } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { defineController } from "../../runtime/define-controller.ts";
import type { RunnableController } from "../../runtime/services.ts";
import { BY_NODE } from "../../runtime/shared-informers.ts";
import { planEviction } from "./plan.ts";
import { TaintMemory } from "./taint-memory.ts";

export function taintEviction(): RunnableController {
  const memory = new TaintMemory();
  return defineController({
    name: "taint-eviction-controller",
    queueName: "noexec_taint_pod",
    reconciles: pods,
    reads: { nodes },
    writes: { pods },
    triggers: [
      {
        on: "nodes",
        keys: ({ metadata, spec }, { self }) => {
          const isTainted = (spec.taints ?? []).some(({ effect }) => effect === "NoExecute");
          return isTainted ? self.byIndex(BY_NODE, metadata.name).map(objectKey) : [];
        },
      },
    ],
    writesStatus: false,
    workers: 10,
    reconcile: (pod, world, nowMs) => {
      const node = world.nodes.get(undefined, pod.spec.nodeName ?? "");
      if (node !== undefined) memory.observe(node, nowMs);
      return planEviction(pod, world, nowMs, (on, taint) => memory.sinceMs(on, taint, nowMs));
    },
  });
}
