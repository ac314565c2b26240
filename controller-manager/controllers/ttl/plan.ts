/** Large clusters ask less often. Pure. */
import type { Node } from "../../../shared/api/generated/core/v1.ts";
import type { nodes } from "../../../shared/resources/catalog.ts";
import type { Plan } from "../../runtime/plan.ts";

export type Writes = { readonly nodes: typeof nodes };

const ANNOTATION = "node.alpha.kubernetes.io/ttl";
/** Clusters of so many nodes: where two overlap, a node keeps what it has. */
const STEPS = [
  { nodesMin: 0, nodesMax: 100, seconds: 0 },
  { nodesMin: 90, nodesMax: 500, seconds: 15 },
  { nodesMin: 450, nodesMax: 1000, seconds: 30 },
  { nodesMin: 900, nodesMax: 2000, seconds: 60 },
  { nodesMin: 1800, nodesMax: 10_000, seconds: 300 },
  { nodesMin: 9000, nodesMax: Number.POSITIVE_INFINITY, seconds: 600 },
] as const;

export function planTtl(node: Node, nodeCount: number): Plan<Node, Writes> {
  const present = node.metadata.annotations?.[ANNOTATION];
  const possible = STEPS.filter(({ nodesMin, nodesMax }) => nodeCount >= nodesMin && nodeCount <= nodesMax).map(
    ({ seconds }) => String(seconds),
  );
  if (present !== undefined && possible.includes(present)) return { actions: [] };
  const patch = { metadata: { annotations: { [ANNOTATION]: possible[0] } } };
  return { actions: [{ verb: "patch", resource: "nodes", target: node, patchType: "merge", patch }] };
}
