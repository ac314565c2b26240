/** As many pods at once as a node takes: their start, rest and end, beside the same pods made by CRI calls alone. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createCriRuntime } from "../kubelet/runtime/cri/cri-runtime.ts";
import type { ContainerRuntime } from "../kubelet/runtime/runtime.ts";
import type { PodSpec } from "../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../shared/client/api-client.ts";
import { createApiClient } from "../shared/client/http-client.ts";
import { loadKubeconfig } from "../shared/client/kubeconfig.ts";
import { systemClock } from "../shared/process/clock.ts";
import { pods } from "../shared/resources/catalog.ts";
import { startTestCluster, type TestCluster } from "../test/support/cluster.ts";
import { until } from "../test/support/until.ts";
import { type BarePod, endBarePod, POD_IMAGE, startBarePod } from "./support/bare-pods.ts";
import { type Bench, type Effort, report } from "./support/bench.ts";
import { usageOf } from "./support/usage.ts";

const COUNT = 110;
const QUICK_COUNT = 30;
/** Calls of the bare loop under way at the same time: as many as keep two processors busy. */
const IN_FLIGHT = 8;
const TIMEOUT_MS = 300_000;
const SETTLE_MS = 15_000;
const WINDOW_MS = 30_000;
/** Sleeps without a process of its own for every tenth of a second. */
const COMMAND = ["sh", "-c", "trap 'exit 0' TERM; httpd -p 8080 -h /www; sleep 1000000 & wait"];

const namespace = "default";
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const spec: PodSpec = {
  terminationGracePeriodSeconds: 1,
  containers: [
    {
      name: "main",
      image: POD_IMAGE,
      imagePullPolicy: "Never",
      command: COMMAND,
      readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 10 },
      livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 10 },
    },
  ],
};

async function inFlight<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items];
  const turn = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, turn));
  return results;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

const indexes = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Seconds to start and to end them. */
async function bare(runtime: ContainerRuntime, cluster: TestCluster, count: number): Promise<[number, number]> {
  let made: BarePod[] = [];
  const started = await seconds(async () => {
    made = await inFlight(indexes(count), (index) => startBarePod(runtime, cluster, index, COMMAND));
  });
  return [started, await seconds(() => inFlight(made, (pod) => endBarePod(runtime, pod)))];
}

async function startAll(client: ApiClient, count: number): Promise<void> {
  await Promise.all(
    indexes(count).map((index) => client.create(pods, { metadata: { name: `many-${index}` }, spec }, { namespace })),
  );
  await until(async () => {
    const { items } = await client.list(pods, { namespace });
    return items.filter(({ status }) => status?.phase === "Running").length === count;
  }, TIMEOUT_MS);
}

async function endAll(client: ApiClient, runtime: ContainerRuntime): Promise<void> {
  const { items } = await client.list(pods, { namespace });
  await Promise.all(items.map(({ metadata }) => client.delete(pods, { namespace, name: metadata.name })));
  await until(async () => (await client.list(pods, { namespace })).items.length === 0, TIMEOUT_MS);
  await until(async () => (await runtime.listPods()).size === 0, TIMEOUT_MS);
}

/** What the pods made on the machine and nobody took away: control groups, mounts, folders. */
function leftovers({ cluster }: TestCluster): string[] {
  const groups = ["memory", "cpu", ""].flatMap((tree) =>
    ["", "burstable", "besteffort"].flatMap((qos) => {
      const folder = join("/sys/fs/cgroup", tree, cluster.cgroupRoot, "kubepods", qos);
      return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("pod")) : [];
    }),
  );
  const folder = join(cluster.dataDir, "kubelet", "pods");
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return [
    ...groups,
    ...mounts.filter((line) => line.includes(`${folder}/`)),
    ...(existsSync(folder) ? readdirSync(folder) : []),
  ];
}

async function measureIdle(cluster: TestCluster, count: number): Promise<void> {
  await sleep(SETTLE_MS);
  const pid = cluster.pid("kubelet");
  const before = usageOf(pid).cpuSeconds;
  await sleep(WINDOW_MS);
  const { cpuSeconds, rssMb } = usageOf(pid);
  const percent = ((cpuSeconds - before) / (WINDOW_MS / 1000)) * 100;
  report(`kubelet at rest with ${count} pods and ${2 * count} probes, CPU`, percent, 3, "%", "≤ 1×");
  report(`kubelet at rest with ${count} pods, RSS`, rssMb, 150, "MB", "≤ 1×");
}

export const manyPods: Bench = {
  name: "many-pods",
  measures: `${COUNT} pods at once on one node, with probes: start, rest and end`,
  run: async ({ isQuick }: Effort) => {
    const count = isQuick ? QUICK_COUNT : COUNT;
    const cluster = await startTestCluster("sqlite");
    const runtime = createCriRuntime(`unix://${cluster.cluster.containerdSocket}`, systemClock);
    const client = createApiClient(loadKubeconfig(cluster.kubeconfig), { userAgent: "bench" });
    try {
      const [floorStart, floorEnd] = await bare(runtime, cluster, count);
      const pid = cluster.pid("kubelet");
      const before = usageOf(pid).cpuSeconds;
      const started = await seconds(() => startAll(client, count));
      report(`${count} pods, all Running, beside bare CRI calls`, started, floorStart, "s", "none");
      const used = usageOf(pid).cpuSeconds - before;
      report(`${count} pods, CPU of the kubelet in that time`, used, started, "s", "none");
      await measureIdle(cluster, count);
      const ended = await seconds(() => endAll(client, runtime));
      report(`${count} pods gone, beside bare CRI calls`, ended, floorEnd, "s", "none");
      const left = leftovers(cluster);
      process.stdout.write(`left behind: ${left.length === 0 ? "nothing" : left.join(", ")}\n`);
    } finally {
      runtime.close();
      await client.close();
      await cluster.remove();
    }
  },
};
