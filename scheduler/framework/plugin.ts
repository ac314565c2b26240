/**
 * Scheduler plugins (upstream: `PreFilter`, `Filter`, `Score` of `kube-scheduler/framework`) as pure functions over
 * columns. What `prepare` finds out about a pod flows, with its type, into the other functions.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { BitSet } from "./bit-set.ts";
import type { NodeColumns } from "./node-columns.ts";
import type { VolumeDecision } from "./volume-world.ts";

/** What may make a pod fit that did not fit before. */
export type ClusterEvent =
  | "NodeAdded"
  | "NodeAllocatableChanged"
  | "NodeLabelsChanged"
  | "NodeTaintsChanged"
  | "AssignedPodDeleted"
  | "AssignedPodUpdated"
  | "PersistentVolumeClaimChanged"
  | "PersistentVolumeChanged"
  | "StorageClassChanged"
  | "CSINodeChanged"
  | "CSIDriverChanged";

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
  /** Why the pod can run on no node at all, whatever the node (upstream: a refusal in `PreFilter`). */
  refuse?(prepared: Prepared): string | undefined;
  /** Removes from `candidates` the nodes that the pod cannot run on. */
  filter?(prepared: Prepared, nodes: NodeColumns, candidates: BitSet): void;
  /** Why `filter` removed node `index`. */
  explain?(prepared: Prepared, nodes: NodeColumns, index: number): Rejection;
  /** Adds 0 to `SCORE_MAX`, times `weight`, to `total[i]` for the candidate at place `i` of the list. */
  score?(prepared: Prepared, nodes: NodeColumns, candidates: Int32Array, total: Float64Array, weight: number): void;
  /** What must be bound before the pod can be, on node `index` (upstream: `Reserve` and `PreBind`). */
  reserve?(prepared: Prepared, nodes: NodeColumns, index: number): VolumeDecision | undefined;
}

/** A plugin that has looked at one pod. */
export interface PreparedPlugin {
  readonly plugin: Plugin;
  readonly refusal?: string | undefined;
  reserve?: ((index: number) => VolumeDecision | undefined) | undefined;
  filter?: ((candidates: BitSet) => void) | undefined;
  explain(index: number): Rejection;
  score?: ((candidates: Int32Array, total: Float64Array, weight: number) => void) | undefined;
}

export interface Plugin {
  readonly name: string;
  readonly wakesOn: readonly ClusterEvent[];
  prepare(pod: Pod, nodes: NodeColumns): PreparedPlugin | undefined;
}

const UNEXPLAINED: Rejection = { reasons: [], isResolvable: false };

/** Hides the type of what is prepared: the one place where plugins of different types become alike. */
export function definePlugin<Prepared>(definition: PluginDefinition<Prepared>): Plugin {
  const { refuse, filter, explain, score, reserve } = definition;
  const plugin: Plugin = {
    name: definition.name,
    wakesOn: definition.wakesOn,
    prepare: (pod, nodes) => {
      const prepared = definition.prepare(pod, nodes);
      if (prepared === undefined) return undefined;
      return {
        plugin,
        refusal: refuse?.(prepared),
        reserve: reserve && ((index) => reserve(prepared, nodes, index)),
        filter: filter && ((candidates) => filter(prepared, nodes, candidates)),
        explain: (index) => explain?.(prepared, nodes, index) ?? UNEXPLAINED,
        score: score && ((candidates, total, weight) => score(prepared, nodes, candidates, total, weight)),
      };
    },
  };
  return plugin;
}

/** How one scheduler name decides: which plugins, in which order, and how much each score counts. */
export interface Profile {
  readonly plugins: readonly { readonly plugin: Plugin; readonly weight: number }[];
}

/** Adds raw scores stretched so that the highest becomes `SCORE_MAX` (`DefaultNormalizeScore`). */
export function addNormalized(raw: readonly number[], total: Float64Array, weight: number, isReversed: boolean): void {
  const highest = raw.reduce((left, right) => Math.max(left, right), 0);
  // All are equal: it changes nothing for anybody.
  if (highest === 0) return;
  for (const [position, score] of raw.entries()) {
    const share = Math.floor((score * SCORE_MAX) / highest);
    total[position] = (total[position] ?? 0) + weight * (isReversed ? SCORE_MAX - share : share);
  }
}
