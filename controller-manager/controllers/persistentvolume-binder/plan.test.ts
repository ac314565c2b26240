import fc from "fast-check";
import type { PersistentVolume, PersistentVolumeClaim } from "../../../shared/api/generated/core/v1.ts";
import { BIND_COMPLETED, hasAnnotation, isFullyBound } from "../../../shared/machinery/claims.ts";
import { findVolume } from "../../../shared/machinery/volume-matching.ts";
import { ClaimWorld } from "../../../test/support/claim-world.ts";

type ClaimSpec = Partial<PersistentVolumeClaim["spec"]>;
type VolumeSpec = Partial<PersistentVolume["spec"]>;

const claim = (name: string, spec: ClaimSpec = {}, size = "2Gi"): PersistentVolumeClaim => ({
  metadata: { name, namespace: "ns" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } }, storageClassName: "", ...spec },
  status: { phase: "Pending" },
});
const volume = (name: string, spec: VolumeSpec = {}, size = "2Gi"): PersistentVolume => ({
  metadata: { name },
  spec: {
    accessModes: ["ReadWriteOnce"],
    capacity: { storage: size },
    persistentVolumeReclaimPolicy: "Retain",
    ...spec,
  },
  status: { phase: "Pending" },
});
const reservedFor = (name: string): VolumeSpec => ({ claimRef: { namespace: "ns", name } });

function worldOf(claims: readonly PersistentVolumeClaim[], volumes: readonly PersistentVolume[]): ClaimWorld {
  const world = new ClaimWorld();
  for (const each of volumes) world.create("volumes", each);
  for (const each of claims) world.create("claims", each);
  return world;
}

/** Lets the controllers work until nothing changes; fails when that does not happen soon. */
function settle(world: ClaimWorld): void {
  for (let round = 0; round < 20; round++) {
    world.seeAll();
    let isChanged = false;
    for (const kind of ["claims", "volumes"] as const) {
      for (const key of [...world[kind].keys()]) {
        if (world.reconcile(kind, key)) isChanged = true;
        world.seeAll();
      }
    }
    if (!isChanged) return;
  }
  throw new Error("the plans never come to an end");
}

describe("which volume a claim gets", () => {
  it.each<[string, PersistentVolumeClaim, PersistentVolume[], string | undefined]>([
    [
      "the smallest that is large enough",
      claim("c"),
      [volume("10", {}, "10Gi"), volume("3", {}, "3Gi"), volume("1", {}, "1Gi")],
      "3",
    ],
    ["nothing when all are too small", claim("c"), [volume("1", {}, "1Gi")], undefined],
    [
      "the one with no more access modes than it needs",
      claim("c"),
      [volume("many", { accessModes: ["ReadWriteOnce", "ReadOnlyMany"] }), volume("one", {}, "9Gi")],
      "one",
    ],
    ["none that lacks a mode", claim("c", { accessModes: ["ReadWriteMany"] }), [volume("v")], undefined],
    [
      "one of its class",
      claim("c", { storageClassName: "fast" }),
      [volume("v"), volume("f", { storageClassName: "fast" })],
      "f",
    ],
    [
      "a device when it wants one",
      claim("c", { volumeMode: "Block" }),
      [volume("fs"), volume("dev", { volumeMode: "Block" })],
      "dev",
    ],
    [
      "one with its labels",
      claim("c", { selector: { matchLabels: { disk: "ssd" } } }),
      [volume("a"), { ...volume("b"), metadata: { name: "b", labels: { disk: "ssd" } } }],
      "b",
    ],
    [
      "the one that is reserved for it, though others are smaller",
      claim("c"),
      [volume("small"), volume("mine", reservedFor("c"), "9Gi")],
      "mine",
    ],
    ["none that is reserved for another", claim("c"), [volume("theirs", reservedFor("d"))], undefined],
    [
      "none that is being deleted",
      claim("c"),
      [{ ...volume("v"), metadata: { name: "v", deletionTimestamp: "2026-01-01T00:00:00Z" } }],
      undefined,
    ],
    [
      "none of another class of attributes",
      claim("c", { volumeAttributesClassName: "gold" }),
      [volume("v")],
      undefined,
    ],
  ])("is %s", (_, wanted, volumes, expected) => {
    expect(findVolume(wanted, volumes)?.metadata.name).toBe(expected);
  });
});

