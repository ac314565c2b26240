/** Why no node fits, in upstream's words (`FitError` of `pkg/scheduler/framework/types.go`) and in numbers. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { BitSet } from "./bit-set.ts";
import type { NodeColumns } from "./node-columns.ts";
import type { ClusterEvent, Plugin, PreparedPlugin, Rejection } from "./plugin.ts";

export interface RefusedNode {
  readonly node: string;
  readonly numbers: Readonly<Record<string, number | string>>;
}

/** One reason, with how many nodes it holds for. */
export interface ReasonCount {
  readonly plugin: string;
  readonly reason: string;
  readonly nodes: number;
  /** The first few of them. */
  readonly examples: readonly RefusedNode[];
}

export interface Diagnosis {
  readonly nodes: number;
  readonly reasons: readonly ReasonCount[];
  /** Nodes where removing pods could help. */
  readonly resolvableNodes: number;
  readonly plugins: readonly Plugin[];
  /** Set when a plugin refused the pod before it looked at nodes; the reasons hold the same text. */
  readonly refusal?: string | undefined;
}

const EXAMPLES_MAX = 10;

interface MutableReason {
  plugin: string;
  reason: string;
  nodes: number;
  examples: RefusedNode[];
}

function count(reasons: Map<string, MutableReason>, plugin: string, rejection: Rejection, node: string): void {
  for (const reason of rejection.reasons) {
    const known = reasons.get(reason) ?? { plugin, reason, nodes: 0, examples: [] };
    known.nodes++;
    if (known.examples.length < EXAMPLES_MAX) known.examples.push({ node, numbers: rejection.numbers ?? {} });
    reasons.set(reason, known);
  }
}

/** The diagnosis of a pod that could run nowhere, whatever the nodes are like. */
export function refusedEverywhere(nodes: NodeColumns, plugin: Plugin, refusal: string): Diagnosis {
  const reasons = [{ plugin: plugin.name, reason: refusal, nodes: nodes.count, examples: [] }];
  return { nodes: nodes.count, reasons, resolvableNodes: 0, plugins: [plugin], refusal };
}

/** Runs the filters once more, now asking after each which nodes it removed and why. */
export function diagnose(nodes: NodeColumns, prepared: readonly PreparedPlugin[]): Diagnosis {
  const reasons = new Map<string, MutableReason>();
  const plugins: Plugin[] = [];
  const [before, after] = [new BitSet(), new BitSet()];
  after.copyFrom(nodes.present);
  let resolvableNodes = 0;
  for (const filter of prepared) {
    if (filter.filter === undefined) continue;
    before.copyFrom(after);
    filter.filter(after);
    before.deleteAll(after);
    if (!before.isEmpty) plugins.push(filter.plugin);
    for (let index = before.next(0); index >= 0; index = before.next(index + 1)) {
      const rejection = filter.explain(index);
      if (rejection.isResolvable) resolvableNodes++;
      count(reasons, filter.plugin.name, rejection, nodes.names[index] ?? "");
    }
  }
  return { nodes: nodes.count, reasons: [...reasons.values()], resolvableNodes, plugins };
}

/** Text of a histogram as upstream writes it: sorted as text, joined with commas. */
const histogram = (counts: readonly { nodes: number; reason: string }[]): string =>
  counts
    .filter(({ nodes }) => nodes > 0)
    .map(({ nodes, reason }) => `${nodes} ${reason}`)
    .toSorted()
    .join(", ");

/** What upstream's preemption would say; we have none, so it never finds a victim. */
function preemptionText(pod: Pod, { nodes, resolvableNodes }: Diagnosis): string {
  if (pod.spec?.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
  const counts = [
    { nodes: resolvableNodes, reason: "No preemption victims found for incoming pod" },
    { nodes: nodes - resolvableNodes, reason: "Preemption is not helpful for scheduling" },
  ];
  return `0/${nodes} nodes are available: ${histogram(counts)}.`;
}

/** Message of the `FailedScheduling` event and of the `PodScheduled` condition. */
export function unschedulableMessage(pod: Pod, diagnosis: Diagnosis): string {
  if (diagnosis.nodes === 0) return "no nodes available to schedule pods";
  const why = diagnosis.refusal ?? histogram(diagnosis.reasons);
  const filters = `0/${diagnosis.nodes} nodes are available: ${why}.`;
  return `${filters} no new claims to deallocate, preemption: ${preemptionText(pod, diagnosis)}`;
}

/** Events that are worth another attempt. With no node at all, any new node is. */
export function wakingEvents(diagnosis: Diagnosis): ReadonlySet<ClusterEvent> {
  if (diagnosis.plugins.length === 0) return new Set<ClusterEvent>(["NodeAdded"]);
  return new Set(diagnosis.plugins.flatMap((plugin) => plugin.wakesOn));
}
