import type { Node, PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import type { StorageClass } from "../../shared/api/generated/storage/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { conflict, notFound } from "../../shared/errors/status-error.ts";
import { ObjectStore } from "../../shared/informer/store.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { createMetrics } from "../../shared/process/metrics.ts";
import { pods } from "../../shared/resources/catalog.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { CPU } from "../framework/node-columns.ts";
import { defaultProfile, profileWith } from "../profile.ts";
import { SchedulingQueue } from "../queue/scheduling-queue.ts";
import { createSchedulerMetrics } from "../scheduler-metrics.ts";
import { ClusterSnapshot } from "../snapshot/cluster-snapshot.ts";
import { VolumeSnapshot } from "../snapshot/volume-snapshot.ts";
import { waitingPods } from "../why.ts";
import { Scheduler } from "./scheduler.ts";

const node: Node = {
  metadata: { name: "a" },
  spec: {},
  status: { allocatable: { cpu: "1", memory: "1Gi", pods: "9" } },
};
const pod = (name: string, cpu = "1"): Pod => ({
  metadata: { name, namespace: "ns", uid: name },
  spec: { containers: [{ name: "c", resources: { requests: { cpu } } }] },
});

/** A scheduler whose bindings end as `bind` says; everything it tells the API is written down. */
function setUp(
  bind: (name: string) => Promise<void>,
  { snapshot = new ClusterSnapshot(), volumes }: { snapshot?: ClusterSnapshot; volumes?: VolumeSnapshot } = {},
) {
  const clock = new ManualClock();
  const said: string[] = [];
  const bound: string[] = [];
  const client = {
    writeSubresource: async (_resource: unknown, at: { name: string }) => {
      await bind(at.name);
      bound.push(at.name);
    },
    update: (_resource: unknown, object: { metadata: object }) =>
      Promise.resolve({ ...object, metadata: { ...object.metadata, resourceVersion: "5" } }),
    patch: (
      _resource: unknown,
      at: { name: string },
      _type: unknown,
      patch: { status: { conditions: { reason: string }[] } },
    ) => {
      said.push(`${at.name} ${patch.status.conditions[0]?.reason ?? ""}`);
      return Promise.resolve();
    },
  } as unknown as ApiClient;
  const events = {
    event: (object: { metadata: { name: string } }, _type: string, reason: string) =>
      void said.push(`${object.metadata.name} ${reason}`),
    flush: () => Promise.resolve(),
  };
  const queue = new SchedulingQueue(clock);
  const metrics = createSchedulerMetrics(createMetrics("test"), () => ({ queues: {}, cache: {} }));
  const profiles = new Map([["default-scheduler", volumes === undefined ? defaultProfile : profileWith(volumes)]]);
  const scheduler = new Scheduler({
    client,
    clock,
    logger: silentLogger,
    events,
    queue,
    snapshot,
    metrics,
    profiles,
    volumes,
  });
  const stopping = new AbortController();
  const running = scheduler.run(stopping.signal);
  return {
    clock,
    queue,
    snapshot,
    scheduler,
    said,
    bound,
    freeCpu: () => snapshot.columns.free[CPU]?.[0],
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

it("assumes a pod while it binds, so that the next one does not fit", async () => {
  const gate = Promise.withResolvers<void>();
  const world = setUp(() => gate.promise);
  world.snapshot.putNode(node);
  world.queue.put(pod("first"));
  world.queue.put(pod("second"));
  await world.clock.advance(10);
  expect(world.freeCpu()).toBe(0);
  expect(world.said).toContain("second Unschedulable");
  gate.resolve();
  await world.clock.advance(10);
  expect(world.bound).toEqual(["first"]);
  await world.stop();
});

it("takes the assumption back when binding fails, and tries again after the back-off", async () => {
  let failures = 1;
  const world = setUp(() => (failures-- > 0 ? Promise.reject(new Error("the server is away")) : Promise.resolve()));
  world.snapshot.putNode(node);
  world.queue.put(pod("p"));
  await world.clock.advance(1);
  expect(world.freeCpu()).toBe(1000);
  expect(world.said).toEqual(["p FailedScheduling", "p SchedulerError"]);
  await world.clock.advance(1000);
  expect(world.bound).toEqual(["p"]);
  await world.stop();
});

it("says nothing about a pod that another scheduler bound first", async () => {
  const world = setUp((name) => Promise.reject(conflict(pods, name, "pod is already assigned to node")));
  world.snapshot.putNode(node);
  world.queue.put(pod("p"));
  await world.clock.advance(10);
  expect(world.said).toEqual([]);
  expect(world.freeCpu()).toBe(1000);
  expect(world.queue.sizeOf("backoff")).toBe(1);
  await world.stop();
});

it("forgets a pod that is gone", async () => {
  const world = setUp((name) => Promise.reject(notFound(pods, name)));
  world.snapshot.putNode(node);
  world.queue.put(pod("p"));
  await world.clock.advance(10);
  expect(world.freeCpu()).toBe(1000);
  expect([...world.queue.entries()]).toEqual([]);
  await world.stop();
});

it("gives back what a pod took that was deleted while it was bound", async () => {
  const gate = Promise.withResolvers<void>();
  const world = setUp(() => gate.promise);
  world.snapshot.putNode(node);
  world.queue.put(pod("p"));
  await world.clock.advance(10);
  world.queue.remove(pod("p"));
  gate.resolve();
  await world.clock.advance(10);
  expect(world.freeCpu()).toBe(1000);
  await world.stop();
});

it("leaves pods alone that are being deleted", async () => {
  const world = setUp(() => Promise.resolve());
  world.snapshot.putNode(node);
  const leaving = pod("p");
  world.queue.put({ ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
  await world.clock.advance(10);
  expect(world.bound).toEqual([]);
  await world.stop();
});

it("keeps the numbers behind a refusal for those who ask why", async () => {
  const world = setUp(() => Promise.resolve());
  world.snapshot.putNode(node);
  world.queue.put(pod("p", "3"));
  await world.clock.advance(10);
  expect(waitingPods(world.queue, world.scheduler)).toEqual([
    expect.objectContaining({
      name: "p",
      queue: "unschedulable",
      attempts: 1,
      nodes: 1,
      reasons: [
        {
          plugin: "NodeResourcesFit",
          reason: "Insufficient cpu",
          nodes: 1,
          examples: [
            { node: "a", numbers: { "cpu (m) requested": 3000, "cpu (m) free": 1000, "cpu (m) allocatable": 1000 } },
          ],
        },
      ],
    }),
  ]);
  await world.stop();
});

describe("a pod whose volumes are to be made first", () => {
  const claim = {
    metadata: { name: "c", namespace: "ns", uid: "c", resourceVersion: "1" },
    spec: { storageClassName: "waits" },
  };
  const waits = {
    metadata: { name: "waits" },
    provisioner: "d.example.com",
    volumeBindingMode: "WaitForFirstConsumer",
  };
  const wanted: Pod = {
    ...pod("wanted"),
    spec: { containers: [], volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
  };

  /** The scheduler with a claim, and what the API shows of it. */
  function setUpVolumes() {
    const claims = new ObjectStore<PersistentVolumeClaim>();
    claims.put(claim);
    const empty = { lister: new ObjectStore<never>({ claim: () => [], class: () => [], "free-by-class": () => [] }) };
    const classes = new ObjectStore<StorageClass>();
    classes.put(waits);
    const informers = {
      claims: { lister: claims },
      classes: { lister: classes },
      volumes: empty,
      nodes: empty,
      drivers: empty,
      capacities: empty,
    };
    const snapshot = new ClusterSnapshot();
    const volumes = new VolumeSnapshot(informers as never, snapshot);
    const world = setUp(() => Promise.resolve(), { snapshot, volumes });
    world.snapshot.putNode(node);
    const show = (annotations: Record<string, string>, volumeName?: string): void => {
      const metadata = { ...claim.metadata, annotations, resourceVersion: "9" };
      claims.put({ ...claim, metadata, spec: { ...claim.spec, volumeName } });
      volumes.noteChange();
    };
    return { ...world, volumes, show };
  }
  const SELECTED = { "volume.kubernetes.io/selected-node": "a" };

  it("is bound when they are there, and holds nobody up until then", async () => {
    const world = setUpVolumes();
    world.queue.put(wanted);
    world.queue.put(pod("other", "100m"));
    await world.clock.advance(2000);
    expect(world.bound).toEqual(["other"]);
    world.show({ ...SELECTED, "pv.kubernetes.io/bind-completed": "yes" }, "made");
    await world.clock.advance(1000);
    expect(world.bound).toEqual(["other", "wanted"]);
    await world.stop();
  });

  it("is tried again, and counts on no node, when they cannot be made", async () => {
    const world = setUpVolumes();
    world.queue.put(wanted);
    await world.clock.advance(10);
    expect(world.snapshot.assumedCount).toBe(1);
    world.show({});
    await world.clock.advance(1);
    expect(world.snapshot.assumedCount).toBe(0);
    expect(world.said).toEqual(["wanted FailedScheduling", "wanted SchedulerError"]);
    expect(world.volumes.claim("ns", "c")?.metadata.annotations).toEqual({});
    await world.stop();
  });
});
