import { definePlugin } from "../framework/plugin.ts";

/** A pod that already names its node fits there only. */
export const nodeName = definePlugin({
  name: "NodeName",
  wakesOn: ["NodeAdded"],
  prepare: (pod) => (pod.spec?.nodeName === undefined || pod.spec.nodeName === "" ? undefined : pod.spec.nodeName),
  filter: (wanted, nodes, candidates) => {
    const index = nodes.indexOf(wanted);
    const isCandidate = index !== undefined && candidates.has(index);
    candidates.clear();
    if (isCandidate) candidates.add(index);
  },
  explain: () => ({ reasons: ["node(s) didn't match the requested node name"], isResolvable: false }),
});
