/** The real controllers against a real API (in this process, over TLS): what users see of a Deployment's life. */
import type { Deployment, ReplicaSet } from "../../shared/api/generated/apps/v1.ts";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { createLogger } from "../../shared/process/logger.ts";
import {
  configMaps,
  deployments,
  endpointSlices,
  endpoints,
  events,
  namespaces,
  nodes,
  pods,
  replicaSets,
  serviceAccounts,
  services,
} from "../../shared/resources/catalog.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import { type RunningControllerManager, run } from "../../controller-manager/run.ts";
import { DEFAULT_SETTINGS } from "../../controller-manager/settings.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";

const NAMESPACE = "default";
const PATIENCE_MS = 20_000;

const template = (image: string) => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "c", image, ports: [{ name: "http", containerPort: 80 }] }] },
});

const deploymentOf = (name: string, replicas: number, image = "web:1", namespace = NAMESPACE): Deployment => ({
  metadata: { name, namespace },
  spec: { replicas, selector: { matchLabels: { app: "web" } }, template: template(image) },
});

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

/** Plays the kubelet: every pod gets an address and becomes ready; one that is deleted ends at once. */
function playKubelet(client: ApiClient, signal: AbortSignal): Promise<void> {
  let address = 1;
  const handle = async (pod: Pod): Promise<void> => {
    const { namespace, name } = pod.metadata;
    if (pod.metadata.deletionTimestamp !== undefined) {
      await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0 });
    } else if (pod.status?.podIP === undefined) {
      address += 1;
      const podIP = `10.244.${Math.floor(address / 250)}.${(address % 250) + 1}`;
      const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: now }];
      const patch = { status: { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions } };
      await client.patch(pods, { namespace, name }, "strategic", patch, { subresource: "status" });
    }
  };
  return (async () => {
    while (!signal.aborted) {
      try {
        for await (const event of client.watch(pods, { signal })) {
          if (event.type === "ADDED" || event.type === "MODIFIED") handle(event.object).catch(() => undefined);
        }
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  })();
}

describe("the controller manager", () => {
  let api: TestApiServer;
  let manager: RunningControllerManager;
  let client: ApiClient;
  const kubelet = new AbortController();
  let kubeletEnd: Promise<void>;

  const start = async (): Promise<RunningControllerManager> =>
    run({
      access: await api.accessOf("system:kube-controller-manager"),
      settings: { ...DEFAULT_SETTINGS, rootCa: api.authority.certificate },
      clock: systemClock,
      logger: createLogger("test", process.env["LOG"] ?? "silent"),
      leaderElect: true,
      identity: `test-${Math.random()}`,
      lease: { durationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 500 },
    });

  beforeAll(async () => {
    api = await startTestApiServer();
    client = api.client;
    kubeletEnd = playKubelet(client, kubelet.signal);
    manager = await start();
  });
  afterAll(async () => {
    await manager.stop();
    kubelet.abort();
    await kubeletEnd;
    await api.stop();
  });

  const isGone = async <T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    namespace?: string,
  ): Promise<boolean> => {
    try {
      await client.get(resource, { name, ...(namespace === undefined ? {} : { namespace }) });
      return false;
    } catch (err) {
      if (isNotFound(err)) return true;
      throw err;
    }
  };
  const getDeployment = (name: string): Promise<Deployment> => client.get(deployments, { namespace: NAMESPACE, name });
  const ownPods = async (label = "app=web"): Promise<Pod[]> =>
    (await client.list(pods, { namespace: NAMESPACE, labelSelector: label })).items;
  const ownSets = async (): Promise<ReplicaSet[]> => (await client.list(replicaSets, { namespace: NAMESPACE })).items;
  const isRolledOut = async (name: string, replicas: number): Promise<Deployment | false> => {
    const deployment = await getDeployment(name);
    const { status = {}, metadata } = deployment;
    const isDone =
      (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
      (status.updatedReplicas ?? 0) === replicas &&
      (status.availableReplicas ?? 0) === replicas &&
      (status.replicas ?? 0) === replicas;
    return isDone && deployment;
  };

  it("publishes the default account and the root certificate in every namespace", async () => {
    await client.create(namespaces, { metadata: { name: "fresh" } });
    await eventually("the account", async () => client.get(serviceAccounts, { namespace: "fresh", name: "default" }));
    const map = await eventually("the certificate", () =>
      client.get(configMaps, { namespace: "fresh", name: "kube-root-ca.crt" }),
    );
    expect(map.data?.["ca.crt"]).toBe(api.authority.certificate);
    await client.delete(configMaps, { namespace: "fresh", name: "kube-root-ca.crt" });
    await eventually("the certificate again", () =>
      client.get(configMaps, { namespace: "fresh", name: "kube-root-ca.crt" }),
    );
  });

  it("turns a Deployment into a ReplicaSet and pods, and tells of it", async () => {
    await client.create(deployments, deploymentOf("web", 3));
    const deployment = await eventually("the rollout", () => isRolledOut("web", 3));
    const [replicaSet, ...others] = await ownSets();
    expect(others).toEqual([]);
    expect(replicaSet?.metadata.ownerReferences?.[0]).toMatchObject({
      kind: "Deployment",
      name: "web",
      controller: true,
      blockOwnerDeletion: true,
    });
    expect(replicaSet?.metadata.annotations).toMatchObject({
      "deployment.kubernetes.io/revision": "1",
      "deployment.kubernetes.io/desired-replicas": "3",
      "deployment.kubernetes.io/max-replicas": "4",
    });
    expect(deployment.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("1");
    const all = await ownPods();
    expect(
      all.map(({ metadata }) => metadata.name).every((name) => name.startsWith(`${replicaSet?.metadata.name}-`)),
    ).toBe(true);
    expect(all).toHaveLength(3);
    await eventually("the conditions", async () => {
      const { status } = await getDeployment("web");
      return status?.conditions?.some(
        ({ type, reason }) => type === "Progressing" && reason === "NewReplicaSetAvailable",
      );
    });
    const told = await eventually("the events", async () => {
      const { items } = await client.list(events, { namespace: NAMESPACE });
      const messages = items.map(({ reason, message }) => `${reason}: ${message}`);
      return (
        messages.filter((message) => message.startsWith("SuccessfulCreate: Created pod: web-")).length === 3 && messages
      );
    });
    expect(told).toContain(`ScalingReplicaSet: Scaled up replica set ${replicaSet?.metadata.name} from 0 to 3`);
  });

  it("heals a deleted pod, and writes nothing while nothing happens", async () => {
    const [victim] = await ownPods();
    await client.delete(pods, { namespace: NAMESPACE, name: victim?.metadata.name ?? "" });
    await eventually("three pods again", async () => {
      const all = await ownPods();
      return all.length === 3 && all.every(({ metadata }) => metadata.uid !== victim?.metadata.uid);
    });
    await eventually("the rollout", () => isRolledOut("web", 3));
    const look = () => Promise.all([getDeployment("web"), ownSets(), ownPods()]);
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const isQuiet = async (): Promise<boolean> => {
      const first = JSON.stringify(await look());
      await pause(500);
      return JSON.stringify(await look()) === first;
    };
    await eventually("half a second without a write", isQuiet);
    const before = await look();
    await pause(1000);
    expect(await look()).toEqual(before);
  });

  it("keeps the slices and the Endpoints of a Service equal to its ready pods", async () => {
    await client.create(services, {
      metadata: { name: "web", namespace: NAMESPACE },
      spec: { selector: { app: "web" }, ports: [{ port: 8080, targetPort: "http" }] },
    });
    const slice = await eventually("three endpoints", async () => {
      const { items } = await client.list(endpointSlices, {
        namespace: NAMESPACE,
        labelSelector: "kubernetes.io/service-name=web",
      });
      return items.length === 1 && items[0]?.endpoints?.length === 3 && items[0];
    });
    expect(slice.ports).toEqual([{ name: "", port: 80, protocol: "TCP" }]);
    expect(slice.endpoints?.map(({ conditions }) => conditions)).toEqual(
      Array(3).fill({ ready: true, serving: true, terminating: false }),
    );
    const addresses = await eventually("the Endpoints", async () => {
      const { subsets } = await client.get(endpoints, { namespace: NAMESPACE, name: "web" });
      return subsets?.[0]?.addresses?.length === 3 && subsets[0].addresses.map(({ ip }) => ip);
    });
    expect(addresses.toSorted()).toEqual(slice.endpoints?.flatMap((endpoint) => endpoint.addresses).toSorted());
    await client.delete(services, { namespace: NAMESPACE, name: "web" });
    await eventually(
      "no slices",
      async () =>
        (await client.list(endpointSlices, { namespace: NAMESPACE, labelSelector: "kubernetes.io/service-name=web" }))
          .items.length === 0,
    );
    await eventually("no Endpoints", () => isGone(endpoints, "web", NAMESPACE));
  });

  it("rolls over to a new template and back, with revisions", async () => {
    await client.patch(deployments, { namespace: NAMESPACE, name: "web" }, "strategic", {
      spec: { template: { spec: { containers: [{ name: "c", image: "web:2" }] } } },
    });
    await eventually("the rollout", () => isRolledOut("web", 3));
    await eventually(
      "revision 2",
      async () => (await getDeployment("web")).metadata.annotations?.["deployment.kubernetes.io/revision"] === "2",
    );
    await eventually("old pods gone", async () => {
      const all = await ownPods();
      return all.length === 3 && all.every(({ spec }) => spec.containers[0]?.image === "web:2");
    });
    expect(await ownSets()).toHaveLength(2);
    await client.patch(deployments, { namespace: NAMESPACE, name: "web" }, "strategic", {
      spec: { template: { spec: { containers: [{ name: "c", image: "web:1" }] } } },
    });
    await eventually(
      "revision 3",
      async () => (await getDeployment("web")).metadata.annotations?.["deployment.kubernetes.io/revision"] === "3",
    );
    await eventually("the rollout", () => isRolledOut("web", 3));
    const sets = await ownSets();
    expect(sets).toHaveLength(2);
    const back = sets.find(({ metadata }) => metadata.annotations?.["deployment.kubernetes.io/revision"] === "3");
    expect(back?.metadata.annotations?.["deployment.kubernetes.io/revision-history"]).toBe("1");
  });

  it("scales by the scale subresource, up to hundreds and down", async () => {
    await client.patch(deployments, { namespace: NAMESPACE, name: "web" }, "merge", { spec: { replicas: 500 } });
    await eventually("500 pods", () => isRolledOut("web", 500));
    expect(await ownPods()).toHaveLength(500);
    await client.patch(deployments, { namespace: NAMESPACE, name: "web" }, "merge", { spec: { replicas: 2 } });
    await eventually("2 pods", async () => (await ownPods()).length === 2);
    await eventually("the status", () => isRolledOut("web", 2));
  });

  it("goes on where a killed manager stopped, without a pod too many", async () => {
    await client.patch(deployments, { namespace: NAMESPACE, name: "web" }, "merge", { spec: { replicas: 100 } });
    await eventually("a part of the pods", async () => (await ownPods()).length > 10);
    await manager.stop();
    manager = await start();
    await eventually("100 pods", () => isRolledOut("web", 100));
    const sets = await ownSets();
    expect(sets.reduce((sum, { status }) => sum + (status?.replicas ?? 0), 0)).toBe(100);
    await client.patch(deployments, { namespace: NAMESPACE, name: "web" }, "merge", { spec: { replicas: 2 } });
    await eventually("2 pods", () => isRolledOut("web", 2));
  });

  it("deletes in the background what a deleted owner owned", async () => {
    await client.delete(deployments, { namespace: NAMESPACE, name: "web" }, { propagationPolicy: "Background" });
    await eventually("no ReplicaSets", async () => (await ownSets()).length === 0);
    await eventually("no pods", async () => (await ownPods()).length === 0);
  });

  it("keeps an owner that is deleted in the foreground until its dependents are gone", async () => {
    await client.create(deployments, deploymentOf("front", 2));
    await eventually("the rollout", () => isRolledOut("front", 2));
    const seen: string[] = [];
    const deleted = await client.delete(
      deployments,
      { namespace: NAMESPACE, name: "front" },
      { propagationPolicy: "Foreground" },
    );
    expect(deleted?.metadata.finalizers).toContain("foregroundDeletion");
    await eventually("the Deployment gone", async () => {
      const left = await ownSets();
      const gone = await isGone(deployments, "front", NAMESPACE);
      seen.push(`${left.length} ${gone}`);
      return gone;
    });
    expect(await ownSets()).toEqual([]);
    expect(seen.length).toBeGreaterThan(0);
  });

  it("leaves the dependents of an owner that is deleted as orphans, and adopts them again", async () => {
    await client.create(deployments, deploymentOf("web", 2));
    await eventually("the rollout", () => isRolledOut("web", 2));
    const before = await ownSets();
    await client.delete(deployments, { namespace: NAMESPACE, name: "web" }, { propagationPolicy: "Orphan" });
    await eventually("the Deployment gone", () => isGone(deployments, "web", NAMESPACE));
    const [orphan] = await ownSets();
    expect(orphan?.metadata.uid).toBe(before[0]?.metadata.uid);
    expect(orphan?.metadata.ownerReferences ?? []).toEqual([]);
    await client.create(deployments, deploymentOf("web", 2));
    await eventually("adopted", async () => {
      const all = await ownSets();
      return (
        all.length === 1 &&
        all[0]?.metadata.ownerReferences?.[0]?.name === "web" &&
        all[0].metadata.uid === orphan?.metadata.uid
      );
    });
    await eventually("the rollout", () => isRolledOut("web", 2));
  });

  it("deletes an object whose owner never was", async () => {
    const owner = {
      apiVersion: "v1",
      kind: "ConfigMap",
      name: "never-was",
      uid: "00000000-0000-0000-0000-000000000000",
    };
    await client.create(configMaps, { metadata: { name: "lost", namespace: NAMESPACE, ownerReferences: [owner] } });
    await eventually("it is gone", () => isGone(configMaps, "lost", NAMESPACE));
  });

  it("empties a deleted namespace, pods first, and lets it go", async () => {
    await client.create(namespaces, { metadata: { name: "doomed" } });
    await eventually("the account", async () => client.get(serviceAccounts, { namespace: "doomed", name: "default" }));
    await client.create(deployments, {
      ...deploymentOf("web", 5),
      metadata: { name: "web", namespace: "doomed" },
    });
    await client.create(configMaps, {
      metadata: { name: "kept", namespace: "doomed", finalizers: ["example.com/wait"] },
    });
    await eventually("pods", async () => (await client.list(pods, { namespace: "doomed" })).items.length === 5);
    await client.delete(namespaces, { name: "doomed" });
    const waiting = await eventually("the condition", async () => {
      const { status } = await client.get(namespaces, { name: "doomed" });
      return status?.conditions?.find(
        ({ type, status: is }) => type === "NamespaceFinalizersRemaining" && is === "True",
      );
    });
    expect(waiting.message).toBe(
      "Some content in the namespace has finalizers remaining: example.com/wait in 1 resource instances",
    );
    await client.patch(configMaps, { namespace: "doomed", name: "kept" }, "merge", { metadata: { finalizers: null } });
    await eventually("the namespace gone", () => isGone(namespaces, "doomed"));
    expect((await client.list(pods, { namespace: "doomed" })).items).toEqual([]);
  });

  it("gives every node a pod range of its own", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `node-${index}`);
    await Promise.all(names.map((name) => client.create(nodes, { metadata: { name } })));
    const ranges = await eventually("the ranges", async () => {
      const { items } = await client.list(nodes);
      const all = items.flatMap(({ spec }) => spec.podCIDR ?? []);
      return all.length === 20 && all;
    });
    expect(new Set(ranges).size).toBe(20);
    expect(ranges.every((range) => /^10\.244\.\d+\.0\/24$/.test(range))).toBe(true);
    await Promise.all(names.map((name) => client.delete(nodes, { name })));
  });
});