describe("a claim", () => {
  it("and its volume name each other, and say so", () => {
    const world = worldOf([claim("c")], [volume("v", {}, "5Gi")]);
    settle(world);
    expect(world.claim("c")).toMatchObject({
      metadata: { annotations: { [BIND_COMPLETED]: "yes", "pv.kubernetes.io/bound-by-controller": "yes" } },
      spec: { volumeName: "v" },
      status: { phase: "Bound", capacity: { storage: "5Gi" }, accessModes: ["ReadWriteOnce"] },
    });
    expect(world.volume("v")).toMatchObject({
      metadata: { annotations: { "pv.kubernetes.io/bound-by-controller": "yes" } },
      spec: {
        claimRef: { kind: "PersistentVolumeClaim", namespace: "ns", name: "c", uid: world.claim("c")?.metadata.uid },
      },
      status: { phase: "Bound" },
    });
  });

  it.each<[string, ClaimSpec, VolumeSpec, string, string]>([
    [
      "is too small",
      { volumeName: "v" },
      { capacity: { storage: "1Gi" } },
      "VolumeMismatch",
      'Cannot bind to requested volume "v": requested PV is too small',
    ],
    [
      "has another class",
      { volumeName: "v" },
      { storageClassName: "x" },
      "VolumeMismatch",
      'Cannot bind to requested volume "v": storageClassName does not match',
    ],
    [
      "has another volumeMode",
      { volumeName: "v" },
      { volumeMode: "Block" },
      "VolumeMismatch",
      'Cannot bind to requested volume "v": incompatible volumeMode',
    ],
    [
      "has other access modes",
      { volumeName: "v" },
      { accessModes: ["ReadOnlyMany"] },
      "VolumeMismatch",
      'Cannot bind to requested volume "v": incompatible accessMode',
    ],
    [
      "is reserved for another claim",
      { volumeName: "v" },
      reservedFor("d"),
      "FailedBinding",
      'volume "v" already bound to a different claim.',
    ],
  ])("waits, and says why, when the volume that it names %s", (_, claimSpec, volumeSpec, reason, message) => {
    const world = worldOf([claim("c", claimSpec)], [volume("v", volumeSpec)]);
    settle(world);
    expect(world.claim("c")?.status).toEqual({ phase: "Pending" });
    expect(world.events).toContainEqual({ type: "Warning", reason, message });
  });

  const waits = { provisioner: "d.example.com", volumeBindingMode: "WaitForFirstConsumer" };
  it.each<[string, object, string]>([
    [
      "for a volume when it has no class",
      { spec: { storageClassName: "" } },
      "Normal FailedBinding no persistent volumes available for this claim and no storage class is set",
    ],
    [
      "for its class",
      { spec: { storageClassName: "gone" } },
      'Warning ProvisioningFailed storageclass.storage.k8s.io "gone" not found',
    ],
    [
      "in vain for a provisioner of upstream's own",
      { spec: { storageClassName: "in-tree" } },
      "Warning ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner",
    ],
    [
      "for a pod where the class says so",
      { spec: { storageClassName: "waits" } },
      "Normal WaitForFirstConsumer waiting for first consumer to be created before binding",
    ],
    [
      "for the scheduler when there is a pod",
      { metadata: { name: "used" }, spec: { storageClassName: "waits" } },
      "Normal WaitForPodScheduled waiting for pod p to be scheduled",
    ],
  ])("waits %s", (_, more, event) => {
    const world = new ClaimWorld();
    for (const [name, fields] of [
      ["waits", waits],
      ["in-tree", { provisioner: "kubernetes.io/no-provisioner" }],
    ] as const) {
      world.classes.put({ metadata: { name }, ...fields });
    }
    world.pods.put({
      metadata: { name: "p", namespace: "ns" },
      spec: { containers: [], volumes: [{ name: "v", persistentVolumeClaim: { claimName: "used" } }] },
    });
    const { metadata = {}, spec = {} } = more as { metadata?: object; spec?: ClaimSpec };
    const base = claim("c", spec);
    world.create("claims", { ...base, metadata: { ...base.metadata, ...metadata } });
    settle(world);
    expect(world.events.map(({ type, reason, message }) => `${type} ${reason} ${message}`)).toContain(event);
  });

  it("orders a volume from its provisioner, once a node is chosen where that is waited for", () => {
    const world = new ClaimWorld();
    world.classes.put({ metadata: { name: "waits" }, ...waits });
    const base = claim("c", { storageClassName: "waits" });
    const annotations = { "volume.kubernetes.io/selected-node": "n" };
    world.create("claims", { ...base, metadata: { ...base.metadata, annotations } });
    settle(world);
    expect(world.claim("c")?.metadata.annotations).toEqual({
      ...annotations,
      "volume.kubernetes.io/storage-provisioner": "d.example.com",
      "volume.beta.kubernetes.io/storage-provisioner": "d.example.com",
    });
    expect(world.events[0]?.reason).toBe("ExternalProvisioning");
  });

  it("gets the default class when it said nothing about one", () => {
    const world = new ClaimWorld();
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    world.classes.put({ metadata: { name: "standard", annotations }, provisioner: "d.example.com" });
    world.create("claims", claim("silent", { storageClassName: undefined }));
    world.create("claims", claim("none"));
    settle(world);
    expect(world.claim("silent")?.spec.storageClassName).toBe("standard");
    expect(world.claim("none")?.spec.storageClassName).toBe("");
  });

  it("is lost with its volume, and found again with it", () => {
    const world = worldOf([claim("c")], [volume("v")]);
    settle(world);
    const before = world.volume("v");
    world.remove("volumes", "v");
    settle(world);
    expect(world.claim("c")?.status).toEqual({ phase: "Lost" });
    expect(world.events.at(-1)).toMatchObject({ type: "Warning", reason: "ClaimLost" });
    if (before !== undefined) world.create("volumes", before);
    settle(world);
    expect(world.claim("c")?.status?.phase).toBe("Bound");
  });
});

