/** A cluster that has nothing to do: memory and processor time of its component processes, without and with pods. */
import { type ChildProcess, spawn } from "node:child_process";
import { NODE_COMPONENTS } from "../cli/supervisor/component-specs.ts";
import { createApiClient } from "../shared/client/http-client.ts";
import { loadKubeconfig } from "../shared/client/kubeconfig.ts";
import { deployments } from "../shared/resources/catalog.ts";
import { startTestCluster, type TestCluster } from "../test/support/cluster.ts";
import { until } from "../test/support/until.ts";
import { type Bench, report } from "./support/bench.ts";
import { type ProcessUsage, usageOf } from "./support/usage.ts";

const SETTLE_MS = 20_000;
const WINDOW_SECONDS = 20;
const PODS = 30;
const PODS_TIMEOUT_MS = 120_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function print(name: string, { rssMb, pssMb }: ProcessUsage, cpuPercent: number): void {
  const [rss, pss] = [rssMb, pssMb].map((mb) => `${mb.toFixed(0).padStart(4)} MB`);
  process.stdout.write(`  ${name.padEnd(26)} RSS ${rss}  PSS ${pss}  CPU ${cpuPercent.toFixed(2)} %\n`);
}

/** Sums over the components, after a window in which nobody asked for anything. */
async function measure(cluster: TestCluster): Promise<{ rssMb: number; pssMb: number; cpuPercent: number }> {
  await sleep(SETTLE_MS);
  const pids = NODE_COMPONENTS.map((name) => [name, cluster.pid(name)] as const);
  const before = pids.map(([, pid]) => usageOf(pid).cpuSeconds);
  await sleep(WINDOW_SECONDS * 1000);
  const sum = { rssMb: 0, pssMb: 0, cpuPercent: 0 };
  pids.forEach(([name, pid], index) => {
    const usage = usageOf(pid);
    const cpuPercent = ((usage.cpuSeconds - (before[index] ?? 0)) / WINDOW_SECONDS) * 100;
    print(name, usage, cpuPercent);
    sum.rssMb += usage.rssMb;
    sum.pssMb += usage.pssMb;
    sum.cpuPercent += cpuPercent;
  });
  return sum;
}

/** As many node processes that do nothing at all: less is not possible. */
async function bareProcesses(): Promise<ProcessUsage> {
  const children: ChildProcess[] = NODE_COMPONENTS.map(() =>
    spawn(process.execPath, ["-e", "setInterval(() => 0, 1e9)"], { stdio: "ignore" }),
  );
  await sleep(1000);
  const usages = children.map(({ pid = 0 }) => usageOf(pid));
  for (const child of children) child.kill();
  const sum = (key: keyof ProcessUsage): number => usages.reduce((total, usage) => total + usage[key], 0);
  return { rssMb: sum("rssMb"), pssMb: sum("pssMb"), cpuSeconds: sum("cpuSeconds") };
}

async function startPods(cluster: TestCluster): Promise<void> {
  const client = createApiClient(loadKubeconfig(cluster.kubeconfig), { userAgent: "bench" });
  const labels = { app: "idle" };
  await client.create(deployments, {
    metadata: { name: "idle", namespace: "default" },
    spec: {
      replicas: PODS,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "pause", image: "kubernode.local/pause:1", imagePullPolicy: "Never" }] },
      },
    },
  });
  const isDone = async (): Promise<boolean> => {
    const { status } = await client.get(deployments, { namespace: "default", name: "idle" });
    return status?.readyReplicas === PODS;
  };
  await until(isDone, PODS_TIMEOUT_MS);
  await client.close();
}

export const idle: Bench = {
  name: "idle",
  measures: "memory and processor time of the five component processes of one node",
  run: async () => {
    const bare = await bareProcesses();
    const cluster = await startTestCluster("sqlite");
    try {
      const empty = await measure(cluster);
      report("RSS together, beside as many bare node processes", empty.rssMb, bare.rssMb, "MB", "≤ 400 MB");
      report("PSS together, beside as many bare node processes", empty.pssMb, bare.pssMb, "MB", "none");
      report("CPU of one core, beside the goal", empty.cpuPercent, 3, "%", "≤ 1×");
      await startPods(cluster);
      const full = await measure(cluster);
      report(`RSS with ${PODS} pods, beside none`, full.rssMb, empty.rssMb, "MB", "none");
      report(`CPU with ${PODS} pods, beside the goal`, full.cpuPercent, 3, "%", "≤ 1×");
    } finally {
      await cluster.remove();
    }
  },
};
