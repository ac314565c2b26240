import { BitSet } from "../framework/bit-set.ts";
import { definePlugin, addNormalized } from "../framework/plugin.ts";
import { matchingAnyTerm, matchingTerm, namedNodes } from "./node-terms.ts";

interface Wanted {
  /** Nodes that `nodeSelector` and the required terms allow; undefined: all. */
  readonly allowed: BitSet | undefined;
  readonly names: ReadonlySet<string> | undefined;
  readonly preferred: readonly { readonly nodes: BitSet; readonly weight: number }[];
}

/** `spec.nodeSelector` and `spec.affinity.nodeAffinity`. */
export const nodeAffinity = definePlugin({
  name: "NodeAffinity",
  wakesOn: ["NodeAdded", "NodeLabelsChanged"],
  prepare: (pod, nodes): Wanted | undefined => {
    const selector = Object.entries(pod.spec?.nodeSelector ?? {});
    const affinity = pod.spec?.affinity?.nodeAffinity;
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (selector.length === 0 && required === undefined && preferred.length === 0) return undefined;
    let allowed: BitSet | undefined;
    if (selector.length > 0 || required !== undefined) {
      allowed = new BitSet(nodes.capacity);
      allowed.copyFrom(required === undefined ? nodes.present : matchingAnyTerm(nodes, required.nodeSelectorTerms));
      for (const [key, value] of selector) allowed.keepOnly(nodes.labels.withValue(key, value));
    }
    return {
      allowed,
      names: required === undefined ? undefined : namedNodes(required.nodeSelectorTerms),
      preferred: preferred.map(({ preference, weight }) => ({ nodes: matchingTerm(nodes, preference), weight })),
    };
  },
  filter: ({ allowed }, _nodes, candidates) => {
    if (allowed !== undefined) candidates.keepOnly(allowed);
  },
  explain: ({ names }, nodes, index) => {
    const isNamed = names?.has(nodes.names[index] ?? "") ?? true;
    const reason = isNamed
      ? "node(s) didn't match Pod's node affinity/selector"
      : "node(s) didn't satisfy plugin(s) [NodeAffinity]";
    return { reasons: [reason], isResolvable: false };
  },
  score: ({ preferred }, _nodes, candidates, total, weight) => {
    if (preferred.length === 0) return;
    const raw = Array.from(candidates, (index) =>
      preferred.reduce((sum, term) => (term.nodes.has(index) ? sum + term.weight : sum), 0),
    );
    addNormalized(raw, total, weight, false);
  },
});
