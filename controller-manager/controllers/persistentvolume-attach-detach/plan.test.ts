import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from "../../../shared/api/generated/core/v1.ts";
import type { CSIDriver, VolumeAttachment } from "../../../shared/api/generated/storage/v1.ts";
import { ObjectStore } from "../../../shared/informer/store.ts";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import { OWN_INDEXES } from "../../runtime/shared-informers.ts";
import { DetachMemory } from "./detach-memory.ts";
import { planAttachments, planWithoutNode, UNMOUNT_WAIT_MS } from "./plan.ts";
import { attachmentName } from "./wanted.ts";

const DRIVER = "d.example.com";
const UNIQUE = `kubernetes.io/csi/${DRIVER}^h`;
const READY = [{ type: "Ready", status: "True" }];
const csi = { driver: DRIVER, volumeHandle: "h" };

const volume: PersistentVolume = {
  metadata: { name: "v" },
  spec: { csi, accessModes: ["ReadWriteOnce"], claimRef: { namespace: "ns", name: "c", uid: "c" } },
};
const claim: PersistentVolumeClaim = {
  metadata: { name: "c", namespace: "ns", uid: "c", annotations: { "pv.kubernetes.io/bind-completed": "yes" } },
  spec: { volumeName: "v" },
};
const podOn = (nodeName: string, name = "p", more: Partial<Pod> = {}): Pod => ({
  metadata: { name, namespace: "ns" },
  spec: { nodeName, containers: [], volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
  ...more,
});
const node = (status: Node["status"] = { conditions: READY }, spec: Node["spec"] = {}): Node => ({
  metadata: { name: "n" },
  spec,
  status,
});
const attachment = (nodeName: string, status: VolumeAttachment["status"] = { attached: true }): VolumeAttachment => ({
  metadata: { name: attachmentName(csi, nodeName) },
  spec: { attacher: DRIVER, nodeName, source: { persistentVolumeName: "v" } },
  status,
});

interface Has {
  readonly pods?: readonly Pod[];
  readonly attachments?: readonly VolumeAttachment[];
  readonly volume?: PersistentVolume;
  readonly claim?: PersistentVolumeClaim;
  readonly drivers?: readonly CSIDriver[];
}

function worldOf({ pods = [], attachments = [], drivers = [], ...has }: Has) {
  const store = <T extends KubeObject>(resource: string, objects: readonly T[]): ObjectStore<T> => {
    const made = new ObjectStore<T>(OWN_INDEXES[resource]);
    for (const object of objects) made.put(object);
    return made;
  };
  return {
    pods: store("pods", pods),
    claims: store("persistentvolumeclaims", [has.claim ?? claim]),
    volumes: store("persistentvolumes", [has.volume ?? volume]),
    attachments: store("volumeattachments.storage.k8s.io", attachments),
    drivers: store("csidrivers", drivers),
    self: store<Node>("nodes", []),
  };
}

/** What is done, as `verb name`, and the reasons of events. */
function plan(has: Has, on: Node = node(), nowMs = 0, memory = new DetachMemory()) {
  const { actions, events = [], requeueAfterMs } = planAttachments(on, worldOf(has), nowMs, memory);
  return {
    did: actions.map((action) => {
      if (action.verb === "patch") return `report ${JSON.stringify(action.patch)}`;
      const { metadata } = action.verb === "delete" ? action.target : action.object;
      return `${action.verb} ${metadata?.name === attachmentName(csi, "n") ? "ours" : metadata?.name}`;
    }),
    told: events.map(({ reason, message, about }) => `${about?.metadata.name}: ${reason}: ${message}`),
    requeueAfterMs,
  };
}
const reportOf = (...names: readonly string[]): string =>
  `report ${JSON.stringify({ status: { volumesAttached: names.map((name) => ({ name, devicePath: "" })) } })}`;

it.each<[string, Has, string[]]>([
  ["attaches what a pod needs", { pods: [podOn("n")] }, ["create ours"]],
  [
    "attaches nothing twice",
    { pods: [podOn("n"), podOn("n", "q")], attachments: [attachment("n", { attached: false })] },
    [],
  ],
  ["attaches nothing for a pod that has ended", { pods: [podOn("n", "p", { status: { phase: "Failed" } })] }, []],
  ["attaches nothing for another node's pod", { pods: [podOn("m")] }, []],
  ["attaches nothing for a claim that is not bound", { pods: [podOn("n")], claim: { ...claim, spec: {} } }, []],
  [
    "attaches no volume that is another claim's",
    { pods: [podOn("n")], volume: { ...volume, spec: { ...volume.spec, claimRef: { uid: "x" } } } },
    [],
  ],
  [
    "attaches nothing for a driver that needs it not",
    { pods: [podOn("n")], drivers: [{ metadata: { name: DRIVER }, spec: { attachRequired: false } }] },
    [],
  ],
  [
    "attaches a shared volume a second time",
    {
      pods: [podOn("n")],
      attachments: [attachment("m")],
      volume: { ...volume, spec: { ...volume.spec, accessModes: ["ReadWriteMany"] } },
    },
    ["create ours"],
  ],
  [
    "leaves attachments of others alone",
    { attachments: [{ ...attachment("n"), metadata: { name: "mine" } }] },
    [reportOf(UNIQUE)],
  ],
])("%s", (_, has, did) => {
  expect(plan(has).did).toEqual(did);
});

it("attaches no volume of one node to a second, and says who has it", () => {
  const has = { pods: [podOn("n"), podOn("m", "holder")], attachments: [attachment("m")] };
  expect(plan(has)).toMatchObject({
    did: [],
    told: ['p: FailedAttachVolume: Multi-Attach error for volume "v" Volume is already used by pod(s) holder'],
  });
  expect(plan({ ...has, pods: [podOn("n")] }).told).toEqual([
    'p: FailedAttachVolume: Multi-Attach error for volume "v" Volume is already exclusively attached to one node and can\'t be attached to another',
  ]);
});

it("reports what is attached, once, and what is not", () => {
  const has = { pods: [podOn("n")], attachments: [attachment("n")] };
  expect(plan(has)).toMatchObject({
    did: [reportOf(UNIQUE)],
    told: ['p: SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "v" '],
  });
  const reported = node({ conditions: READY, volumesAttached: [{ name: UNIQUE, devicePath: "" }] });
  expect(plan(has, reported)).toMatchObject({ did: [], told: [] });
  const failed = attachment("n", { attached: false, attachError: { message: "no such disk" } });
  expect(plan({ ...has, attachments: [failed] }).told).toEqual([
    'p: FailedAttachVolume: AttachVolume.Attach failed for volume "v" : no such disk',
  ]);
});

describe("a volume that no pod needs any more", () => {
  const has = { attachments: [attachment("n")] };
  const using = (conditions: object[], taints: { key: string; effect: string }[] = []): Node =>
    node(
      { conditions: conditions as never, volumesInUse: [UNIQUE], volumesAttached: [{ name: UNIQUE, devicePath: "" }] },
      { taints },
    );
  it("is first taken off the node's report, then detached", () => {
    const reported = node({ conditions: READY, volumesAttached: [{ name: UNIQUE, devicePath: "" }] });
    expect(plan(has, reported).did).toEqual([reportOf(), "delete ours"]);
  });

  it("stays while the node says that it is in use", () => {
    expect(plan(has, using(READY))).toMatchObject({ did: [], requeueAfterMs: undefined });
  });

  it("is detached by force from a node that is not ready for long", () => {
    const memory = new DetachMemory();
    const down = using([{ type: "Ready", status: "Unknown" }]);
    expect(plan(has, down, 1000, memory)).toMatchObject({ did: [], requeueAfterMs: UNMOUNT_WAIT_MS });
    expect(plan(has, down, 61_000, memory)).toMatchObject({ did: [], requeueAfterMs: UNMOUNT_WAIT_MS - 60_000 });
    expect(plan(has, down, 1000 + UNMOUNT_WAIT_MS, memory).did).toContain("delete ours");
  });

  it("counts the wait anew when a pod needed it in between", () => {
    const memory = new DetachMemory();
    const down = using([{ type: "Ready", status: "Unknown" }]);
    plan(has, down, 0, memory);
    plan({ ...has, pods: [podOn("n")] }, down, 10, memory);
    expect(plan(has, down, UNMOUNT_WAIT_MS, memory)).toMatchObject({ did: [], requeueAfterMs: UNMOUNT_WAIT_MS });
  });

  it("is detached at once from a node that is out of service, or gone", () => {
    const taint = { key: "node.kubernetes.io/out-of-service", effect: "NoExecute" };
    expect(plan(has, using([], [taint])).did).toContain("delete ours");
    expect(planWithoutNode("n", worldOf(has)).actions).toMatchObject([{ verb: "delete" }]);
  });
});
