/** Tells nodes how long they may keep secrets and config maps without asking again (upstream: `pkg/controller/ttl`). */
import { nodes } from "../../../shared/resources/catalog.ts";
import { defineController } from "../../runtime/define-controller.ts";
import { planTtl } from "./plan.ts";

export const ttl = defineController({
  name: "ttl-controller",
  queueName: "ttlcontroller",
  reconciles: nodes,
  reads: {},
  writes: { nodes },
  triggers: [],
  writesStatus: false,
  reconcile: (node, { self }) => planTtl(node, self.list().length),
});