describe("a volume", () => {
  it("is not released because a cache has not heard of its claim", () => {
    const world = worldOf([], [volume("v")]);
    world.create("claims", claim("c"), false);
    const uid = world.claim("c")?.metadata.uid;
    world.create("volumes", {
      ...volume("made"),
      spec: { ...volume("made").spec, claimRef: { namespace: "ns", name: "c", uid } },
    });
    expect(world.reconcile("volumes", "made")).toBe(false);
    expect(world.volume("made")?.status?.phase).toBe("Pending");
  });

  it.each<[string, VolumeSpec, Record<string, string>, string, string | undefined]>([
    ["kept as it is", {}, {}, "Released", undefined],
    [
      "not wiped",
      { persistentVolumeReclaimPolicy: "Recycle" },
      {},
      "Failed",
      "No recycler plugin found for the volume!",
    ],
    [
      "left to its provisioner",
      { persistentVolumeReclaimPolicy: "Delete" },
      { "pv.kubernetes.io/provisioned-by": "d.example.com" },
      "Released",
      undefined,
    ],
    [
      "not deleted by nobody",
      { persistentVolumeReclaimPolicy: "Delete" },
      {},
      "Failed",
      'error getting deleter volume plugin for volume "v": no volume plugin matched',
    ],
  ])("is %s when its claim is gone", (_, spec, annotations, phase, message) => {
    const base = volume("v", spec);
    const world = worldOf([claim("c")], [{ ...base, metadata: { ...base.metadata, annotations } }]);
    settle(world);
    world.remove("claims", "ns/c");
    settle(world);
    expect(world.volume("v")?.status?.phase).toBe(phase);
    if (message !== undefined) expect(world.volume("v")?.status?.message).toBe(message);
  });

  it("that two claims want goes to one, and the other's is given back", () => {
    const world = worldOf([claim("a"), claim("b")], [volume("v")]);
    world.reconcile("claims", "ns/a");
    world.reconcile("claims", "ns/b");
    settle(world);
    expect(["a", "b"].map((name) => world.claim(name)?.status?.phase)).toEqual(["Bound", "Pending"]);
  });
});

it("never binds a volume to two claims, and heals every binding, whatever is broken off or seen late", () => {
  const name = fc.constantFrom("a", "b", "c");
  const kind = fc.constantFrom("claims" as const, "volumes" as const);
  const size = fc.constantFrom("1Gi", "2Gi");
  const maybe = fc.option(name, { nil: undefined });
  const step = fc.oneof(
    fc.record({ do: fc.constant("claim" as const), name, size, wanted: maybe, isSeen: fc.boolean() }),
    fc.record({ do: fc.constant("volume" as const), name, size, wanted: maybe, isSeen: fc.boolean() }),
    fc.record({ do: fc.constant("remove" as const), kind, name }),
    fc.record({ do: fc.constant("see" as const), kind, name }),
    fc.record({ do: fc.constant("reconcile" as const), kind, name, writesMax: fc.nat({ max: 3 }) }),
  );
  const keyOf = (of: "claims" | "volumes", at: string): string => (of === "claims" ? `ns/${at}` : at);
  const claims = (world: ClaimWorld) => [...world.live.claims.values()] as PersistentVolumeClaim[];
  const checkNoneIsShared = (world: ClaimWorld): void => {
    const holders = claims(world)
      .filter(isFullyBound)
      .filter(({ status }) => status?.phase === "Bound");
    const used = holders.map(({ spec }) => spec.volumeName);
    expect(new Set(used).size).toBe(used.length);
  };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new ClaimWorld();
      for (const each of steps) {
        if (each.do === "claim") {
          world.create("claims", claim(each.name, { volumeName: each.wanted }, each.size), each.isSeen);
        } else if (each.do === "volume") {
          const spec = each.wanted === undefined ? {} : reservedFor(each.wanted);
          world.create("volumes", volume(each.name, spec, each.size), each.isSeen);
        } else if (each.do === "remove") world.remove(each.kind, keyOf(each.kind, each.name));
        else if (each.do === "see") world.see(each.kind, keyOf(each.kind, each.name));
        else world.reconcile(each.kind, keyOf(each.kind, each.name), each.writesMax);
        checkNoneIsShared(world);
      }
      settle(world);
      checkNoneIsShared(world);
      for (const each of claims(world)) {
        if (!hasAnnotation(each, BIND_COMPLETED) || each.status?.phase === "Lost") continue;
        const held = world.volume(each.spec.volumeName ?? "");
        expect(held?.spec.claimRef?.uid).toBe(each.metadata.uid);
        expect([each.status?.phase, held?.status?.phase]).toEqual(["Bound", "Bound"]);
      }
      for (const { metadata, spec, status } of world.live.volumes.values() as Iterable<PersistentVolume>) {
        if (status?.phase !== "Bound") continue;
        expect(world.claim(spec.claimRef?.name ?? "")?.spec.volumeName).toBe(metadata.name);
      }
    }),
    { numRuns: 500 },
  );
});
