/** The scheduler against a whole apiserver, as a client like any other. */
import { run } from "../../scheduler/run.ts";
import type { Pod, PodSpec } from "../../shared/api/generated/core/v1.ts";
import { createApiClient } from "../../shared/client/http-client.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import type { RunningComponent } from "../../shared/process/run-component.ts";
import { events, namespaces, nodes, pods } from "../../shared/resources/catalog.ts";
import type { Draft } from "../../shared/resources/resource.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { until } from "../support/until.ts";

const NAMESPACE = "placing";

let api: TestApiServer;
const running: RunningComponent[] = [];

async function startScheduler(
  schedulerNames: readonly string[] = ["default-scheduler"],
  leaderElect = false,
): Promise<RunningComponent> {
  const access = await api.accessOf("system:kube-scheduler");
  const component = await run({
    client: createApiClient(access, { userAgent: "kube-scheduler", clock: systemClock }),
    clock: systemClock,
    logger: silentLogger,
    identity: `test-${running.length}`,
    leaderElect,
    schedulerNames,
  });
  running.push(component);
  return component;
}

async function createNode(name: string, cpu: string, count = "110"): Promise<void> {
  const node = await api.client.create(nodes, { metadata: { name } });
  const allocatable = { cpu, memory: "8Gi", pods: count };
  await api.client.updateStatus(nodes, { ...node, status: { ...node.status, allocatable, capacity: allocatable } });
  // The admission of new nodes taints them until somebody says that they are ready; nobody does here.
  await api.client.patch(nodes, { name }, "merge", { spec: { taints: null } });
}

function createPod(name: string, cpu: string, spec: Partial<PodSpec> = {}): Promise<Pod> {
  const draft: Draft<Pod> = {
    metadata: { name },
    spec: { containers: [{ name: "c", image: "none", resources: { requests: { cpu } } }], ...spec },
  };
  return api.client.create(pods, draft, { namespace: NAMESPACE });
}

const getPod = (name: string): Promise<Pod> => api.client.get(pods, { namespace: NAMESPACE, name });
const conditionOf = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === "PodScheduled");

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < items.length; start += 32) await Promise.all(items.slice(start, start + 32).map(work));
}

beforeAll(async () => {
  api = await startTestApiServer();
  await api.client.create(namespaces, { metadata: { name: NAMESPACE } });
  await until(async () => {
    const draft = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    const { status } = await api.client.raw({
      method: "POST",
      path: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(draft),
    });
    return status === 201 || status === 409;
  });
}, 30_000);

afterEach(async () => {
  await Promise.all(running.splice(0).map((component) => component.stop()));
  await api.client.deleteCollection(pods, { namespace: NAMESPACE }, { gracePeriodSeconds: 0 });
  await api.client.deleteCollection(nodes, {});
});

afterAll(() => api.stop());

it("binds 1000 pods to 100 nodes, none over its capacity", async () => {
  await inBatches(
    Array.from({ length: 100 }, (_, index) => `node-${index}`),
    (name) => createNode(name, "1"),
  );
  await startScheduler();
  await inBatches(
    Array.from({ length: 1000 }, (_, index) => `pod-${index}`),
    (name) => createPod(name, "100m"),
  );
  const taken = new Map<string, number>();
  await until(async () => {
    const { items } = await api.client.list(pods, { namespace: NAMESPACE });
    taken.clear();
    for (const { spec } of items) if (spec?.nodeName) taken.set(spec.nodeName, (taken.get(spec.nodeName) ?? 0) + 1);
    return items.length === 1000 && items.every(({ spec }) => spec?.nodeName);
  }, 60_000);
  expect([...taken.values()].every((count) => count === 10)).toBe(true);
  expect(conditionOf(await getPod("pod-0"))).toMatchObject({ status: "True" });
}, 120_000);

