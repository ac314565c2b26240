/** Upstream: `pkg/controller/deployment`. */
import { controllerOf } from "../../../shared/machinery/ownership.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import { deployments, pods, replicaSets } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { defineController, ownedBy } from "../../runtime/define-controller.ts";
import { planDeployment } from "./plan.ts";

export const deploymentController = defineController({
  name: "deployment-controller",
  queueName: "deployment",
  reconciles: deployments,
  reads: { replicaSets, pods },
  writes: { replicaSets, deployments },
  triggers: [
    ownedBy("replicaSets"),
    {
      on: "replicaSets",
      keys: (replicaSet, { self }) => {
        if (controllerOf(replicaSet) !== undefined) return [];
        const candidates = self.list(replicaSet.metadata.namespace ?? "");
        return candidates
          .filter(({ spec }) => selectorOf(spec.selector).matches(replicaSet.metadata.labels))
          .map(objectKey);
      },
    },
    {
      // The strategy Recreate waits for the last old pod to go; all else is seen in the ReplicaSets.
      on: "pods",
      keys: (pod, { replicaSets: lister, self }) => {
        const { namespace = "" } = pod.metadata;
        const owner = controllerOf(pod);
        const replicaSet = owner?.kind === "ReplicaSet" ? lister.get(namespace, owner.name) : undefined;
        const deployment = replicaSet === undefined ? undefined : controllerOf(replicaSet);
        const found = deployment === undefined ? undefined : self.get(namespace, deployment.name);
        return found?.spec.strategy?.type === "Recreate" ? [objectKey(found)] : [];
      },
    },
  ],
  reconcile: planDeployment,
});
