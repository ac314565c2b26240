import type { Taint } from "../../shared/api/generated/core/v1.ts";
import { NO_TAINTS } from "../framework/node-columns.ts";
import { definePlugin, addNormalized } from "../framework/plugin.ts";
import { tolerates } from "../../shared/machinery/tolerations.ts";

/** What the pod thinks of each taint set, by its number. */
interface Verdicts {
  /** The first taint that keeps the pod away. */
  readonly repelling: readonly (Taint | undefined)[];
  readonly isRefused: readonly boolean[];
  /** How many taints would rather have it elsewhere. */
  readonly disliked: readonly number[];
}

const isRepelling = ({ effect }: Taint): boolean => effect === "NoSchedule" || effect === "NoExecute";

/** Taints with `NoSchedule` or `NoExecute` refuse; those with `PreferNoSchedule` cost score. */
export const taintToleration = definePlugin({
  name: "TaintToleration",
  wakesOn: ["NodeAdded", "NodeTaintsChanged"],
  prepare: (pod, nodes): Verdicts | undefined => {
    if (nodes.taintSets.length === 1) return undefined;
    const tolerations = pod.spec?.tolerations ?? [];
    const preferring = tolerations.filter(({ effect = "" }) => effect === "" || effect === "PreferNoSchedule");
    const repelling = nodes.taintSets.map((taints) =>
      taints.find((taint) => isRepelling(taint) && !tolerates(tolerations, taint)),
    );
    const isDisliked = (taint: Taint): boolean => taint.effect === "PreferNoSchedule" && !tolerates(preferring, taint);
    return {
      repelling,
      isRefused: repelling.map((taint) => taint !== undefined),
      disliked: nodes.taintSets.map((taints) => taints.filter(isDisliked).length),
    };
  },
  filter: ({ isRefused }, nodes, candidates) => {
    if (isRefused.includes(true)) candidates.deleteClasses(nodes.taintSetOf, isRefused);
  },
  explain: ({ repelling }, nodes, index) => {
    const taint = repelling[nodes.taintSetOf[index] ?? NO_TAINTS];
    return {
      reasons: ["node(s) had untolerated taint(s)"],
      isResolvable: false,
      numbers: taint && { taint: `${taint.key}=${taint.value ?? ""}:${taint.effect}` },
    };
  },
  score: ({ disliked }, nodes, candidates, total, weight) => {
    if (disliked.every((count) => count === 0)) return;
    const raw = Array.from(candidates, (index) => disliked[nodes.taintSetOf[index] ?? NO_TAINTS] ?? 0);
    addNormalized(raw, total, weight, true);
  },
});
