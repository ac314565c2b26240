/** Claims of real pods: CSI drivers, attachment, raw devices, local volumes, and what a crash leaves. Needs root. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PersistentVolumeClaim, PersistentVolumeSpec, Pod, PodSpec } from "../../shared/api/generated/core/v1.ts";
import type { CSIDriverSpec } from "../../shared/api/generated/storage/v1.ts";
import { CsiError } from "../../shared/csi/csi-error.ts";
import {
  csiDrivers,
  csiNodes,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  volumeAttachments,
} from "../../shared/resources/catalog.ts";
import { attachmentName, handleHash, uniqueVolumeName } from "../../kubelet/volumes/csi/csi-source.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { CsiTestDriver, loopDevice } from "../support/csi-test-driver.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { containerOf, FOREVER, isOver, isReady, NodePods, shell } from "../support/node-pods.ts";
import { until } from "../support/until.ts";

const START_TIMEOUT_MS = 120_000;
const namespace = "default";
const DRIVER = "attached.kubernode.test";
const SIMPLE = "simple.kubernode.test";

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;
let loop: ReturnType<typeof loopDevice>;
let attached: CsiTestDriver;
let simple: CsiTestDriver;
let root: string;

beforeAll(async () => {
  api = await startTestApiServer();
  node = new KubeletNode(api);
  pods = new NodePods(api, node);
  await pods.prepare();
  root = join(node.folder, "kubelet-root");
  loop = loopDevice(join(node.folder, "loop.img"));
  mkdirSync(join(root, "plugins_registry"), { recursive: true });
  const driver = (name: string): CsiTestDriver =>
    new CsiTestDriver(name, node.folder, join(root, "plugins_registry"), loop.path);
  [attached, simple] = [driver(DRIVER), driver(SIMPLE)];
  const describe_ = (name: string, spec: CSIDriverSpec) => api.client.create(csiDrivers, { metadata: { name }, spec });
  await Promise.all([
    describe_(DRIVER, { podInfoOnMount: true, fsGroupPolicy: "File" }),
    describe_(SIMPLE, {
      attachRequired: false,
      volumeLifecycleModes: ["Persistent", "Ephemeral"],
      tokenRequests: [{ audience: "vault" }],
    }),
    attached.start(),
    simple.start(),
    node.start(),
  ]);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await Promise.all([attached?.stop(), simple?.stop()]);
  loop?.free();
  await api?.stop();
}, START_TIMEOUT_MS);

const csiOf = (driver: string, volumeHandle: string) => ({ driver, volumeHandle, fsType: "ext4" });

async function createVolume(name: string, spec: Partial<PersistentVolumeSpec>): Promise<void> {
  const whole = { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], storageClassName: "", ...spec };
  await api.client.create(persistentVolumes, { metadata: { name }, spec: whole });
}

async function createClaim(name: string, spec: Partial<PersistentVolumeSpec> = {}): Promise<void> {
  const { accessModes = ["ReadWriteOnce"], volumeMode } = spec;
  const resources = { requests: { storage: "1Gi" } };
  await api.client.create(
    persistentVolumeClaims,
    { metadata: { name }, spec: { accessModes, resources, storageClassName: "", ...(volumeMode && { volumeMode }) } },
    { namespace },
  );
}

/** What the binder would do. */
async function bind(name: string): Promise<void> {
  const at = { namespace, name };
  const claim = await api.client.patch(persistentVolumeClaims, at, "merge", { spec: { volumeName: name } });
  const claimRef = { kind: "PersistentVolumeClaim", namespace, name, uid: claim.metadata.uid };
  await api.client.patch(persistentVolumes, { name }, "merge", { spec: { claimRef } });
  const status = { phase: "Bound", accessModes: claim.spec.accessModes, capacity: { storage: "1Gi" } };
  await api.client.patch(persistentVolumeClaims, at, "merge", { status }, { subresource: "status" });
}

/** A claim and its volume under one name, which is the handle too. */
async function bound(stem: string, spec: Partial<PersistentVolumeSpec>): Promise<string> {
  const name = pods.name(stem);
  const csi = spec.csi === undefined ? {} : { csi: { ...spec.csi, volumeHandle: name } };
  await Promise.all([createVolume(name, { ...spec, ...csi }), createClaim(name, spec)]);
  await bind(name);
  return name;
}

