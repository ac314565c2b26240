/** Controllers under bad conditions: two at once, a lead that changes hands, a link that stalls, a silent node. */
import { type RunningControllerManager, run } from "../../controller-manager/run.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../controller-manager/settings.ts";
import type { Deployment } from "../../shared/api/generated/apps/v1.ts";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { createLogger } from "../../shared/process/logger.ts";
import { deployments, leases, nodes, pods, replicaSets } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";

const PATIENCE_MS = 30_000;
const NAMESPACE = "default";

async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const untilMs = Date.now() + PATIENCE_MS;
  let last: unknown;
  while (Date.now() < untilMs) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (err) {
      last = err;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`did not happen: ${what}`, { cause: last });
}

const deploymentOf = (name: string, replicas: number): Deployment => ({
  metadata: { name, namespace: NAMESPACE },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "web:1" }] } },
  },
});

describe("the controller manager under bad conditions", () => {
  let api: TestApiServer;
  let client: ApiClient;
  const running = new Set<RunningControllerManager>();

  const start = async (
    parts: { identity?: string; leaderElect?: boolean; settings?: Partial<Settings> } = {},
  ): Promise<RunningControllerManager> => {
    const manager = await run({
      access: await api.accessOf("system:kube-controller-manager"),
      settings: { ...DEFAULT_SETTINGS, rootCa: undefined, ...parts.settings },
      clock: systemClock,
      logger: createLogger("test", process.env["LOG"] ?? "silent"),
      leaderElect: parts.leaderElect ?? true,
      identity: parts.identity ?? "only",
      lease: { durationMs: 4000, renewDeadlineMs: 3000, retryPeriodMs: 300 },
    });
    running.add(manager);
    return manager;
  };
  const podsOf = async (name: string): Promise<Pod[]> =>
    (await client.list(pods, { namespace: NAMESPACE, labelSelector: `app=${name}` })).items;
  const setReady = async (pod: Pod): Promise<void> => {
    const conditions = [
      { type: "Ready", status: "True", lastTransitionTime: new Date().toISOString().replace(/\.\d+Z$/, "Z") },
    ];
    await client.patch(
      pods,
      pod.metadata,
      "strategic",
      { status: { phase: "Running", conditions } },
      { subresource: "status" },
    );
  };

  beforeAll(async () => {
    api = await startTestApiServer();
    client = api.client;
  });
  afterEach(async () => {
    await Promise.all([...running].map((manager) => manager.stop()));
    running.clear();
  });
  afterAll(async () => {
    await api.stop();
  });

  it("ends with the right number of pods although two managers work at once", async () => {
    await Promise.all([start({ leaderElect: false }), start({ leaderElect: false })]);
    await client.create(deployments, deploymentOf("twice", 60));
    const settled = async (): Promise<boolean> => {
      const all = await podsOf("twice");
      return all.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length === 60;
    };
    await eventually("60 pods", settled);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await eventually("60 pods for good", settled);
    expect((await client.list(replicaSets, { namespace: NAMESPACE, labelSelector: "app=twice" })).items).toHaveLength(
      1,
    );
    await client.delete(deployments, { namespace: NAMESPACE, name: "twice" }, { propagationPolicy: "Background" });
    await eventually("no pods", async () => (await podsOf("twice")).length === 0);
  });

  it("lets one manager lead at a time, and the next at once when the first is stopped", async () => {
    const first = await start({ identity: "first" });
    const holder = async (): Promise<string | undefined> =>
      (await client.get(leases, { namespace: "kube-system", name: "kube-controller-manager" })).spec.holderIdentity;
    await eventually("the first leads", async () => (await holder()) === "first");
    await start({ identity: "second" });
    await client.create(deployments, deploymentOf("handover", 20));
    await eventually("some pods", async () => (await podsOf("handover")).length > 3);
    const stoppedAtMs = Date.now();
    await first.stop();
    running.delete(first);
    await eventually("the second leads", async () => (await holder()) === "second");
    expect(Date.now() - stoppedAtMs).toBeLessThan(4000);
    await eventually("20 pods", async () => (await podsOf("handover")).length === 20);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await podsOf("handover")).toHaveLength(20);
  });

  it("changes no pod when it is restarted again and again", async () => {
    const names = ["a", "b", "c", "d", "e"].map((letter) => `steady-${letter}`);
    let manager = await start({ identity: "start" });
    await Promise.all(names.map((name) => client.create(deployments, deploymentOf(name, 4))));
    const all = async (): Promise<Pod[]> => (await Promise.all(names.map(podsOf))).flat();
    await eventually("20 pods", async () => (await all()).length === 20);
    await Promise.all((await all()).map(setReady));
    await eventually("all available", async () => {
      const { items } = await client.list(deployments, { namespace: NAMESPACE });
      return items
        .filter(({ metadata }) => names.includes(metadata.name))
        .every(({ status }) => status?.availableReplicas === 4);
    });
    const uids = async (): Promise<Set<string>> => new Set((await all()).map(({ metadata }) => metadata.uid ?? ""));
    const before = await uids();
    for (let time = 0; time < 5; time++) {
      await manager.stop();
      running.delete(manager);
      manager = await start({ identity: `again-${time}` });
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    expect(await uids()).toEqual(before);
    expect(before.size).toBe(20);
  });

  it("marks a silent node, taints it, and drives its pods away while others are healthy", async () => {
    const lifecycle = { gracePeriodMs: 1500, startupGracePeriodMs: 1500, monitorPeriodMs: 200 };
    const beat = async (name: string): Promise<void> => {
      const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
      const conditions = [{ type: "Ready", status: "True", lastHeartbeatTime: now, lastTransitionTime: now }];
      await client.patch(nodes, { name }, "strategic", { status: { conditions } }, { subresource: "status" });
    };
    for (const name of ["alive", "silent"]) {
      await client.create(nodes, { metadata: { name } });
      await beat(name);
    }
    const toleration = {
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 2,
      key: "node.kubernetes.io/unreachable",
    };
    await client.create(pods, {
      metadata: { name: "victim", namespace: NAMESPACE, labels: { app: "victim" } },
      spec: { nodeName: "silent", tolerations: [toleration], containers: [{ name: "c", image: "web:1" }] },
    });
    const [victim] = await podsOf("victim");
    if (victim !== undefined) await setReady(victim);
    const beating = setInterval(() => void beat("alive").catch(() => undefined), 1000);
    try {
      await start({ identity: "nodes", settings: { nodeLifecycle: lifecycle } });
      const silent = await eventually("the taints", async () => {
        const node = await client.get(nodes, { name: "silent" });
        return (
          (node.spec.taints ?? []).some(
            ({ key, effect }) => key === "node.kubernetes.io/unreachable" && effect === "NoExecute",
          ) && node
        );
      });
      const condition = silent.status?.conditions?.find(({ type }) => type === "Ready");
      expect(condition).toMatchObject({
        status: "Unknown",
        reason: "NodeStatusUnknown",
        message: "Kubelet stopped posting node status.",
      });
      await eventually("the pod not ready", async () => {
        const [pod] = await podsOf("victim");
        return pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "False");
      });
      await eventually("the pod driven away", async () => {
        try {
          const pod = await client.get(pods, { namespace: NAMESPACE, name: "victim" });
          const isMarked = pod.status?.conditions?.some(
            ({ type, reason }) => type === "DisruptionTarget" && reason === "DeletionByTaintManager",
          );
          return pod.metadata.deletionTimestamp !== undefined && isMarked;
        } catch (err) {
          return isNotFound(err);
        }
      });
      expect((await client.get(nodes, { name: "alive" })).spec.taints ?? []).toEqual([]);
      await client.patch(nodes, { name: "silent" }, "merge", { metadata: { labels: { back: "1" } } });
      await beat("silent");
      await eventually("no taints", async () => {
        await beat("silent");
        return ((await client.get(nodes, { name: "silent" })).spec.taints ?? []).length === 0;
      });
    } finally {
      clearInterval(beating);
    }
  });
});
