/**
 * The scheduler's inner loop: pods placed per second at 5000 nodes, by columns, beside a naive loop that keeps an
 * object per node and looks at all of them too. Same pods, same nodes, same rules, one run.
 */
import { NodeFinder } from "../scheduler/framework/find-node.ts";
import { ClusterSnapshot } from "../scheduler/snapshot/cluster-snapshot.ts";
import { defaultProfile } from "../scheduler/profile.ts";
import type { Node, Pod, Taint } from "../shared/api/generated/core/v1.ts";
import { milliValue, value } from "../shared/machinery/quantity.ts";
import { type Bench, report } from "./support/bench.ts";

const NODES = 5000;
const PODS = 2000;
const RUNS = 3;
const ZONES = 10;

/** A small generator of its own, so that both loops see the same cluster every time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const taint: Taint = { key: "dedicated", value: "batch", effect: "NoSchedule" };
const makeNode = (index: number): Node => ({
  metadata: {
    name: `node-${index}`,
    labels: {
      "kubernetes.io/hostname": `node-${index}`,
      zone: `zone-${index % ZONES}`,
      disk: index % 2 === 0 ? "ssd" : "hdd",
    },
  },
  spec: index % 5 === 0 ? { taints: [taint] } : {},
  status: { allocatable: { cpu: "32", memory: "128Gi", pods: "110" } },
});
const makePod = (index: number): Pod => ({
  metadata: { name: `pod-${index}`, namespace: "default", uid: `pod-${index}` },
  spec: {
    containers: [
      { name: "c", resources: { requests: { cpu: `${100 + (index % 9) * 100}m`, memory: `${128 << (index % 4)}Mi` } } },
    ],
    ...(index % 4 === 0 ? { nodeSelector: { disk: "ssd" } } : {}),
    ...(index % 7 === 0 ? { tolerations: [{ key: "dedicated", operator: "Exists" }] } : {}),
  },
});

function byColumns(nodes: readonly Node[], pods: readonly Pod[]): number {
  const snapshot = new ClusterSnapshot();
  for (const node of nodes) snapshot.putNode(node);
  const finder = new NodeFinder();
  const random = randomFrom(1);
  let placed = 0;
  const startMs = performance.now();
  for (const pod of pods) {
    const outcome = finder.find(pod, snapshot.columns, defaultProfile, random);
    if (outcome.kind !== "found") continue;
    snapshot.assume(pod, snapshot.columns.names[outcome.index] ?? "");
    placed++;
  }
  return (placed / (performance.now() - startMs)) * 1000;
}

interface NaiveNode {
  readonly node: Node;
  readonly allocatable: { cpu: number; memory: number; pods: number };
  readonly used: { cpu: number; memory: number; pods: number };
}

/** The rules that matter for these pods, each written the plain way. */
function naiveFits({ node, allocatable, used }: NaiveNode, pod: Pod, cpu: number, memory: number): boolean {
  if (node.spec?.unschedulable === true) return false;
  for (const { key, value: text, effect } of node.spec?.taints ?? []) {
    const isTolerated = (pod.spec?.tolerations ?? []).some(
      (toleration) =>
        (toleration.key === key || toleration.key === undefined) &&
        (toleration.operator === "Exists" || toleration.value === text),
    );
    if (effect !== "PreferNoSchedule" && !isTolerated) return false;
  }
  for (const [key, text] of Object.entries(pod.spec?.nodeSelector ?? {}))
    if (node.metadata.labels?.[key] !== text) return false;
  return (
    used.pods < allocatable.pods && used.cpu + cpu <= allocatable.cpu && used.memory + memory <= allocatable.memory
  );
}

function naiveScore({ allocatable, used }: NaiveNode, cpu: number, memory: number): number {
  const [cpuShare, memoryShare] = [(used.cpu + cpu) / allocatable.cpu, (used.memory + memory) / allocatable.memory];
  const least = Math.floor((Math.floor((1 - cpuShare) * 100) + Math.floor((1 - memoryShare) * 100)) / 2);
  return least + Math.floor((1 - Math.abs(cpuShare - memoryShare) / 2) * 100);
}

function naively(nodes: readonly Node[], pods: readonly Pod[]): number {
  const all: NaiveNode[] = nodes.map((node) => ({
    node,
    allocatable: { cpu: 32_000, memory: 128 * 2 ** 30, pods: 110 },
    used: { cpu: 0, memory: 0, pods: 0 },
  }));
  const random = randomFrom(1);
  let placed = 0;
  const startMs = performance.now();
  for (const pod of pods) {
    const requests = pod.spec?.containers[0]?.resources?.requests ?? {};
    const [cpu, memory] = [milliValue(requests["cpu"] ?? "0"), value(requests["memory"] ?? "0")];
    const scored = all
      .filter((node) => naiveFits(node, pod, cpu, memory))
      .map((node) => ({ node, score: naiveScore(node, cpu, memory) }));
    const best = Math.max(...scored.map(({ score }) => score));
    const equals = scored.filter(({ score }) => score === best);
    const chosen = equals[Math.floor(random() * equals.length)]?.node;
    if (chosen === undefined) continue;
    chosen.used.cpu += cpu;
    chosen.used.memory += memory;
    chosen.used.pods++;
    placed++;
  }
  return (placed / (performance.now() - startMs)) * 1000;
}

const freshPods = (): Pod[] => Array.from({ length: PODS }, (_, index) => makePod(index));

export const schedulerLoop: Bench = {
  name: "scheduler",
  measures: `pods placed a second on ${NODES} nodes, by columns beside an object for each node, best of ${RUNS}`,
  run: async () => {
    const nodes = Array.from({ length: NODES }, (_, index) => makeNode(index));
    const figures = { columns: 0, naive: 0 };
    for (let run = 0; run < RUNS; run++) {
      // New objects each run: what is remembered per pod object must be paid for.
      figures.naive = Math.max(figures.naive, naively(nodes, freshPods()));
      figures.columns = Math.max(figures.columns, byColumns(nodes, freshPods()));
    }
    report("columns beside an object for each node", figures.columns, figures.naive, "/s", "none");
  },
};