/** What the attacher and the controller would do. */
async function attach(name: string): Promise<void> {
  const volume = { driver: DRIVER, handle: name };
  const id = attachmentName(volume, node.name);
  const spec = { attacher: DRIVER, nodeName: node.name, source: { persistentVolumeName: name } };
  await api.client.create(volumeAttachments, { metadata: { name: id }, spec });
  const status = { attached: true, attachmentMetadata: { devicePath: "/dev/xyz" } };
  await api.client.patch(volumeAttachments, { name: id }, "merge", { status }, { subresource: "status" });
  const entry = { name: uniqueVolumeName(volume), devicePath: "" };
  const patch = { status: { volumesAttached: [entry] } };
  await api.client.patch(nodes, { name: node.name }, "strategic", patch, { subresource: "status" });
}

const usingClaim = (claimName: string, script: string, more: Partial<PodSpec> = {}): Partial<PodSpec> => ({
  volumes: [{ name: "v", persistentVolumeClaim: { claimName } }],
  containers: [shell(script, { volumeMounts: [{ name: "v", mountPath: "/v" }] })],
  ...more,
});

async function createPod(stem: string, spec: Partial<PodSpec>): Promise<string> {
  const name = pods.name(stem);
  await pods.create(name, spec);
  return name;
}

async function untilEvent(name: string, text: string): Promise<void> {
  let seen: string[] = [];
  await until(async () => {
    seen = await pods.events(name);
    return seen.some((event) => event.includes(text));
  }, 20_000).catch(() => {
    throw new Error(`no event "${text}" of ${name}: ${seen.join("\n")}\n${node.kubeletLog}`);
  });
}

async function inUse(): Promise<readonly string[]> {
  return (await api.client.get(nodes, { name: node.name })).status?.volumesInUse ?? [];
}

/** Nothing of the volume is left on the node. */
async function untilUnused(driver: string, handle: string): Promise<void> {
  await until(async () => {
    const isStaged = existsSync(join(root, "plugins/kubernetes.io/csi", driver, handleHash(handle)));
    return !isStaged && !(await inUse()).includes(uniqueVolumeName({ driver, handle }));
  }, 20_000);
}

const uidOf = async (name: string): Promise<string> => (await pods.get(name)).metadata.uid ?? "";

describe("a driver", () => {
  it("registers by its socket, and the cluster knows", async () => {
    await until(() => attached.told.length > 0, 20_000);
    expect(attached.told).toEqual([{ pluginRegistered: true, error: "" }]);
    await until(async () => (await api.client.get(csiNodes, { name: node.name })).spec.drivers.length === 2, 20_000);
    const { metadata, spec } = await api.client.get(csiNodes, { name: node.name });
    expect(metadata.ownerReferences).toMatchObject([{ kind: "Node", name: node.name }]);
    expect(spec.drivers.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
      [DRIVER, SIMPLE].map((name) => ({
        name,
        nodeID: "id-of-the-node",
        topologyKeys: ["topology.kubernode.test/zone"],
        allocatable: { count: 7 },
      })),
    );
    const { metadata: own } = await api.client.get(nodes, { name: node.name });
    expect(own.labels).toMatchObject({ "topology.kubernode.test/zone": "z1" });
    expect(own.annotations?.["csi.volume.kubernetes.io/nodeid"]).toContain(`"${DRIVER}":"id-of-the-node"`);
  });

  it("hears why it is not taken, and is forgotten when it goes", async () => {
    const odd = new CsiTestDriver("odd.kubernode.test", node.folder, join(root, "plugins_registry"), loop.path);
    await odd.start(["0.3.0"]);
    await until(() => odd.told.length > 0, 20_000);
    expect(odd.told[0]).toMatchObject({
      pluginRegistered: false,
      error: expect.stringContaining("none of the CSI versions reported by this driver are supported") as unknown,
    });
    await odd.stop();
    await odd.start();
    const names = async (): Promise<string[]> =>
      (await api.client.get(csiNodes, { name: node.name })).spec.drivers.map(({ name }) => name);
    await until(async () => (await names()).includes(odd.name), 20_000);
    await odd.stop();
    await until(async () => !(await names()).includes(odd.name), 20_000);
  });
});

