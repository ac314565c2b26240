import { BitSet } from "../framework/bit-set.ts";
import { definePlugin } from "../framework/plugin.ts";
import { tolerates } from "../../shared/machinery/tolerations.ts";

const CORDONED = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
const NOBODY = new BitSet();

/** Refuses cordoned nodes, unless the pod tolerates what a cordon means. */
export const nodeUnschedulable = definePlugin({
  name: "NodeUnschedulable",
  wakesOn: ["NodeAdded", "NodeTaintsChanged"],
  prepare: (pod, nodes) => (tolerates(pod.spec?.tolerations ?? [], CORDONED) ? NOBODY : nodes.unschedulable),
  filter: (cordoned, _nodes, candidates) => candidates.deleteAll(cordoned),
  explain: () => ({ reasons: ["node(s) were unschedulable"], isResolvable: false }),
});
