/**
 * One attempt to find a node for one pod. All nodes are looked at: columns make that cheap, so there is no sampling
 * (upstream stops when it has found enough feasible nodes).
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { BitSet } from "./bit-set.ts";
import { type Diagnosis, diagnose, refusedEverywhere } from "./diagnosis.ts";
import type { NodeColumns } from "./node-columns.ts";
import type { PreparedPlugin, Profile } from "./plugin.ts";
import type { VolumeDecision } from "./volume-world.ts";

export type Outcome =
  | {
      readonly kind: "found";
      readonly index: number;
      readonly feasibleNodes: number;
      /** What must be bound first; nothing for most pods. */
      readonly volumes: VolumeDecision | undefined;
    }
  | { readonly kind: "unschedulable"; readonly diagnosis: Diagnosis };

interface Weighted {
  readonly prepared: PreparedPlugin;
  readonly weight: number;
}

/** Keeps its buffers between pods, so that an attempt allocates next to nothing. */
export class NodeFinder {
  readonly #candidates = new BitSet();
  #list = new Int32Array(0);
  #total = new Float64Array(0);

  /** `random` breaks ties: uniform in [0, 1). */
  find(pod: Pod, nodes: NodeColumns, profile: Profile, random: () => number): Outcome {
    const weighted: Weighted[] = [];
    for (const { plugin, weight } of profile.plugins) {
      const prepared = plugin.prepare(pod, nodes);
      if (prepared === undefined) continue;
      if (prepared.refusal !== undefined) {
        return { kind: "unschedulable", diagnosis: refusedEverywhere(nodes, plugin, prepared.refusal) };
      }
      weighted.push({ prepared, weight });
    }
    const candidates = this.#candidates;
    candidates.copyFrom(nodes.present);
    for (const { prepared } of weighted) prepared.filter?.(candidates);
    const first = candidates.next(0);
    if (first < 0) {
      return {
        kind: "unschedulable",
        diagnosis: diagnose(
          nodes,
          weighted.map(({ prepared }) => prepared),
        ),
      };
    }
    const isOnly = candidates.next(first + 1) < 0;
    const { index, feasibleNodes } = isOnly ? { index: first, feasibleNodes: 1 } : this.#best(nodes, weighted, random);
    return { kind: "found", index, feasibleNodes, volumes: reservation(weighted, index) };
  }

  #best(
    nodes: NodeColumns,
    weighted: readonly Weighted[],
    random: () => number,
  ): { readonly index: number; readonly feasibleNodes: number } {
    if (this.#list.length < nodes.capacity) {
      this.#list = new Int32Array(nodes.capacity);
      this.#total = new Float64Array(nodes.capacity);
    }
    const candidates = this.#list.subarray(0, this.#candidates.writeTo(this.#list));
    const total = this.#total.subarray(0, candidates.length).fill(0);
    for (const { prepared, weight } of weighted) prepared.score?.(candidates, total, weight);
    return { index: candidates[highest(total, random)] ?? -1, feasibleNodes: candidates.length };
  }
}

function reservation(weighted: readonly Weighted[], index: number): VolumeDecision | undefined {
  for (const { prepared } of weighted) {
    const decision = prepared.reserve?.(index);
    if (decision !== undefined) return decision;
  }
  return undefined;
}

/** Place of the highest number; among equals each has the same chance. */
function highest(total: Float64Array, random: () => number): number {
  let best = -1;
  let bestScore = Number.NEGATIVE_INFINITY;
  let equals = 0;
  for (let position = 0; position < total.length; position++) {
    const score = total[position] ?? 0;
    if (score > bestScore) {
      best = position;
      bestScore = score;
      equals = 1;
    } else if (score === bestScore && random() * ++equals < 1) {
      best = position;
    }
  }
  return best;
}