describe("a claim", () => {
  it("is waited for, attached, staged once, published for each pod, and undone in reverse", async () => {
    const name = pods.name("claim");
    await Promise.all([createVolume(name, { csi: csiOf(DRIVER, name) }), createClaim(name)]);
    const group = { securityContext: { fsGroup: 2000 } };
    const first = await createPod("first", usingClaim(name, `echo kept > /v/f; ${FOREVER}`, group));
    await untilEvent(
      first,
      `FailedMount: Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: error processing PVC default/${name}: PVC is not bound`,
    );
    await bind(name);
    await until(async () => (await inUse()).includes(uniqueVolumeName({ driver: DRIVER, handle: name })), 20_000);
    expect(attached.take(name)).toEqual([]);
    await attach(name);
    const pod = await pods.until(first, isReady);
    const staging = join(root, "plugins/kubernetes.io/csi", DRIVER, handleHash(name), "globalmount");
    const target = join(root, "pods", pod.metadata.uid ?? "", "volumes/kubernetes.io~csi", name, "mount");
    expect(attached.calls.filter(({ request }) => request["volumeId"] === name)).toMatchObject([
      {
        method: "NodeStageVolume",
        request: { stagingTargetPath: staging, publishContext: { devicePath: "/dev/xyz" } },
      },
      {
        method: "NodePublishVolume",
        request: {
          stagingTargetPath: staging,
          targetPath: target,
          readonly: false,
          publishContext: { devicePath: "/dev/xyz" },
          volumeCapability: { mount: { fsType: "ext4" }, accessMode: { mode: "SINGLE_NODE_WRITER" } },
          volumeContext: {
            "csi.storage.k8s.io/pod.name": first,
            "csi.storage.k8s.io/pod.namespace": namespace,
            "csi.storage.k8s.io/pod.uid": pod.metadata.uid,
            "csi.storage.k8s.io/serviceAccount.name": "default",
            "csi.storage.k8s.io/ephemeral": "false",
          },
        },
      },
    ]);
    expect(JSON.parse(readFileSync(join(target, "../vol_data.json"), "utf8"))).toMatchObject({
      driverName: DRIVER,
      volumeHandle: name,
      specVolID: name,
      volumeLifecycleMode: "Persistent",
      isFinished: "true",
    });
    attached.take(name);
    const second = await createPod(
      "second",
      usingClaim(name, "cat /v/f > /dev/termination-log; stat -c ' %a %g' /v >> /dev/termination-log", {
        restartPolicy: "Never",
        ...group,
      }),
    );
    const over = await pods.until(second, isOver);
    expect(containerOf(over).state?.terminated?.message).toBe("kept\n 3777 2000\n");
    await pods.end(second);
    await pods.end(first);
    await untilUnused(DRIVER, name);
    const calls = attached.take(name);
    expect(calls.filter((method) => method === "NodeStageVolume")).toEqual([]);
    expect(calls.slice(-2)).toEqual(["NodeUnpublishVolume", "NodeUnstageVolume"]);
    expect(existsSync(target)).toBe(false);
  });

  it("says what its driver says, and heals", async () => {
    const name = await bound("refused", { csi: csiOf(SIMPLE, "") });
    simple.refused.set("NodeStageVolume", new CsiError("INTERNAL", "the disk is on fire"));
    const pod = await createPod("refused", usingClaim(name, FOREVER));
    await untilEvent(
      pod,
      `FailedMount: MountVolume.MountDevice failed for volume "${name}" : rpc error: code = Internal desc = the disk is on fire`,
    );
    simple.refused.set("NodePublishVolume", new CsiError("NOT_FOUND", "no such volume"));
    simple.refused.delete("NodeStageVolume");
    await untilEvent(
      pod,
      `FailedMount: MountVolume.SetUp failed for volume "${name}" : rpc error: code = NotFound desc = no such volume`,
    );
    simple.refused.clear();
    await pods.until(pod, isReady);
    await pods.end(pod, 0);
    await untilUnused(SIMPLE, name);
  });

  it("needs its driver, its node and its mode", async () => {
    const affinity = {
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] }] },
    };
    const [absent, elsewhere, block] = await Promise.all([
      bound("absent", { csi: csiOf("absent.kubernode.test", "") }),
      bound("elsewhere", { csi: csiOf(SIMPLE, ""), nodeAffinity: affinity }),
      bound("mode", { csi: csiOf(SIMPLE, ""), volumeMode: "Block" }),
    ]);
    await api.client.create(csiDrivers, {
      metadata: { name: "absent.kubernode.test" },
      spec: { attachRequired: false },
    });
    const cases = [
      [
        absent,
        `MountVolume.SetUp failed for volume "${absent}" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name absent.kubernode.test not found in the list of registered CSI drivers`,
      ],
      [elsewhere, `MountVolume.NodeAffinity check failed for volume "${elsewhere}" : no matching NodeSelectorTerms`],
      [block, "volume v has volumeMode Block, but is specified in volumeMounts"],
    ] as const;
    await Promise.all(
      cases.map(async ([claim, message]) => {
        const pod = await createPod("needs", usingClaim(claim, FOREVER));
        await untilEvent(pod, message);
        await pods.end(pod, 0);
      }),
    );
  });

  it("of one pod only is not given to another", async () => {
    const name = await bound("only", { csi: csiOf(SIMPLE, ""), accessModes: ["ReadWriteOncePod"] });
    const [first, second] = [await createPod("one", usingClaim(name, FOREVER)), pods.name("two")];
    await pods.until(first, isReady);
    await pods.create(second, usingClaim(name, FOREVER));
    await untilEvent(
      second,
      `MountVolume.SetUp failed for volume "${name}" : volume uses the ReadWriteOncePod access mode and is already in use by another pod`,
    );
    await pods.end(first, 0);
    await pods.until(second, isReady);
    await pods.end(second, 0);
    await untilUnused(SIMPLE, name);
  });

  it("grows on the node when its volume has grown", async () => {
    const name = await bound("grown", { csi: csiOf(SIMPLE, "") });
    const pod = await createPod("grown", usingClaim(name, FOREVER));
    await pods.until(pod, isReady);
    const status = { conditions: [{ type: "FileSystemResizePending", status: "True" }] };
    await api.client.patch(persistentVolumeClaims, { namespace, name }, "merge", { status }, { subresource: "status" });
    await api.client.patch(persistentVolumes, { name }, "merge", { spec: { capacity: { storage: "2Gi" } } });
    await pods.patch(pod, { metadata: { labels: { look: "again" } } });
    let claim: PersistentVolumeClaim | undefined;
    await until(async () => {
      claim = await api.client.get(persistentVolumeClaims, { namespace, name });
      return claim.status?.capacity?.["storage"] === "2Gi";
    }, 20_000);
    expect(claim?.status?.conditions ?? []).toEqual([]);
    expect(simple.calls.find(({ method }) => method === "NodeExpandVolume")?.request).toMatchObject({
      capacityRange: { requiredBytes: 2 * 1024 ** 3 },
    });
    await pods.end(pod, 0);
    await untilUnused(SIMPLE, name);
  });
});

