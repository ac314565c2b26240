import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import type { CSIStorageCapacity, StorageClass } from "../../shared/api/generated/storage/v1.ts";
import { unschedulableMessage, wakingEvents } from "../framework/diagnosis.ts";
import { NodeFinder } from "../framework/find-node.ts";
import { NodeColumns } from "../framework/node-columns.ts";
import { NO_VOLUMES, type VolumeWorld } from "../framework/volume-world.ts";
import { profileWith } from "../profile.ts";

const NODES = ["a", "b", "c"];
const ZONE = "topology.kubernetes.io/zone";
const HOST = "kubernetes.io/hostname";
const DRIVER = "d.example.com";

const columns = new NodeColumns();
for (const name of NODES) {
  const labels = { [HOST]: name, [ZONE]: name === "a" ? "east" : "west" };
  columns.put({
    metadata: { name, labels },
    spec: {},
    status: { allocatable: { cpu: "4", memory: "8Gi", pods: "9" } },
  });
}

const claim = (
  name: string,
  spec: Partial<PersistentVolumeClaim["spec"]> = {},
  more: object = {},
): PersistentVolumeClaim => ({
  metadata: { name, namespace: "ns", uid: name, ...more },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
});
const bound = (name: string, volumeName: string): PersistentVolumeClaim =>
  claim(name, { volumeName }, { annotations: { "pv.kubernetes.io/bind-completed": "yes" } });
const waiting = (name: string, more: object = {}): PersistentVolumeClaim =>
  claim(name, { storageClassName: "waits" }, more);
const volume = (name: string, on?: readonly string[], labels: Record<string, string> = {}): PersistentVolume => ({
  metadata: { name, labels },
  spec: {
    accessModes: ["ReadWriteOnce"],
    capacity: { storage: "1Gi" },
    storageClassName: "waits",
    csi: { driver: DRIVER, volumeHandle: name },
    ...(on === undefined
      ? {}
      : {
          nodeAffinity: {
            required: { nodeSelectorTerms: [{ matchExpressions: [{ key: HOST, operator: "In", values: [...on] }] }] },
          },
        }),
  },
});
const waits: StorageClass = {
  metadata: { name: "waits" },
  provisioner: DRIVER,
  volumeBindingMode: "WaitForFirstConsumer",
};
const pod = (claims: readonly string[], name = "p"): Pod => ({
  metadata: { name, namespace: "ns", uid: name },
  spec: {
    containers: [{ name: "c" }],
    volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
  },
});

interface Has {
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly storageClass?: StorageClass;
  readonly placed?: Readonly<Record<string, readonly Pod[]>>;
  readonly limit?: number;
  readonly capacities?: readonly CSIStorageCapacity[];
}

const worldOf = ({
  claims = [],
  volumes = [],
  storageClass = waits,
  placed = {},
  limit,
  capacities,
}: Has): VolumeWorld => ({
  ...NO_VOLUMES,
  claim: (_namespace, name) => claims.find(({ metadata }) => metadata.name === name),
  volume: (name) => volumes.find(({ metadata }) => metadata.name === name),
  volumesFor: () => volumes,
  storageClass: (name) => (name === storageClass.metadata.name ? storageClass : undefined),
  placedPodsOn: (name) => placed[name] ?? [],
  placedPodsUsing: (_namespace, name) =>
    Object.values(placed)
      .flat()
      .filter(({ spec }) =>
        spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === name),
      ),
  csiNode: () =>
    limit === undefined
      ? undefined
      : { metadata: { name: "x" }, spec: { drivers: [{ name: DRIVER, nodeID: "x", allocatable: { count: limit } }] } },
  csiDriver: () =>
    capacities === undefined ? undefined : { metadata: { name: DRIVER }, spec: { storageCapacity: true } },
  capacitiesOf: () => capacities ?? [],
});

