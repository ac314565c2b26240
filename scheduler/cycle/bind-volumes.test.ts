import type { PersistentVolume, PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import { ObjectStore } from "../../shared/informer/store.ts";
import { claimKeyOf, storageClassNameOf } from "../../shared/machinery/claims.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { ClusterSnapshot } from "../snapshot/cluster-snapshot.ts";
import { VolumeSnapshot } from "../snapshot/volume-snapshot.ts";
import { bindVolumes } from "./bind-volumes.ts";

const SELECTED = "volume.kubernetes.io/selected-node";
const BOUND = "pv.kubernetes.io/bind-completed";
const claim: PersistentVolumeClaim = {
  metadata: { name: "c", namespace: "ns", uid: "c", resourceVersion: "1" },
  spec: { storageClassName: "waits" },
};
const volume: PersistentVolume = {
  metadata: { name: "v", uid: "v", resourceVersion: "2" },
  spec: { storageClassName: "waits" },
};

const informerOf = <T extends KubeObject>(store: ObjectStore<T>): Informer<T> =>
  ({ lister: store }) as unknown as Informer<T>;

function setUp() {
  const clock = new ManualClock();
  const claims = new ObjectStore<PersistentVolumeClaim>();
  const volumes = new ObjectStore<PersistentVolume>({
    claim: (each) => [claimKeyOf(each)],
    "free-by-class": (each) => (each.spec.claimRef === undefined ? [storageClassNameOf(each)] : []),
  });
  claims.put(claim);
  volumes.put(volume);
  const nothing = informerOf(new ObjectStore<never>({ class: () => [] }));
  const informers = {
    claims: informerOf(claims),
    volumes: informerOf(volumes),
    classes: nothing,
    nodes: nothing,
    drivers: nothing,
    capacities: nothing,
  };
  const snapshot = new VolumeSnapshot(informers as never, new ClusterSnapshot());
  const written: KubeObject[] = [];
  let isGone = false;
  const client = {
    update: (_resource: unknown, object: KubeObject) => {
      const saved = { ...object, metadata: { ...object.metadata, resourceVersion: String(10 + written.length) } };
      written.push(saved);
      return Promise.resolve(saved);
    },
  } as unknown as ApiClient;
  const stopping = new AbortController();
  const start = (decision: Parameters<VolumeSnapshot["assume"]>[0]) => {
    const reservation = snapshot.assume(decision, "n");
    const options = { client, clock, volumes: snapshot, isGone: () => isGone, signal: stopping.signal };
    return { reservation, done: bindVolumes(options, reservation, "n") };
  };
  /** The API shows a state of the claim. */
  const show = (annotations: Record<string, string>, spec: object = {}) => {
    const metadata = { ...claim.metadata, annotations, resourceVersion: "50" };
    claims.put({ ...claim, metadata, spec: { ...claim.spec, ...spec } });
    snapshot.noteChange();
  };
  return { clock, claims, volumes, snapshot, written, start, show, stopping, leave: () => (isGone = true) };
}

it("chooses the node for a volume that is to be made, and waits until it is there", async () => {
  const world = setUp();
  let isDone = false;
  const { done } = world.start({ bindings: [], provisions: [claim] });
  const finished = done.then(() => (isDone = true));
  await world.clock.advance(5000);
  expect(world.written).toMatchObject([{ metadata: { annotations: { [SELECTED]: "n" } } }]);
  world.show({ [SELECTED]: "n" });
  await world.clock.advance(1);
  expect(isDone).toBe(false);
  world.show({ [SELECTED]: "n", [BOUND]: "yes" }, { volumeName: "v" });
  await finished;
});

it("names the claim in a volume, and keeps that volume from everybody else meanwhile", async () => {
  const world = setUp();
  const other = { ...claim, metadata: { ...claim.metadata, name: "d", uid: "d" } };
  const free = () => world.snapshot.volumesFor(other).filter(({ spec }) => spec.claimRef === undefined);
  expect(free()).toHaveLength(1);
  const { done } = world.start({ bindings: [{ claim, volume }], provisions: [] });
  expect(free()).toHaveLength(0);
  await world.clock.advance(1);
  const [saved] = world.written as PersistentVolume[];
  expect(saved?.spec.claimRef).toMatchObject({ name: "c", uid: "c" });
  if (saved !== undefined) world.volumes.put(saved);
  world.show({ [BOUND]: "yes" }, { volumeName: "v" });
  await done;
});

it.each<[string, (world: ReturnType<typeof setUp>) => void, string]>([
  ["the provisioner gave up", ({ show }) => show({}), 'provisioning failed for PVC "c"'],
  ["another node was chosen", ({ show }) => show({ [SELECTED]: "m" }), 'provisioning failed for PVC "c"'],
  [
    "the claim is gone",
    ({ claims, snapshot }) => {
      claims.remove("ns/c");
      snapshot.noteChange();
    },
    'failed to check binding: persistentvolumeclaim "c" not found',
  ],
  ["the pod is gone", ({ leave }) => leave(), "pod does not exist any more"],
  ["it takes too long", () => undefined, "context deadline exceeded"],
])("fails when %s, and the claim is as it was", async (_, happen, message) => {
  const world = setUp();
  const { done, reservation } = world.start({ bindings: [], provisions: [claim] });
  const failed = expect(done).rejects.toThrow(message);
  await world.clock.advance(10);
  world.show({ [SELECTED]: "n" });
  happen(world);
  for (let minute = 0; minute < 11; minute++) await world.clock.advance(60_000);
  await failed;
  world.snapshot.revert(reservation);
  expect(world.snapshot.claim("ns", "c")).toBe(world.claims.get("ns", "c"));
});

it("takes a volume back that was decided and not written", () => {
  const world = setUp();
  const reservation = world.snapshot.assume({ bindings: [{ claim, volume }], provisions: [claim] }, "n");
  expect(world.snapshot.claim("ns", "c")?.metadata.annotations).toEqual({ [SELECTED]: "n" });
  world.snapshot.revert(reservation);
  expect([world.snapshot.claim("ns", "c"), world.snapshot.volume("v")]).toEqual([claim, volume]);
});
