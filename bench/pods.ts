/** Pods from create to Running through the whole cluster, in turns with the same CRI calls made by hand. */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createCriRuntime } from "../kubelet/runtime/cri/cri-runtime.ts";
import type { ContainerRuntime } from "../kubelet/runtime/runtime.ts";
import type { ApiClient } from "../shared/client/api-client.ts";
import { createApiClient } from "../shared/client/http-client.ts";
import { loadKubeconfig } from "../shared/client/kubeconfig.ts";
import { systemClock } from "../shared/process/clock.ts";
import { pods } from "../shared/resources/catalog.ts";
import { startTestCluster, type TestCluster } from "../test/support/cluster.ts";
import { TOOLBOX_IMAGE } from "../test/support/images.ts";
import { type Bench, median, report } from "./support/bench.ts";

const ROUNDS = 11;
const IMAGE = TOOLBOX_IMAGE;
const COMMAND = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"];
const NAMESPACES = { network: "pod", pid: "container", ipc: "pod" } as const;
const UNCONFINED = { type: "Unconfined" } as const;

/** One sandbox with one container, started; milliseconds. */
async function byHand(runtime: ContainerRuntime, { cluster }: TestCluster, index: number): Promise<number> {
  const logDirectory = `${cluster.dataDir}/bench-logs`;
  mkdirSync(logDirectory, { recursive: true });
  const sandbox = {
    podName: `floor-${index}`,
    podNamespace: "bench",
    podUid: randomUUID(),
    attempt: 0,
    hostname: "floor",
    logDirectory,
    dns: { servers: [], searches: [], options: [] },
    portMappings: [],
    labels: {},
    annotations: {},
    cgroupParent: `${cluster.cgroupRoot}/floor`,
    sysctls: {},
    namespaces: NAMESPACES,
    isPrivileged: false,
    supplementalGroups: [],
    seccomp: UNCONFINED,
  };
  const container = {
    name: "main",
    attempt: 0,
    image: IMAGE,
    command: COMMAND,
    args: [],
    workingDir: "",
    env: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: "main.log",
    hasStdin: false,
    isStdinOnce: false,
    hasTty: false,
    resources: { cpuPeriod: 0, cpuQuota: 0, cpuShares: 0, memoryLimitBytes: 0, oomScoreAdj: 0 },
    security: {
      isPrivileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      namespaces: NAMESPACES,
      supplementalGroups: [],
      hasReadOnlyRootFilesystem: false,
      hasNoNewPrivileges: false,
      maskedPaths: [],
      readonlyPaths: [],
      seccomp: UNCONFINED,
    },
  };
  const startMs = performance.now();
  const sandboxId = await runtime.createSandbox(sandbox);
  const id = await runtime.createContainer(sandboxId, container, sandbox);
  await runtime.startContainer(id);
  const ms = performance.now() - startMs;
  await runtime.stopContainer(id, 1);
  await runtime.stopSandbox(sandboxId);
  await runtime.removeSandbox(sandboxId);
  return ms;
}

/** One pod, seen Running by a watch; it is gone when this resolves. */
async function byCluster(client: ApiClient, index: number): Promise<number> {
  const at = { namespace: "default", name: `bench-${index}` };
  const { metadata } = await client.list(pods, { namespace: at.namespace });
  const ended = new AbortController();
  const startMs = performance.now();
  let runningMs = Number.NaN;
  await client.create(pods, {
    metadata: at,
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "main", image: IMAGE, imagePullPolicy: "Never", command: COMMAND }],
    },
  });
  const watch = client.watch(pods, {
    namespace: at.namespace,
    resourceVersion: metadata.resourceVersion ?? "",
    signal: ended.signal,
  });
  for await (const { type, object } of watch) {
    if (type === "DELETED") break;
    if (type !== "MODIFIED" || object.status?.phase !== "Running" || !Number.isNaN(runningMs)) continue;
    runningMs = performance.now() - startMs;
    await client.delete(pods, at);
  }
  ended.abort();
  return runningMs;
}

export const podStart: Bench = {
  name: "pods",
  measures: `create to Running of ${ROUNDS} pods, one at a time, image present`,
  run: async () => {
    const cluster = await startTestCluster("sqlite");
    const runtime = createCriRuntime(`unix://${cluster.cluster.containerdSocket}`, systemClock);
    const client = createApiClient(loadKubeconfig(cluster.kubeconfig), { userAgent: "bench" });
    const times: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
    try {
      for (let round = 0; round <= ROUNDS; round++) {
        const [floor, ours] = [await byHand(runtime, cluster, round), await byCluster(client, round)];
        // The first round warms up.
        if (round === 0) continue;
        times.floor.push(floor);
        times.ours.push(ours);
      }
      report("median beside the same CRI calls", median(times.ours), median(times.floor), "ms", "≤ 2×");
    } finally {
      runtime.close();
      await client.close();
      await cluster.remove();
    }
  },
};
