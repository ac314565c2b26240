import type { PersistentVolume, PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import type { StorageClass } from "../../shared/api/generated/storage/v1.ts";
import { value } from "../../shared/machinery/quantity.ts";
import { topologyKeyOf } from "../driver-name.ts";
import { isHere, type VolumeWork, workOn } from "./deleter.ts";
import { creationRequest, quantityOf, turnOf, volumeObject, whyImpossible } from "./provision-plan.ts";
import { resizingStatus, wantsToGrow } from "./resizer.ts";

const DRIVER = "d.example.com";
const FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer";
const TOLD = { "volume.kubernetes.io/storage-provisioner": DRIVER };
const onNode = (name: string) => ({ ...TOLD, "volume.kubernetes.io/selected-node": name });
const claim = (metadata: object = {}, spec: object = {}): PersistentVolumeClaim => ({
  metadata: { name: "c", namespace: "ns", uid: "u", ...metadata },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, storageClassName: "s", ...spec },
});
const storageClass = (more: Partial<StorageClass> = {}): StorageClass => ({
  metadata: { name: "s" },
  provisioner: DRIVER,
  volumeBindingMode: "WaitForFirstConsumer",
  ...more,
});

const inTopology = (name: string) => ({
  matchLabelExpressions: [{ key: topologyKeyOf(DRIVER), values: [name] }],
});

describe("whose turn it is to make a volume", () => {
  it.each<[string, PersistentVolumeClaim, StorageClass | undefined, string]>([
    ["ours when we were chosen", claim({ annotations: onNode("n") }), storageClass(), "ours"],
    ["another's when that was chosen", claim({ annotations: onNode("m") }), storageClass(), "not ours"],
    ["nobody's before a node is chosen", claim({ annotations: TOLD }), storageClass(), "not ours"],
    [
      "anybody's when none needs to be",
      claim({ annotations: TOLD }),
      storageClass({ volumeBindingMode: "Immediate" }),
      "anybody's",
    ],
    ["nobody's before the binder says so", claim(), storageClass({ volumeBindingMode: "Immediate" }), "not ours"],
    [
      "nobody's when it has a volume",
      claim({ annotations: onNode("n") }, { volumeName: "v" }),
      storageClass(),
      "not ours",
    ],
    [
      "nobody's when it is being deleted",
      claim({ annotations: onNode("n"), deletionTimestamp: "2026-01-01T00:00:00Z" }),
      storageClass(),
      "not ours",
    ],
    ["nobody's without its class", claim({ annotations: onNode("n") }), undefined, "not ours"],
    [
      "another driver's",
      claim({ annotations: onNode("n") }),
      storageClass({ provisioner: "e.example.com" }),
      "not ours",
    ],
    [
      "nobody's here when the class wants volumes elsewhere",
      claim({ annotations: TOLD }),
      storageClass({ volumeBindingMode: "Immediate", allowedTopologies: [inTopology("m")] }),
      "not ours",
    ],
    [
      "anybody's of those that the class names",
      claim({ annotations: TOLD }),
      storageClass({ volumeBindingMode: "Immediate", allowedTopologies: [inTopology("m"), inTopology("n")] }),
      "anybody's",
    ],
  ])("is %s", (_, of, by, expected) => {
    expect(turnOf(of, by, DRIVER, "n")).toBe(expected);
  });
});

it("asks the driver for what the claim says, and tells it nothing that is not for it", () => {
  const parameters = {
    type: "fast",
    "csi.storage.k8s.io/fstype": "xfs",
    "csi.storage.k8s.io/provisioner-secret-name": "x",
  };
  const here = { segments: { k: "n" } };
  expect(creationRequest(claim({}, { accessModes: ["ReadWriteOncePod"] }), storageClass({ parameters }), here)).toEqual(
    {
      name: "pvc-u",
      capacityRange: { requiredBytes: 2 ** 30, limitBytes: 0 },
      volumeCapabilities: [
        { mount: { fsType: "xfs", mountFlags: [] }, accessMode: { mode: "SINGLE_NODE_SINGLE_WRITER" } },
      ],
      parameters: { type: "fast" },
      accessibilityRequirements: { requisite: [here], preferred: [here] },
    },
  );
});

it("describes the volume, with a finalizer only where it is to be deleted", () => {
  const made = {
    volumeId: "h",
    capacityBytes: 3 * 2 ** 30,
    volumeContext: { a: "b" },
    accessibleTopology: [{ segments: { k: "n" } }],
  };
  const object = volumeObject(claim(), storageClass({ mountOptions: ["noatime"] }), DRIVER, made);
  expect(object).toMatchObject({
    metadata: { name: "pvc-u", finalizers: [FINALIZER], annotations: { "pv.kubernetes.io/provisioned-by": DRIVER } },
    spec: {
      capacity: { storage: "3Gi" },
      claimRef: { namespace: "ns", name: "c", uid: "u" },
      csi: { driver: DRIVER, volumeHandle: "h", volumeAttributes: { a: "b" } },
      mountOptions: ["noatime"],
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "k", operator: "In", values: ["n"] }] }] },
      },
    },
  });
  expect(
    volumeObject(claim(), storageClass({ reclaimPolicy: "Retain" }), DRIVER, made).metadata?.finalizers,
  ).toBeUndefined();
});

