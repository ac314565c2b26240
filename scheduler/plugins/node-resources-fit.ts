import { CPU, MEMORY, type NodeColumns, PODS } from "../framework/node-columns.ts";
import { definePlugin, type Rejection, SCORE_MAX } from "../framework/plugin.ts";
import { type PodRequests, podRequests } from "../../shared/machinery/pod-requests.ts";

interface Wanted {
  readonly requests: PodRequests;
  /** Resource number and amount, of what is asked for and what nodes have a column for. */
  readonly amounts: readonly (readonly [number, number])[];
  /** Resources that no node has. */
  readonly unknown: readonly string[];
}

function prepare(requests: PodRequests, nodes: NodeColumns): Wanted {
  const amounts: [number, number][] = [];
  const unknown: string[] = [];
  for (const [resource, amount] of requests.resources) {
    if (amount <= 0 || resource === "pods") continue;
    const number = nodes.resourceNumber(resource);
    if (number === undefined) unknown.push(resource);
    else amounts.push([number, amount]);
  }
  return { requests, amounts, unknown };
}

function explain({ amounts, unknown }: Wanted, nodes: NodeColumns, index: number): Rejection {
  const reasons = unknown.map((resource) => `Insufficient ${resource}`);
  const numbers: Record<string, number> = {};
  let isResolvable = unknown.length === 0;
  if ((nodes.free[PODS]?.[index] ?? 0) < 1) {
    reasons.push("Too many pods");
    numbers["pods allocatable"] = nodes.allocatable[PODS]?.[index] ?? 0;
  }
  for (const [number, amount] of amounts) {
    const free = nodes.free[number]?.[index] ?? 0;
    const allocatable = nodes.allocatable[number]?.[index] ?? 0;
    if (amount <= free) continue;
    const resource = nodes.resourceNames[number] ?? "";
    reasons.push(`Insufficient ${resource}`);
    const name = resource === "cpu" ? "cpu (m)" : resource;
    numbers[`${name} requested`] = amount;
    numbers[`${name} free`] = free;
    numbers[`${name} allocatable`] = allocatable;
    if (amount > allocatable) isResolvable = false;
  }
  return { reasons, isResolvable, numbers };
}

/** Free share of one resource once the pod is there, 0 to `SCORE_MAX`. */
function freeShare(allocatable: number, requested: number): number {
  if (allocatable === 0 || requested > allocatable) return 0;
  return Math.floor(((allocatable - requested) * SCORE_MAX) / allocatable);
}

/** Refuses nodes without room; prefers those with the most room left (`LeastAllocated` over cpu and memory). */
export const nodeResourcesFit = definePlugin({
  name: "NodeResourcesFit",
  wakesOn: ["NodeAdded", "NodeAllocatableChanged", "AssignedPodDeleted", "AssignedPodUpdated"],
  prepare: (pod, nodes) => prepare(podRequests(pod), nodes),
  filter: ({ amounts, unknown }, nodes, candidates) => {
    if (unknown.length > 0) return candidates.clear();
    const podsFree = nodes.free[PODS];
    if (podsFree !== undefined) candidates.deleteBelow(podsFree, 1);
    for (const [number, amount] of amounts) {
      const free = nodes.free[number];
      if (free !== undefined) candidates.deleteBelow(free, amount);
    }
  },
  explain,
  score: ({ requests }, nodes, candidates, total, weight) => {
    const { nonZeroCpuMillis, nonZeroMemoryBytes } = nodes;
    const [cpu, memory] = [nodes.allocatable[CPU], nodes.allocatable[MEMORY]];
    if (cpu === undefined || memory === undefined) return;
    for (let position = 0; position < candidates.length; position++) {
      const index = candidates[position] ?? 0;
      const cpuShare = freeShare(cpu[index] ?? 0, (nonZeroCpuMillis[index] ?? 0) + requests.nonZeroCpuMillis);
      const memoryUsed = (nonZeroMemoryBytes[index] ?? 0) + requests.nonZeroMemoryBytes;
      const score = Math.floor((cpuShare + freeShare(memory[index] ?? 0, memoryUsed)) / 2);
      total[position] = (total[position] ?? 0) + weight * score;
    }
  },
});