function place(has: Has, wanted: Pod) {
  const outcome = new NodeFinder().find(wanted, columns, profileWith(worldOf(has)), () => 0.999);
  if (outcome.kind === "unschedulable") {
    const message = unschedulableMessage(wanted, outcome.diagnosis);
    return { message: /available: (.*)\. no new claims/u.exec(message)?.[1], diagnosis: outcome.diagnosis };
  }
  const { bindings = [], provisions = [] } = outcome.volumes ?? {};
  return {
    node: columns.names[outcome.index],
    nodes: outcome.feasibleNodes,
    bindings: bindings.map(({ claim: { metadata }, volume: { metadata: of } }) => `${metadata.name}=${of.name}`),
    provisions: provisions.map(({ metadata }) => metadata.name),
  };
}

describe("pods that can run nowhere because of their claims", () => {
  const lost = { ...bound("x", "v"), status: { phase: "Lost" } };
  const deleted = claim("x", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  it.each<[string, Has, string]>([
    ["a claim is not there", {}, 'persistentvolumeclaim "x" not found'],
    ["a claim is lost", { claims: [lost] }, 'persistentvolumeclaim "x" bound to non-existent persistentvolume "v"'],
    ["a claim is being deleted", { claims: [deleted] }, 'persistentvolumeclaim "x" is being deleted'],
    ["a claim should be bound by now", { claims: [claim("x")] }, "pod has unbound immediate PersistentVolumeClaims"],
    [
      "a claim names a volume that is not bound to it",
      { claims: [claim("x", { storageClassName: "waits", volumeName: "v" })] },
      "pod has unbound immediate PersistentVolumeClaims",
    ],
  ])("are refused when %s", (_, has, message) => {
    const outcome = place(has, pod(["x"]));
    expect(outcome).toMatchObject({ message, diagnosis: { refusal: message, resolvableNodes: 0 } });
    const { diagnosis } = outcome;
    if (diagnosis === undefined) throw new Error("unreachable");
    expect(wakingEvents(diagnosis)).toContain("PersistentVolumeClaimChanged");
  });

  it("wait for the claims of their ephemeral volumes, and take no others", () => {
    const template = { volumeClaimTemplate: { spec: {} } };
    const wanted: Pod = { ...pod([]), spec: { containers: [], volumes: [{ name: "s", ephemeral: template }] } };
    expect(place({}, wanted).message).toBe(
      'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-s"',
    );
    expect(place({ claims: [bound("p-s", "v")] }, wanted).message).toBe(
      "PVC ns/p-s was not created for pod ns/p (pod is not owner)",
    );
  });
});

describe("bound claims", () => {
  it.each<[string, PersistentVolume[], object]>([
    ["anywhere, when their volumes are everywhere", [volume("v")], { nodes: 3 }],
    ["where their volumes are", [volume("v", ["b"])], { node: "b", nodes: 1 }],
    [
      "nowhere, when no node has the volume",
      [volume("v", ["z"])],
      { message: "3 node(s) didn't match PersistentVolume's node affinity" },
    ],
    [
      "nowhere, when the volume is gone",
      [],
      { message: "3 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)" },
    ],
    ["in the zones of their volumes", [volume("v", undefined, { [ZONE]: "east__north" })], { node: "a", nodes: 1 }],
    [
      "in zones that have their old name",
      [volume("v", undefined, { "failure-domain.beta.kubernetes.io/zone": "east" })],
      { node: "a" },
    ],
    [
      "nowhere, when no node is in the zone",
      [volume("v", undefined, { [ZONE]: "south" })],
      { message: "3 node(s) had no available volume zone" },
    ],
  ])("are had %s", (_, volumes, expected) => {
    expect(place({ claims: [bound("x", "v")], volumes }, pod(["x"]))).toMatchObject(expected);
  });
});

describe("claims that wait for a pod", () => {
  const nobody = { ...waits, provisioner: "kubernetes.io/no-provisioner" };
  const inEast = { ...waits, allowedTopologies: [{ matchLabelExpressions: [{ key: ZONE, values: ["east"] }] }] };
  const selected = { annotations: { "volume.kubernetes.io/selected-node": "c" } };
  const capacity = (size: string, host: string): CSIStorageCapacity => ({
    metadata: { name: host },
    storageClassName: "waits",
    capacity: size,
    nodeTopology: { matchLabels: { [HOST]: host } },
  });
  it.each<[string, Has, object]>([
    ["are made where the pod goes", {}, { nodes: 3, bindings: [], provisions: ["x"] }],
    [
      "take a volume that is there",
      { volumes: [volume("v", ["b"])], storageClass: nobody },
      { node: "b", bindings: ["x=v"], provisions: [] },
    ],
    [
      "find none where nobody makes any",
      { storageClass: nobody },
      { message: "3 node(s) didn't find available persistent volumes to bind" },
    ],
    ["are made in the topologies of their class", { storageClass: inEast }, { node: "a", nodes: 1 }],
    [
      "stay with the node that was chosen",
      { claims: [waiting("x", selected)], volumes: [volume("v", ["b"])] },
      { node: "c", nodes: 1, provisions: ["x"] },
    ],
    [
      "go elsewhere when the node that was chosen is gone",
      { claims: [waiting("x", { annotations: { "volume.kubernetes.io/selected-node": "z" } })] },
      { nodes: 3, provisions: ["x"] },
    ],
    ["go where there is room", { capacities: [capacity("10Gi", "b"), capacity("1Mi", "a")] }, { node: "b", nodes: 1 }],
    [
      "say that there is no room",
      { capacities: [capacity("1Mi", "a")] },
      { message: "3 node(s) did not have enough free storage" },
    ],
  ])("%s", (_, has, expected) => {
    expect(place({ claims: [waiting("x")], ...has }, pod(["x"]))).toMatchObject(expected);
  });

  it("of one pod do not share a volume", () => {
    const has = { claims: [waiting("x"), waiting("y")], storageClass: nobody };
    expect(place({ ...has, volumes: [volume("v", ["b"]), volume("w", ["b", "c"])] }, pod(["x", "y"]))).toMatchObject({
      node: "b",
      bindings: ["x=v", "y=w"],
    });
    expect(place({ ...has, volumes: [volume("v", ["b"])] }, pod(["x", "y"])).message).toBe(
      "3 node(s) didn't find available persistent volumes to bind",
    );
  });
});

it("lets one pod have a claim that is for one pod", () => {
  const alone = { ...bound("x", "v"), spec: { ...bound("x", "v").spec, accessModes: ["ReadWriteOncePod"] } };
  const has = { claims: [alone], volumes: [volume("v")] };
  expect(place(has, pod(["x"])).nodes).toBe(3);
  expect(place({ ...has, placed: { a: [pod(["x"], "holder")] } }, pod(["x"]))).toMatchObject({
    message: "3 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
    diagnosis: { resolvableNodes: 3, reasons: [{ examples: [{ numbers: { "used by": "holder" } }, {}, {}] }] },
  });
});

it("counts the volumes of a driver on a node, each once", () => {
  const claims = ["x", "y", "z"].map((name) => bound(name, name));
  const has = { claims, volumes: ["x", "y", "z"].map((name) => volume(name)), limit: 2 };
  const placed = { a: [pod(["x", "y"], "q")], b: [pod(["x"], "r")] };
  expect(place({ ...has, placed }, pod(["z"])).nodes).toBe(2);
  expect(place({ ...has, placed }, pod(["x"])).nodes).toBe(3);
  expect(place({ ...has, limit: 0 }, pod(["z"]))).toMatchObject({
    message: "3 node(s) exceed max volume count",
    diagnosis: { reasons: [{ examples: [{ numbers: { driver: DRIVER, limit: 0, volumes: 1 } }, {}, {}] }] },
  });
});
