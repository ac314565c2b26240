/**
 * Scheduler plugins (upstream: `PreFilter`, `Filter`, `Score` of `kube-scheduler/framework`) as pure functions over
 * columns. What `prepare` finds out about a pod flows, with its type, into the other functions.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { BitSet } from "./bit-set.ts";
import type { NodeColumns } from "./node-columns.ts";

/** What may make a pod fit that did not fit before. */
export type ClusterEvent =
  | "NodeAdded"
  | "NodeAllocatableChanged"
  | "NodeLabelsChanged"
  | "NodeTaintsChanged"
  | "AssignedPodDeleted"
  | "AssignedPodUpdated";

/** Highest score that a plugin gives. */
export const SCORE_MAX = 100;

/** Why one node was refused. */
export interface Rejection {
  /** Upstream's texts; several when a node lacks several things. */
  readonly reasons: readonly string[];
  /** True when removing pods from the node could help. */
  readonly isResolvable: boolean;
  /** The numbers behind the reasons, by name: for people who ask why. */
  readonly numbers?: Readonly<Record<string, number | string>> | undefined;
}

export interface PluginDefinition<Prepared> {
  readonly name: string;
  /** Events after which a pod that this plugin refused is tried again. */
  readonly wakesOn: readonly ClusterEvent[];
  /** Once per pod and attempt; undefined when the plugin has nothing to say about the pod. */
  prepare(pod: Pod, nodes: NodeColumns): Prepared | undefined;
  /** Removes from `candidates` the nodes that the pod cannot run on. */
  filter?(prepared: Prepared, nodes: NodeColumns, candidates: BitSet): void;
  /** Why `filter` removed node `index`. */
  explain?(prepared: Prepared, nodes: NodeColumns, index: number): Rejection;
  /**
   * Writes 0 to `SCORE_MAX` into `scores`, at the number of every candidate.
   * False when it says the same of all, and therefore wrote nothing.
   */
  score?(prepared: Prepared, nodes: NodeColumns, candidates: Int32Array, scores: Float64Array): boolean;
}

/** A plugin that has looked at one pod. */
export interface PreparedPlugin {
  readonly plugin: Plugin;
  filter?: ((candidates: BitSet) => void) | undefined;
  explain(index: number): Rejection;
  score?: ((candidates: Int32Array, scores: Float64Array) => boolean) | undefined;
}

export interface Plugin {
  readonly name: string;
  readonly wakesOn: readonly ClusterEvent[];
  prepare(pod: Pod, nodes: NodeColumns): PreparedPlugin | undefined;
}

const UNEXPLAINED: Rejection = { reasons: [], isResolvable: false };

/** Hides the type of what is prepared: the one place where plugins of different types become alike. */
export function definePlugin<Prepared>(definition: PluginDefinition<Prepared>): Plugin {
  const { filter, explain, score } = definition;
  const plugin: Plugin = {
    name: definition.name,
    wakesOn: definition.wakesOn,
    prepare: (pod, nodes) => {
      const prepared = definition.prepare(pod, nodes);
      if (prepared === undefined) return undefined;
      return {
        plugin,
        filter: filter && ((candidates) => filter(prepared, nodes, candidates)),
        explain: (index) => explain?.(prepared, nodes, index) ?? UNEXPLAINED,
        score: score && ((candidates, scores) => score(prepared, nodes, candidates, scores)),
      };
    },
  };
  return plugin;
}

/** How one scheduler name decides: which plugins, in which order, and how much each score counts. */
export interface Profile {
  readonly plugins: readonly { readonly plugin: Plugin; readonly weight: number }[];
}

/** Stretches raw scores so that the highest becomes `SCORE_MAX` (`DefaultNormalizeScore`). False: all are zero. */
export function normalizeScores(candidates: Int32Array, scores: Float64Array, isReversed: boolean): boolean {
  let highest = 0;
  for (const index of candidates) highest = Math.max(highest, scores[index] ?? 0);
  if (highest === 0) return false;
  for (const index of candidates) {
    const share = Math.floor(((scores[index] ?? 0) * SCORE_MAX) / highest);
    scores[index] = isReversed ? SCORE_MAX - share : share;
  }
  return true;
}
