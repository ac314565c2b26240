/**
 * What runs on a node goes on running, whatever happens to the programs that look after it: kill -9 of the kubelet
 * twenty times with 30 pods (R15), and of the container runtime five times (R17). Needs root.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { FOREVER, isReady, NodePods, shell } from "../support/node-pods.ts";
import { until } from "../support/until.ts";

const START_TIMEOUT_MS = 180_000;
const PODS = 30;
const KUBELET_KILLS = 20;
const RUNTIME_KILLS = 5;

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;
const names = Array.from({ length: PODS }, (_, index) => `steady-${index}`);

/** Who runs, and how often it was restarted. */
const identity = ({ metadata, status }: Pod): unknown => [
  metadata.uid,
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
    ({ name, containerID, restartCount, state }) => [name, containerID, restartCount, state?.running?.startedAt],
  ),
  status?.podIP,
  status?.startTime,
];

const identities = async (): Promise<unknown[]> =>
  Promise.all(names.map(async (name) => identity(await pods.get(name))));

const areAllReady = async (): Promise<boolean> =>
  (await Promise.all(names.map((name) => pods.get(name)))).every(isReady);

/** A main container with probes, a sidecar, or a restart in its past: all kinds, again and again. */
function makePod(index: number): Promise<Pod> {
  const probe = { exec: { command: ["true"] }, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 30 };
  const main = shell(FOREVER, index % 3 === 0 ? { livenessProbe: probe, readinessProbe: probe } : {});
  const side = shell(FOREVER, { name: "side", restartPolicy: "Always" });
  return pods.create(names[index] ?? "", {
    containers: [main],
    ...(index % 5 === 0 ? { initContainers: [side, shell("true", { name: "setup" })] } : {}),
  });
}

beforeAll(async () => {
  api = await startTestApiServer();
  node = new KubeletNode(api);
  pods = new NodePods(api, node);
  await pods.prepare();
  await node.start();
  await Promise.all(names.map((_, index) => makePod(index)));
  await until(areAllReady, START_TIMEOUT_MS / 2);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await api?.stop();
}, START_TIMEOUT_MS);

/** Fails as soon as one pod of the API is not ready; ends with the check that ran when `isOver` was set. */
async function watchReadiness(isOver: () => boolean): Promise<string[]> {
  const unready = new Set<string>();
  while (!isOver()) {
    for (const pod of await Promise.all(names.map((name) => pods.get(name)))) {
      if (!isReady(pod)) unready.add(pod.metadata.name);
    }
    await sleep(250);
  }
  return [...unready];
}

describe("30 running pods", () => {
  it("do not notice that the kubelet is killed twenty times", async () => {
    const before = await identities();
    let isOver = false;
    const watching = watchReadiness(() => isOver);
    try {
      for (let round = 0; round < KUBELET_KILLS; round++) {
        await node.killKubelet();
        await node.startKubelet();
        // At another point of its start each time: from before its first call to the middle of its work.
        await sleep(40 * round);
      }
      // It works again: what comes now is run.
      await pods.create("after", {});
      await pods.until("after", isReady, 60_000);
      await pods.end("after");
    } finally {
      isOver = true;
    }
    expect(await watching).toEqual([]);
    expect(await identities()).toEqual(before);
    expect((await node.runtime.listPods()).size).toBe(PODS);
  }, 120_000);

  it("do not notice that the container runtime is killed five times", async () => {
    const before = await identities();
    for (let round = 0; round < RUNTIME_KILLS; round++) {
      await node.killRuntime();
      await sleep(200 * round);
      await node.startRuntime();
    }
    await until(() => node.isReady());
    await until(areAllReady);
    await pods.create("after", {});
    await pods.until("after", isReady, 60_000);
    await pods.end("after");
    expect(await identities()).toEqual(before);
  }, 120_000);
});