it("says which claims nobody can fulfil", () => {
  expect(whyImpossible(claim({}, { selector: {} }))).toBe("claim Selector is not supported");
  expect(whyImpossible(claim({}, { dataSource: { kind: "PersistentVolumeClaim", name: "x" } }))).toContain(
    "data sources",
  );
  expect(whyImpossible(claim({}, { resources: { requests: { storage: "100Ei" } } }))).toContain("more storage");
  expect(whyImpossible(claim())).toBeUndefined();
});

it("writes sizes that mean what was meant", () => {
  for (const bytes of [0, 1, 1023, 1024, 1025, 3 * 2 ** 20, 2 ** 30, 2 ** 40 + 1])
    expect(value(quantityOf(bytes))).toBe(bytes);
});

describe("what is done about a volume", () => {
  const PROVISIONED = { "pv.kubernetes.io/provisioned-by": DRIVER };
  const volume = (metadata: object, phase: string, policy = "Delete"): PersistentVolume => ({
    metadata: { name: "v", annotations: PROVISIONED, ...metadata },
    spec: { persistentVolumeReclaimPolicy: policy, csi: { driver: DRIVER, volumeHandle: "h" } },
    status: { phase },
  });
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  it.each<[string, PersistentVolume, VolumeWork]>([
    ["that is in use", volume({ finalizers: [FINALIZER] }, "Bound"), "nothing"],
    ["that is in use and lacks its finalizer", volume({}, "Bound"), "protect"],
    ["that is free", volume({ finalizers: [FINALIZER] }, "Released"), "delete"],
    ["that could not be deleted before", volume({ finalizers: [FINALIZER] }, "Failed"), "delete"],
    ["that was deleted but for its object", volume({ finalizers: ["x"], deletionTimestamp }, "Released"), "nothing"],
    [
      "that a user deleted while it was in use",
      volume({ finalizers: [FINALIZER], deletionTimestamp }, "Bound"),
      "nothing",
    ],
    ["that is to be kept", volume({}, "Released", "Retain"), "nothing"],
    ["that is to be kept now", volume({ finalizers: [FINALIZER] }, "Bound", "Retain"), "unprotect"],
    ["that somebody else made", volume({ annotations: {} }, "Released"), "nothing"],
  ])("%s", (_, of, expected) => {
    expect(workOn(of, DRIVER)).toBe(expected);
  });

  it("is up to the driver of its node", () => {
    const at = (name: string): PersistentVolume => ({
      ...volume({}, "Released"),
      spec: {
        csi: { driver: DRIVER, volumeHandle: "h" },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: topologyKeyOf(DRIVER), operator: "In", values: [name] }] }],
          },
        },
      },
    });
    expect([isHere(at("n"), DRIVER, "n"), isHere(at("m"), DRIVER, "n"), isHere(at("n"), "e.example.com", "n")]).toEqual(
      [true, false, false],
    );
  });
});

describe("a claim that wants to grow", () => {
  const bound = (size: string, status: object = {}): PersistentVolumeClaim => ({
    ...claim(
      { annotations: { "pv.kubernetes.io/bind-completed": "yes" } },
      { volumeName: "v", resources: { requests: { storage: size } } },
    ),
    status: { phase: "Bound", capacity: { storage: "1Gi" }, ...status },
  });
  it.each<[string, PersistentVolumeClaim, boolean]>([
    ["asks for more", bound("2Gi"), true],
    ["has what it asks for", bound("1Gi"), false],
    ["is the node's to finish", bound("2Gi", { allocatedResourceStatuses: { storage: "NodeResizePending" } }), false],
    [
      "was left in the middle",
      bound("2Gi", { allocatedResourceStatuses: { storage: "ControllerResizeInProgress" } }),
      true,
    ],
    ["is not bound", claim({}, { resources: { requests: { storage: "2Gi" } } }), false],
  ])("%s", (_, of, expected) => {
    expect(wantsToGrow(of)).toBe(expected);
  });

  it("says how far it is, and nothing of it in the end", () => {
    const other = { type: "ModifyingVolume", status: "True" };
    const before = bound("2Gi", { conditions: [other] });
    const begun = { ...before, status: resizingStatus(before, "begun", "T") };
    expect(begun.status).toMatchObject({
      allocatedResourceStatuses: { storage: "ControllerResizeInProgress" },
      conditions: [other, { type: "Resizing", status: "True" }],
      capacity: { storage: "1Gi" },
    });
    expect(resizingStatus(begun, "nodeToDo", "T")).toMatchObject({
      allocatedResourceStatuses: { storage: "NodeResizePending" },
      conditions: [other, { type: "FileSystemResizePending" }],
    });
    expect(resizingStatus(begun, "done", "T", "3Gi")).toEqual({
      phase: "Bound",
      capacity: { storage: "3Gi" },
      allocatedResources: { storage: "3Gi" },
      conditions: [other],
    });
  });
});