it("a volume that lives with its pod gets secrets and tokens", async () => {
  const data = { key: Buffer.from("hunter2").toString("base64") };
  await api.client.create(secrets, { metadata: { name: "for-driver" }, data }, { namespace });
  const name = await createPod("inline", {
    volumes: [
      {
        name: "v",
        csi: {
          driver: SIMPLE,
          readOnly: true,
          volumeAttributes: { size: "small" },
          nodePublishSecretRef: { name: "for-driver" },
        },
      },
    ],
    containers: [shell(FOREVER, { volumeMounts: [{ name: "v", mountPath: "/v" }] })],
  });
  await pods.until(name, isReady);
  const call = simple.calls.find(({ request }) => String(request["targetPath"]).endsWith("/v/mount"));
  expect(call?.request).toMatchObject({
    volumeId: expect.stringMatching(/^csi-[0-9a-f]{64}$/) as unknown,
    stagingTargetPath: "",
    readonly: true,
    secrets: { key: "hunter2" },
    volumeContext: { size: "small" },
  });
  const context = call?.request["volumeContext"] as Record<string, string>;
  const tokens = JSON.parse(context["csi.storage.k8s.io/serviceAccount.tokens"] ?? "{}") as Record<string, unknown>;
  expect(tokens).toMatchObject({
    vault: { token: expect.stringMatching(/^ey/) as unknown, expirationTimestamp: expect.any(String) as unknown },
  });
  const volumeId = String(call?.request["volumeId"]);
  const uid = await uidOf(name);
  await pods.end(name, 0);
  await until(() => !existsSync(join(root, "pods", uid)), 20_000);
  expect(simple.take(volumeId).at(-1)).toBe("NodeUnpublishVolume");
  const refused = await createPod("inline-refused", {
    volumes: [{ name: "v", csi: { driver: DRIVER } }],
    containers: [shell(FOREVER, { volumeMounts: [{ name: "v", mountPath: "/v" }] })],
  });
  await untilEvent(
    refused,
    `MountVolume.NewMounter initialization failed for volume "v" : volume mode "Ephemeral" not supported by driver ${DRIVER} (only supports ["Persistent"])`,
  );
  await pods.end(refused, 0);
});

