/**
 * Signs what a new node learns about the cluster before it trusts anything: the ConfigMap `cluster-info` in
 * kube-public, by every bootstrap token that may (upstream: `pkg/controller/bootstrap/bootstrapsigner.go`).
 */
import type { ConfigMap } from "../../../shared/api/generated/core/v1.ts";
import { createInformer } from "../../../shared/informer/informer.ts";
import { detachedHmacSignature } from "../../../shared/process/jws.ts";
import { configMaps } from "../../../shared/resources/catalog.ts";
import { bootstrapTokenInformer } from "../../bootstrap-tokens/informer.ts";
import { defineLoop, workOn } from "../../runtime/define-loop.ts";
import { CLUSTER_INFO, planSignatures } from "./plan.ts";

const { namespace, name } = CLUSTER_INFO;

export const bootstrapSigner = defineLoop({
  name: "bootstrap-signer-controller",
  reads: {},
  writes: { configMaps },
  rules: [{ apiGroups: [""], resources: ["secrets", "configmaps"], verbs: ["get", "list", "watch"] }],
  run: async (context) => {
    const { client, clock, logger, signal, execute } = context;
    const tokens = bootstrapTokenInformer(context);
    const maps = createInformer({
      client,
      resource: configMaps,
      clock,
      logger,
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    const queue = context.createQueue("bootstrap_signer_queue");
    const wake = (): void => queue.add(name);
    const removers = [
      tokens.addHandlers({ onAdd: wake, onUpdate: wake, onDelete: wake }),
      maps.addHandlers({ onAdd: wake, onUpdate: wake }),
    ];
    const work = async (): Promise<void> => {
      // Signatures by tokens that are not seen yet must not be taken away.
      await tokens.waitForSync(signal);
      const map: ConfigMap | undefined = maps.lister.get(namespace, name);
      const next = planSignatures(map, tokens.lister.list(), detachedHmacSignature, clock.nowMs());
      if (next === undefined) return;
      const outcome = await execute([{ verb: "update", resource: "configMaps", object: next }]);
      if (outcome.kind !== "done") throw outcome.error ?? new Error("cluster-info has changed");
    };
    await Promise.all([tokens.run(signal), maps.run(signal), workOn(queue, 1, work, context)]);
    for (const remove of removers) remove();
  },
});
