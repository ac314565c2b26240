import { CPU, MEMORY } from "../framework/node-columns.ts";
import { definePlugin, SCORE_MAX } from "../framework/plugin.ts";
import { podRequests } from "../../shared/machinery/pod-requests.ts";

/** Share of a resource that is taken once the pod is there. */
function takenShare(allocatable: number, free: number, amount: number): number {
  return allocatable === 0 ? 1 : Math.min(1, (allocatable - free + amount) / allocatable);
}

/** Prefers nodes where cpu and memory are used up evenly. Says nothing about pods that ask for neither. */
export const nodeResourcesBalancedAllocation = definePlugin({
  name: "NodeResourcesBalancedAllocation",
  wakesOn: [],
  prepare: (pod) => {
    const { resources } = podRequests(pod);
    const [cpu, memory] = [resources.get("cpu") ?? 0, resources.get("memory") ?? 0];
    return cpu === 0 && memory === 0 ? undefined : { cpu, memory };
  },
  score: (wanted, nodes, candidates, total, weight) => {
    const [cpu, cpuFree] = [nodes.allocatable[CPU], nodes.free[CPU]];
    const [memory, memoryFree] = [nodes.allocatable[MEMORY], nodes.free[MEMORY]];
    if (cpu === undefined || cpuFree === undefined || memory === undefined || memoryFree === undefined) return;
    for (let position = 0; position < candidates.length; position++) {
      const index = candidates[position] ?? 0;
      const cpuShare = takenShare(cpu[index] ?? 0, cpuFree[index] ?? 0, wanted.cpu);
      const memoryShare = takenShare(memory[index] ?? 0, memoryFree[index] ?? 0, wanted.memory);
      // The standard deviation of two numbers is half their distance.
      const score = Math.floor((1 - Math.abs(cpuShare - memoryShare) / 2) * SCORE_MAX);
      total[position] = (total[position] ?? 0) + weight * score;
    }
  },
});