it("a raw device is a device in the container, of a driver and of the node itself", async () => {
  const here = {
    required: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node.name] }] },
      ],
    },
  };
  const [csi, local] = await Promise.all([
    bound("raw", { csi: csiOf(SIMPLE, ""), volumeMode: "Block" }),
    bound("disk", { local: { path: loop.path }, volumeMode: "Block", nodeAffinity: here }),
  ]);
  const script =
    "for d in /dev/a /dev/b; do [ -b $d ] && dd if=$d bs=512 count=1 2>/dev/null | wc -c; done > /dev/termination-log";
  const name = await createPod("raw", {
    restartPolicy: "Never",
    volumes: [
      { name: "a", persistentVolumeClaim: { claimName: csi } },
      { name: "b", persistentVolumeClaim: { claimName: local } },
    ],
    containers: [
      shell(script, {
        volumeDevices: [
          { name: "a", devicePath: "/dev/a" },
          { name: "b", devicePath: "/dev/b" },
        ],
      }),
    ],
  });
  const pod = await pods.until(name, isOver);
  expect(containerOf(pod).state?.terminated?.message).toBe("512\n512\n");
  await pods.end(name);
  await until(() => simple.take(csi).includes("NodeUnstageVolume"), 20_000);
  const devices = join(root, "plugins/kubernetes.io/csi/volumeDevices");
  await until(() => ["publish", "staging", ""].every((folder) => !existsSync(join(devices, folder, csi))), 20_000);
});

it("a folder of the node is bound to the pod that claims it", async () => {
  const path = join(node.folder, "local");
  mkdirSync(path);
  writeFileSync(join(path, "f"), "local");
  const here = {
    required: { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node.name] }] }] },
  };
  const name = await bound("local", { local: { path }, nodeAffinity: here });
  const claim = { claimName: name, readOnly: true };
  const pod = await createPod("local", {
    ...usingClaim(name, "cat /v/f > /dev/termination-log; touch /v/g 2>> /dev/termination-log", {
      restartPolicy: "Never",
    }),
    volumes: [{ name: "v", persistentVolumeClaim: claim }],
  });
  const over: Pod = await pods.until(pod, isOver);
  expect(containerOf(over).state?.terminated?.message).toContain("localtouch: /v/g: Read-only file system");
  await pods.end(pod);
  expect(readdirSync(path)).toEqual(["f"]);
});

it("what a killed kubelet left is undone by the next one", async () => {
  const name = await bound("crash", { csi: csiOf(SIMPLE, "") });
  const pod = await createPod("crash", usingClaim(name, FOREVER));
  const { metadata } = await pods.until(pod, isReady);
  await node.killKubelet();
  await pods.end(pod, 0);
  // Staged for a pod that never came to be: the kubelet died in between.
  const orphan = join(root, "plugins/kubernetes.io/csi", SIMPLE, handleHash("orphan"));
  mkdirSync(join(orphan, "globalmount"), { recursive: true });
  writeFileSync(join(orphan, "vol_data.json"), JSON.stringify({ driverName: SIMPLE, volumeHandle: "orphan" }));
  simple.take(name);
  await node.startKubelet();
  await until(() => !existsSync(join(root, "pods", metadata.uid ?? "")), 40_000);
  await untilUnused(SIMPLE, name);
  expect(simple.take(name)).toEqual(["NodeUnpublishVolume", "NodeUnstageVolume"]);
  await until(() => !existsSync(orphan), 40_000);
  expect(simple.take("orphan")).toEqual(["NodeUnstageVolume"]);
  rmSync(orphan, { recursive: true, force: true });
});
