/**
 * A client that nobody here wrote: the informers of `@kubernetes/client-node` follow an hour's worth of churn
 * (a thousand pods on a node without a kubelet: created, changed, finished, deleted, recreated) and must end equal
 * to the server's list.
 */
import {
  CoreV1Api,
  type Informer,
  KubeConfig,
  makeInformer,
  type ObjectCache,
  type V1Pod,
} from "@kubernetes/client-node";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { pods } from "../../shared/resources/catalog.ts";
import type { Draft } from "../../shared/resources/resource.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { until } from "../support/until.ts";

const PODS = 1000;
const ROUNDS = 6;
const WRITERS = 16;

let server: TestApiServer;
let api: CoreV1Api;
let kubeConfig: KubeConfig;
let isOver = false;
const informers: (Informer<V1Pod> & ObjectCache<V1Pod>)[] = [];

beforeAll(async () => {
  server = await startTestApiServer();
  kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(server.kubeconfig());
  api = kubeConfig.makeApiClient(CoreV1Api);
  await until(() =>
    api.createNamespacedServiceAccount({ namespace: "default", body: { metadata: { name: "default" } } }),
  );
}, 30_000);

afterAll(async () => {
  isOver = true;
  for (const informer of informers) await informer.stop();
  await server?.stop();
}, 30_000);

function simulatedPod(index: number, round: number): Draft<Pod> {
  return {
    metadata: { name: `pod-${index}`, labels: { app: `app-${index % 10}`, round: String(round) } },
    spec: { nodeName: "simulated", automountServiceAccountToken: false, containers: [{ name: "c", image: "none" }] },
  };
}

/** Runs `work` for 0…count-1 with a bounded number at a time. */
async function forEachIndex(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: WRITERS }, worker));
}

async function startInformer(labelSelector?: string): Promise<Informer<V1Pod> & ObjectCache<V1Pod>> {
  const list = () => api.listNamespacedPod({ namespace: "default", ...(labelSelector && { labelSelector }) });
  const informer = makeInformer(kubeConfig, "/api/v1/namespaces/default/pods", list, labelSelector);
  informer.on("error", () => {
    if (!isOver) void informer.start();
  });
  informers.push(informer);
  await informer.start();
  return informer;
}

const stateOf = (list: readonly V1Pod[]): string[] =>
  list.map((pod) => `${pod.metadata?.name} ${pod.metadata?.uid} ${pod.metadata?.resourceVersion}`).sort();

describe("informers of @kubernetes/client-node", () => {
  it("end equal to the server's list after an hour of churn on a thousand pods", async () => {
    const early = await startInformer();
    const selected = await startInformer("app=app-3");
    await forEachIndex(PODS, (index) => server.client.create(pods, simulatedPod(index, 0), { namespace: "default" }));
    const late = await startInformer();
    for (let round = 1; round <= ROUNDS; round++) {
      await forEachIndex(PODS, async (index) => {
        const at = { namespace: "default", name: `pod-${index}` };
        const turn = (index + round) % 4;
        if (turn === 0) {
          await server.client.delete(pods, at, { gracePeriodSeconds: 0 });
          await server.client.create(pods, simulatedPod(index, round), { namespace: "default" });
        } else if (turn === 1) {
          await server.client.patch(pods, at, "merge", {
            metadata: { labels: { app: `app-${(index + round) % 10}` } },
          });
        } else if (turn === 2) {
          await server.client.patch(
            pods,
            at,
            "merge",
            { status: { phase: round % 2 === 0 ? "Running" : "Succeeded" } },
            { subresource: "status" },
          );
        }
      });
    }
    await forEachIndex(PODS / 2, (index) =>
      server.client.delete(pods, { namespace: "default", name: `pod-${2 * index}` }, { gracePeriodSeconds: 0 }),
    );
    const all = stateOf((await api.listNamespacedPod({ namespace: "default" })).items);
    const some = stateOf((await api.listNamespacedPod({ namespace: "default", labelSelector: "app=app-3" })).items);
    expect(all).toHaveLength(PODS / 2);
    await until(() => {
      expect(stateOf(early.list())).toEqual(all);
      expect(stateOf(late.list())).toEqual(all);
      expect(stateOf(selected.list())).toEqual(some);
    });
  }, 240_000);
});
