/** Upstream: `pkg/controller/replicaset`. */
import { controllerOf } from "../../../shared/machinery/ownership.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import { pods, replicaSets } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { defineController, ownedBy } from "../../runtime/define-controller.ts";
import { planReplicaSet } from "./plan.ts";

export const replicaSetController = defineController({
  name: "replicaset-controller",
  queueName: "replicaset",
  reconciles: replicaSets,
  reads: { pods },
  writes: { pods },
  triggers: [
    ownedBy("pods"),
    {
      on: "pods",
      keys: (pod, { self }) => {
        if (controllerOf(pod) !== undefined) return [];
        const candidates = self.list(pod.metadata.namespace ?? "");
        return candidates.filter(({ spec }) => selectorOf(spec.selector).matches(pod.metadata.labels)).map(objectKey);
      },
    },
  ],
  reconcile: planReplicaSet,
});
