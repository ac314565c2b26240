/** Pods from create to Running through the whole cluster, in turns with the same CRI calls made by hand. */
import { createCriRuntime } from "../kubelet/runtime/cri/cri-runtime.ts";
import type { ContainerRuntime } from "../kubelet/runtime/runtime.ts";
import type { ApiClient } from "../shared/client/api-client.ts";
import { createApiClient } from "../shared/client/http-client.ts";
import { loadKubeconfig } from "../shared/client/kubeconfig.ts";
import { systemClock } from "../shared/process/clock.ts";
import { pods } from "../shared/resources/catalog.ts";
import { startTestCluster, type TestCluster } from "../test/support/cluster.ts";
import { endBarePod, POD_COMMAND, POD_IMAGE, startBarePod } from "./support/bare-pods.ts";
import { type Bench, median, report } from "./support/bench.ts";

const ROUNDS = 11;

/** One sandbox with one container, started; milliseconds. */
async function byHand(runtime: ContainerRuntime, cluster: TestCluster, index: number): Promise<number> {
  const startMs = performance.now();
  const pod = await startBarePod(runtime, cluster, index);
  const ms = performance.now() - startMs;
  await endBarePod(runtime, pod);
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
      containers: [{ name: "main", image: POD_IMAGE, imagePullPolicy: "Never", command: POD_COMMAND }],
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
