import type { Taint } from "../../shared/api/generated/core/v1.ts";
import { NO_TAINTS } from "../framework/node-columns.ts";
import { definePlugin, normalizeScores } from "../framework/plugin.ts";
import { tolerates } from "./tolerations.ts";

interface Verdict {
  /** The first taint that keeps the pod away. */
  readonly repelling: Taint | undefined;
  /** How many taints would rather have it elsewhere. */
  readonly disliked: number;
}

const WELCOME: Verdict = { repelling: undefined, disliked: 0 };
const isRepelling = ({ effect }: Taint): boolean => effect === "NoSchedule" || effect === "NoExecute";

/** Taints with `NoSchedule` or `NoExecute` refuse; those with `PreferNoSchedule` cost score. */
export const taintToleration = definePlugin({
  name: "TaintToleration",
  wakesOn: ["NodeAdded", "NodeTaintsChanged"],
  prepare: (pod, nodes): readonly Verdict[] | undefined => {
    if (nodes.taintSets.length === 1) return undefined;
    const tolerations = pod.spec?.tolerations ?? [];
    const preferring = tolerations.filter(({ effect = "" }) => effect === "" || effect === "PreferNoSchedule");
    return nodes.taintSets.map((taints, number) => {
      if (number === NO_TAINTS) return WELCOME;
      return {
        repelling: taints.find((taint) => isRepelling(taint) && !tolerates(tolerations, taint)),
        disliked: taints.filter((taint) => taint.effect === "PreferNoSchedule" && !tolerates(preferring, taint)).length,
      };
    });
  },
  filter: (verdicts, nodes, candidates) => {
    for (let index = candidates.next(0); index >= 0; index = candidates.next(index + 1)) {
      if (verdicts[nodes.taintSetOf[index] ?? NO_TAINTS]?.repelling !== undefined) candidates.delete(index);
    }
  },
  explain: (verdicts, nodes, index) => {
    const taint = verdicts[nodes.taintSetOf[index] ?? NO_TAINTS]?.repelling;
    return {
      reasons: ["node(s) had untolerated taint(s)"],
      isResolvable: false,
      numbers: taint && { taint: `${taint.key}=${taint.value ?? ""}:${taint.effect}` },
    };
  },
  score: (verdicts, nodes, candidates, scores) => {
    for (let index = candidates.next(0); index >= 0; index = candidates.next(index + 1)) {
      scores[index] = verdicts[nodes.taintSetOf[index] ?? NO_TAINTS]?.disliked ?? 0;
    }
    normalizeScores(candidates, scores, true);
  },
});
