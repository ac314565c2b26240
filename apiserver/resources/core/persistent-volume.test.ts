import { rulesOf } from "../../../test/support/kind-rules.ts";
import { persistentVolumeStrategy } from "./persistent-volume.ts";

type Fields = Record<string, unknown>;

const rules = rulesOf(persistentVolumeStrategy);
const METADATA = { name: "x" };
const bare = (spec: Fields, more: Fields = {}): object => ({
  metadata: { ...METADATA, namespace: undefined },
  ...more,
  spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], ...spec },
});
const volume = (spec: Fields = {}, more: Fields = {}): object => bare({ hostPath: { path: "/srv" }, ...spec }, more);
const terms = (key: string): Fields => ({
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: "In", values: ["a"] }] }] } },
});
const csi = (more: Fields = {}): Fields => ({ csi: { driver: "d.example", volumeHandle: "h", ...more } });
const PARTITION = "must be between 1 and 255, inclusive";

describe("a volume", () => {
  it.each<[string, object]>([
    ["of a host", volume()],
    ["of one node", bare({ local: { path: "/srv" }, ...terms("kubernetes.io/hostname") })],
    ["of a driver", bare({ ...csi({ nodeStageSecretRef: {} }), volumeAttributesClassName: "gold" })],
    ["of an old network", bare({ nfs: { server: "a", path: "/" }, volumeMode: "Block", storageClassName: "slow" })],
  ])("is good %s", (_, draft) => {
    expect(rules.creation(draft)).toEqual([]);
    expect(rules.change(draft, draft)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["no way to mount it", volume({ accessModes: [] }), "spec.accessModes: Required value"],
    [
      "another way to mount it",
      volume({ accessModes: ["Sometimes"] }),
      'spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    ],
    [
      "one pod and more",
      volume({ accessModes: ["ReadWriteOncePod", "ReadOnlyMany"] }),
      "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
    ],
    ["no size", volume({ capacity: {} }), "spec.capacity: Required value"],
    [
      "a size of something else",
      volume({ capacity: { storage: "1", cpu: "1" } }),
      'spec.capacity: Unsupported value: {"storage":"1","cpu":"1"}: supported values: "storage"',
    ],
    [
      "a size of none",
      volume({ capacity: { storage: "0" } }),
      'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
    ],
    [
      "a size below none",
      volume({ capacity: { storage: "-1" } }),
      'spec.capacity[storage]: Invalid value: "-1": must be a valid resource quantity',
    ],
    [
      "another end",
      volume({ persistentVolumeReclaimPolicy: "Burn" }),
      'spec.persistentVolumeReclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Recycle", "Retain"',
    ],
    [
      "the root as its recycling",
      bare({ hostPath: { path: "/a/.." }, persistentVolumeReclaimPolicy: "Recycle" }),
      "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    ],
    [
      "no nodes",
      volume({ nodeAffinity: {} }),
      "spec.nodeAffinity.required: Required value: must specify required node constraints",
    ],
    [
      "no terms for nodes",
      volume({ nodeAffinity: { required: { nodeSelectorTerms: [] } } }),
      "spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term",
    ],
    [
      "a node's path without the node",
      bare({ local: { path: "/srv" } }),
      "spec.nodeAffinity: Required value: Local volume requires node affinity",
    ],
    ["no source", bare({}), "spec: Required value: must specify a volume type"],
    [
      "two sources",
      volume({ nfs: { server: "a", path: "/" } }),
      "spec.nfs: Forbidden: may not specify more than 1 volume type",
    ],
    [
      "two old sources",
      volume({ cephfs: { monitors: ["a"] } }),
      "spec.cephFS: Forbidden: may not specify more than 1 volume type",
    ],
    [
      "another mode",
      volume({ volumeMode: "Tape" }),
      'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
    ],
    [
      "a class that is no name",
      volume({ storageClassName: "A" }),
      expect.stringMatching(
        /^spec.storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain/u,
      ) as unknown as string,
    ],
    [
      "an empty class of attributes",
      bare({ ...csi(), volumeAttributesClassName: "" }),
      "spec.volumeAttributesClassName: Required value: an empty string is disallowed",
    ],
    [
      "attributes without a driver",
      volume({ volumeAttributesClassName: "gold" }),
      "spec.csi: Required value: has to be specified when using volumeAttributesClassName",
    ],
    ["no path", bare({ hostPath: { path: "" } }), "spec.hostPath.path: Required value"],
    [
      "a path upwards",
      bare({ local: { path: "/a/../b" } }),
      "spec.local.path: Invalid value: \"/a/../b\": must not contain '..'",
    ],
    [
      "a disk without a name",
      bare({ gcePersistentDisk: { pdName: "" } }),
      "spec.persistentDisk.pdName: Required value",
    ],
    [
      "a disk's part",
      bare({ gcePersistentDisk: { pdName: "a", partition: 256 } }),
      `spec.persistentDisk.partition: Invalid value: 256: ${PARTITION}`,
    ],
    [
      "a store without a name",
      bare({ awsElasticBlockStore: { volumeID: "" } }),
      "spec.awsElasticBlockStore.volumeID: Required value",
    ],
    [
      "endpoints nowhere",
      bare({ glusterfs: { endpoints: "a", path: "b", endpointsNamespace: "" } }),
      'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
    ],
    [
      "endpoints somewhere odd",
      bare({ glusterfs: { endpoints: "a", path: "b", endpointsNamespace: "a.b" } }),
      'spec.glusterfs.endpointsNamespace: Invalid value: "a.b": must not contain dots',
    ],
    ["a block without an image", bare({ rbd: { monitors: ["a"], image: "" } }), "spec.rbd.image: Required value"],
    ["files without monitors", bare({ cephfs: { monitors: [] } }), "spec.cephfs.monitors: Required value"],
    ["a volume without a name", bare({ cinder: { volumeID: "" } }), "spec.cinder.volumeID: Required value"],
    [
      "a secret in no namespace",
      bare({ cinder: { volumeID: "a", secretRef: { name: "b" } } }),
      "spec.cinder.secretRef.namespace: Required value",
    ],
    [
      "another unit",
      bare({ iscsi: { targetPortal: "a", iqn: "abc", lun: 1 } }),
      'spec.iscsi.iqn: Invalid value: "abc": must be valid format',
    ],
    [
      "a unit with a long name",
      bare(
        {
          iscsi: {
            targetPortal: "p".repeat(64),
            iqn: "iqn.2001-04.com.example:a",
            lun: 1,
            initiatorName: "iqn.2001-04.com.example:b",
          },
        },
        {},
      ),
      `spec.iscsi.targetportal: Invalid value: "${"p".repeat(64)}": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.`,
    ],
    [
      "a channel to nowhere",
      bare({ fc: {} }),
      "spec.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both",
    ],
    ["a plugin without a driver", bare({ flexVolume: { driver: "" } }), "spec.flexVolume.driver: Required value"],
    [
      "a share in no namespace",
      bare({ azureFile: { secretName: "a", shareName: "b", secretNamespace: "" } }),
      "spec.azureFile.secretNamespace: Required value",
    ],
    [
      "a disk of another kind",
      bare({ azureDisk: { diskName: "a", diskURI: "https://b", kind: "Round" } }),
      'spec.azureDisk.kind: Unsupported value: "Round": supported values: "Dedicated", "Managed", "Shared"',
    ],
    ["a path of nothing", bare({ vsphereVolume: { volumePath: "" } }), "spec.vsphereVolume.volumePath: Required value"],
    ["a disk of light", bare({ photonPersistentDisk: { pdID: "" } }), "spec.photonPersistentDisk.pdID: Required value"],
    ["a worthless port", bare({ portworxVolume: { volumeID: "" } }), "spec.portworxVolume.volumeID: Required value"],
    [
      "a gateway to nowhere",
      bare({ scaleIO: { gateway: "", system: "a", volumeName: "b", secretRef: {} } }),
      "spec.scaleIO.gateway: Required value",
    ],
    [
      "a volume with dots",
      bare({ storageos: { volumeName: "a.b" } }),
      'spec.storageos.volumeName: Invalid value: "a.b": must not contain dots',
    ],
    ["a driver without a name", bare(csi({ driver: "" })), "spec.csi.driver: Required value"],
    ["a driver without a handle", bare(csi({ volumeHandle: "" })), "spec.csi.volumeHandle: Required value"],
    [
      "a driver's secret without a name",
      bare(csi({ nodePublishSecretRef: { namespace: "a" } })),
      "spec.csi.nodePublishSecretRef.name: Required value",
    ],
    [
      "a driver's secret in dots",
      bare(csi({ controllerExpandSecretRef: { name: "a", namespace: "b.c" } })),
      'spec.csi.controllerExpandSecretRef.namespace: Invalid value: "b.c": must not contain dots',
    ],
  ])("does not take %s", (_, draft, problem) => {
    expect(rules.creation(draft)).toContainEqual(problem);
  });

  const change = (before: Fields, after: Fields): string[] => rules.change(bare(before), bare(after));

  it("keeps its source, but for a secret that comes later", () => {
    expect(change({ hostPath: { path: "/a" } }, { hostPath: { path: "/b" } })).toEqual([
      expect.stringMatching(
        /^spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n@@/u,
      ),
    ]);
    const secret = { controllerExpandSecretRef: { name: "a", namespace: "b" } };
    expect(change(csi(), csi(secret))).toEqual([]);
    expect(change(csi(secret), csi())).toHaveLength(1);
  });

  it("keeps its mode, its class of attributes and its nodes", () => {
    expect(change(csi(), { ...csi(), volumeMode: "Block" })).toEqual([
      'volumeMode: Invalid value: "Block": field is immutable',
    ]);
    expect(change({ ...csi(), volumeAttributesClassName: "a" }, csi())).toEqual([
      "spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden",
    ]);
    expect(change({ ...csi(), volumeAttributesClassName: "a" }, { ...csi(), volumeAttributesClassName: "b" })).toEqual(
      [],
    );
    expect(change(csi(), { ...csi(), ...terms("zone") })).toEqual([]);
    const zone = { ...csi(), ...terms("failure-domain.beta.kubernetes.io/zone") };
    expect(change(zone, { ...csi(), ...terms("topology.kubernetes.io/zone") })).toEqual([]);
    expect(change(zone, { ...csi(), ...terms("other") })).toEqual([
      expect.stringMatching(
        /^nodeAffinity: Invalid value: .*: field is immutable, except for updating from beta label to GA$/u,
      ),
    ]);
  });

  it("fills in what its source leaves open", () => {
    expect(rules.created(bare({ rbd: { monitors: ["a"], image: "b" } }))).toMatchObject({
      spec: {
        persistentVolumeReclaimPolicy: "Retain",
        volumeMode: "Filesystem",
        rbd: { pool: "rbd", user: "admin", keyring: "/etc/ceph/keyring" },
      },
    });
    expect(rules.created(bare({ azureDisk: { diskName: "a", diskURI: "https://b" } }))).toMatchObject({
      spec: { azureDisk: { cachingMode: "ReadWrite", kind: "Shared", fsType: "ext4", readOnly: false } },
    });
  });

  it("notes when its phase changed", () => {
    const now = "2026-01-01T00:00:00Z";
    const then = "2025-01-01T00:00:00Z";
    const at = (phase: string, lastPhaseTransitionTime?: string): object =>
      volume({}, { status: { phase, ...(lastPhaseTransitionTime === undefined ? {} : { lastPhaseTransitionTime }) } });
    expect(rules.created(at("Bound"))).toMatchObject({ status: { phase: "Pending", lastPhaseTransitionTime: now } });
    expect(rules.changed(at("Pending", then), at("Bound", then), "status")).toMatchObject({
      status: { phase: "Bound", lastPhaseTransitionTime: now },
    });
    expect(rules.changed(at("Bound", then), at("Bound", then), "status")).toMatchObject({
      status: { lastPhaseTransitionTime: then },
    });
    expect(rules.changed(at("Pending", then), at("Bound", "2025-06-01T00:00:00Z"), "status")).toMatchObject({
      status: { lastPhaseTransitionTime: "2025-06-01T00:00:00Z" },
    });
  });

  it("is warned about when it is old", () => {
    const annotations = {
      "volume.beta.kubernetes.io/storage-class": "a",
      "volume.beta.kubernetes.io/mount-options": "b",
    };
    const old = bare(
      {
        ...terms("beta.kubernetes.io/os"),
        persistentVolumeReclaimPolicy: "Recycle",
        rbd: { monitors: ["a"], image: "b" },
      },
      { metadata: { name: "x", annotations } },
    );
    expect(rules.warnings(old)).toEqual([
      'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
      "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
      "spec.rbd: deprecated in v1.28, non-functional in v1.31+",
    ]);
  });
});