it("says why a pod waits, and places it when a node is added", async () => {
  await createNode("small", "1");
  await startScheduler();
  await createPod("large", "4");
  const message =
    "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
  await until(async () => {
    expect(conditionOf(await getPod("large"))).toMatchObject({ status: "False", reason: "Unschedulable", message });
  });
  await until(async () => {
    const { items } = await api.client.list(events, { namespace: NAMESPACE });
    const event = items.find(
      ({ involvedObject, reason }: Partial<(typeof items)[0]>) =>
        involvedObject?.name === "large" && reason === "FailedScheduling",
    );
    expect(event).toMatchObject({ type: "Warning", message });
  });
  await createNode("big", "8");
  await until(async () => expect((await getPod("large")).spec?.nodeName).toBe("big"));
  await until(async () => {
    const { items } = await api.client.list(events, { namespace: NAMESPACE });
    expect(items.map(({ message: text }: Partial<(typeof items)[0]>) => text)).toContain(
      `Successfully assigned ${NAMESPACE}/large to big`,
    );
  });
  expect(conditionOf(await getPod("large"))).toMatchObject({ status: "True" });
}, 60_000);

it("places a waiting pod when another one leaves", async () => {
  await createNode("only", "1");
  await startScheduler();
  await createPod("first", "1");
  await until(async () => expect((await getPod("first")).spec?.nodeName).toBe("only"));
  await createPod("second", "1");
  await until(async () => expect(conditionOf(await getPod("second"))?.reason).toBe("Unschedulable"));
  await api.client.delete(pods, { namespace: NAMESPACE, name: "first" }, { gracePeriodSeconds: 0 });
  await until(async () => expect((await getPod("second")).spec?.nodeName).toBe("only"));
}, 60_000);

it("does not count pods that have ended", async () => {
  await createNode("only", "1");
  await startScheduler();
  const first = await createPod("first", "1");
  await until(async () => expect((await getPod("first")).spec?.nodeName).toBe("only"));
  await createPod("second", "1");
  await until(async () => expect(conditionOf(await getPod("second"))?.reason).toBe("Unschedulable"));
  const at = { namespace: NAMESPACE, name: first.metadata.name };
  await api.client.patch(pods, at, "merge", { status: { phase: "Succeeded" } }, { subresource: "status" });
  await until(async () => expect((await getPod("second")).spec?.nodeName).toBe("only"));
}, 60_000);

it("leaves pods of other schedulers and gated pods alone", async () => {
  await createNode("only", "4");
  await startScheduler();
  await createPod("other", "100m", { schedulerName: "somebody-else" });
  await createPod("gated", "100m", { schedulingGates: [{ name: "example.com/wait" }] });
  await createPod("plain", "100m");
  await until(async () => expect((await getPod("plain")).spec?.nodeName).toBe("only"));
  expect((await getPod("other")).spec?.nodeName ?? "").toBe("");
  const gated = await getPod("gated");
  expect(gated.spec?.nodeName ?? "").toBe("");
  expect(conditionOf(gated)).toMatchObject({ status: "False", reason: "SchedulingGated" });
  await startScheduler(["somebody-else"]);
  await until(async () => expect((await getPod("other")).spec?.nodeName).toBe("only"));
  await api.client.patch(pods, { namespace: NAMESPACE, name: "gated" }, "merge", { spec: { schedulingGates: null } });
  await until(async () => expect((await getPod("gated")).spec?.nodeName).toBe("only"));
}, 60_000);

it("two schedulers of one name place every pod once and overfill nothing", async () => {
  await Promise.all(["a", "b"].map((name) => createNode(name, "100")));
  await Promise.all([startScheduler(), startScheduler()]);
  await inBatches(
    Array.from({ length: 100 }, (_, index) => `pod-${index}`),
    (name) => createPod(name, "100m"),
  );
  await until(async () => {
    const { items } = await api.client.list(pods, { namespace: NAMESPACE });
    return items.every(({ spec }) => spec?.nodeName);
  });
  const { items } = await api.client.list(pods, { namespace: NAMESPACE });
  expect(items.every((pod) => conditionOf(pod)?.status === "True")).toBe(true);
}, 60_000);

it("works only while it leads", async () => {
  await createNode("only", "4");
  const first = await startScheduler(["default-scheduler"], true);
  await createPod("one", "100m");
  await until(async () => expect((await getPod("one")).spec?.nodeName).toBe("only"));
  await startScheduler(["default-scheduler"], true);
  await first.stop();
  await createPod("two", "100m");
  await until(async () => expect((await getPod("two")).spec?.nodeName).toBe("only"));
}, 60_000);
