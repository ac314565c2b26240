/**
 * Volumes that are made when they are needed: API, controllers, scheduler and the host-path CSI driver in this
 * process, the driver behind its socket. The kubelet's part is played over gRPC, with real mounts.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningControllerManager, run as runControllers } from "../../controller-manager/run.ts";
import { DEFAULT_SETTINGS } from "../../controller-manager/settings.ts";
import { DRIVER_NAME, topologyKeyOf } from "../../csi-hostpath/driver-name.ts";
import { run as runDriver } from "../../csi-hostpath/run.ts";
import { run as runScheduler } from "../../scheduler/run.ts";
import type { PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { createApiClient } from "../../shared/client/http-client.ts";
import { type CsiClient, openCsiClient } from "../../shared/csi/csi-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { createLogger } from "../../shared/process/logger.ts";
import type { RunningComponent } from "../../shared/process/run-component.ts";
import {
  events,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  storageClasses,
} from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { until as untilDone } from "../support/until.ts";

const NAMESPACE = "default";
const NODE = "here";
const PATIENCE_MS = 15_000;
const until = (check: () => unknown): Promise<void> => untilDone(check, PATIENCE_MS);
const logger = createLogger("test", process.env["LOG"] ?? "silent");

let api: TestApiServer;
let client: ApiClient;
let manager: RunningControllerManager;
let scheduler: RunningComponent;
let driver: RunningComponent;
let directory: string;
let csi: CsiClient;

const startControllers = async (): Promise<RunningControllerManager> =>
  runControllers({
    access: await api.accessOf("system:kube-controller-manager"),
    settings: { ...DEFAULT_SETTINGS, rootCa: api.authority.certificate },
    clock: systemClock,
    logger,
    leaderElect: false,
    identity: "test",
  });

const startDriver = (): Promise<RunningComponent> =>
  runDriver({
    driverName: DRIVER_NAME,
    nodeName: NODE,
    endpoint: join(directory, "csi.sock"),
    registrationDir: join(directory, "registry"),
    stateDir: directory,
    client: createApiClient(api.access, { userAgent: "csi-hostpath", clock: systemClock }),
    clock: systemClock,
    logger,
  });

beforeAll(async () => {
  directory = mkdtempSync("/tmp/csi-hostpath-");
  api = await startTestApiServer();
  client = api.client;
  const node = await client.create(nodes, { metadata: { name: NODE, labels: { [topologyKeyOf(DRIVER_NAME)]: NODE } } });
  const allocatable = { cpu: "8", memory: "8Gi", pods: "110" };
  await client.updateStatus(nodes, { ...node, status: { ...node.status, allocatable, capacity: allocatable } });
  await client.patch(nodes, { name: NODE }, "merge", { spec: { taints: null } });
  manager = await startControllers();
  scheduler = await runScheduler({
    client: createApiClient(await api.accessOf("system:kube-scheduler"), {
      userAgent: "scheduler",
      clock: systemClock,
    }),
    clock: systemClock,
    logger,
    identity: "test",
    leaderElect: false,
    schedulerNames: ["default-scheduler"],
  });
  driver = await startDriver();
  csi = openCsiClient(join(directory, "csi.sock"), systemClock);
  for (const [name, volumeBindingMode] of [
    ["waiting", "WaitForFirstConsumer"],
    ["at-once", "Immediate"],
  ] as const) {
    await client.create(storageClasses, {
      metadata: { name },
      provisioner: DRIVER_NAME,
      volumeBindingMode,
      allowVolumeExpansion: true,
    });
  }
  await until(async () => {
    const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`;
    return (await client.raw({ method: "GET", path })).status === 200;
  });
}, 30_000);
afterAll(async () => {
  csi.close();
  await Promise.all([driver.stop(), scheduler.stop(), manager.stop()]);
  await api.stop();
  rmSync(directory, { recursive: true });
});

const createClaim = (name: string, storageClassName: string, spec: Partial<PersistentVolumeClaim["spec"]> = {}) =>
  client.create(
    persistentVolumeClaims,
    {
      metadata: { name },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, storageClassName, ...spec },
    },
    { namespace: NAMESPACE },
  );
const getClaim = (name: string) => client.get(persistentVolumeClaims, { namespace: NAMESPACE, name });
const getPod = (name: string) => client.get(pods, { namespace: NAMESPACE, name });
const createPod = (name: string, claimName: string): Promise<Pod> =>
  client.create(
    pods,
    {
      metadata: { name },
      spec: {
        containers: [{ name: "c", image: "none" }],
        volumes: [{ name: "v", persistentVolumeClaim: { claimName } }],
        tolerations: [{ operator: "Exists" }],
      },
    },
    { namespace: NAMESPACE },
  );
const deletePod = (name: string) => client.delete(pods, { namespace: NAMESPACE, name }, { gracePeriodSeconds: 0 });
const deleteClaim = (name: string) => client.delete(persistentVolumeClaims, { namespace: NAMESPACE, name });
const isBound = async (name: string): Promise<boolean> => (await getClaim(name)).status?.phase === "Bound";
const folders = (): string[] => readdirSync(join(directory, "volumes"));
const eventsAbout = async (name: string): Promise<Map<string, string>> => {
  const { items } = await client.list(events, { namespace: NAMESPACE });
  const about = items.filter((event) => event.involvedObject.name === name);
  return new Map(about.map((event) => [event.reason ?? "", event.message ?? ""]));
};
async function isVolumeGone(name: string): Promise<boolean> {
  try {
    await client.get(persistentVolumes, { name });
    return false;
  } catch (err) {
    if (isNotFound(err)) return true;
    throw err;
  }
}
const conditionOf = async (name: string) =>
  (await getPod(name)).status?.conditions?.find(({ type }) => type === "PodScheduled");

it("makes a volume where the first pod goes, keeps its data for the next pod, and deletes it with the claim", async () => {
  const claim = await createClaim("data", "waiting");
  await until(async () => (await eventsAbout("data")).has("WaitForFirstConsumer"));
  expect(folders()).toEqual([]);
  await createPod("first", "data");
  await until(async () => (await getPod("first")).spec.nodeName === NODE);
  const name = `pvc-${claim.metadata.uid}`;
  expect(await getClaim("data")).toMatchObject({
    metadata: { annotations: { "volume.kubernetes.io/selected-node": NODE } },
    spec: { volumeName: name },
    status: { phase: "Bound", capacity: { storage: "1Gi" } },
  });
  expect((await client.get(persistentVolumes, { name })).spec).toMatchObject({
    csi: { driver: DRIVER_NAME, volumeHandle: name },
    persistentVolumeReclaimPolicy: "Delete",
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: topologyKeyOf(DRIVER_NAME), operator: "In", values: [NODE] }] },
        ],
      },
    },
  });
  const told = await eventsAbout("data");
  expect(told.get("ProvisioningSucceeded")).toBe(`Successfully provisioned volume ${name}`);
  const capability = { mount: { fsType: "ext4" }, accessMode: { mode: "SINGLE_NODE_MULTI_WRITER" as const } };
  const at = (pod: string) => ({
    volumeId: name,
    stagingTargetPath: join(directory, "staging"),
    targetPath: join(directory, pod),
    publishContext: {},
    volumeContext: {},
    volumeCapability: capability,
    readonly: pod === "second",
  });
  await csi.call("NodeStageVolume", at("first"));
  for (const pod of ["first", "second"]) {
    for (let time = 0; time < 2; time++) await csi.call("NodePublishVolume", at(pod));
    if (pod === "first") writeFileSync(join(directory, "first", "note"), "kept");
    else expect(readFileSync(join(directory, "second", "note"), "utf8")).toBe("kept");
    if (pod === "second") expect(() => writeFileSync(join(directory, "second", "x"), "")).toThrow("EROFS");
    for (let time = 0; time < 2; time++) await csi.call("NodeUnpublishVolume", at(pod));
    expect(existsSync(join(directory, pod))).toBe(false);
  }
  await csi.call("NodeUnstageVolume", at("first"));
  await deletePod("first");
  await deleteClaim("data");
  await until(() => isVolumeGone(name));
  expect(folders()).toEqual([]);
});

it("makes volumes at once where the class says so, and makes them larger when asked", async () => {
  await createClaim("grows", "at-once");
  await until(() => isBound("grows"));
  await client.patch(persistentVolumeClaims, { namespace: NAMESPACE, name: "grows" }, "merge", {
    spec: { resources: { requests: { storage: "3Gi" } } },
  });
  await until(async () => (await getClaim("grows")).status?.capacity?.["storage"] === "3Gi");
  const { status, spec } = await getClaim("grows");
  expect(status?.conditions).toBeUndefined();
  const volume = await client.get(persistentVolumes, { name: spec.volumeName ?? "" });
  expect(volume.spec.capacity).toEqual({ storage: "3Gi" });
  const told = await eventsAbout("grows");
  expect(told.get("ExternalExpanding")).toBe("waiting for an external controller to expand this PVC");
  expect(told.get("VolumeResizeSuccessful")).toBe("Resize volume succeeded");
  await deleteClaim("grows");
  await until(() => isVolumeGone(volume.metadata.name));
});

it("says why a pod waits for its claim, and places it when the claim is there", async () => {
  await createPod("early", "later");
  await until(async () => (await conditionOf("early"))?.message?.includes("later"));
  expect((await conditionOf("early"))?.message).toBe(
    '0/1 nodes are available: persistentvolumeclaim "later" not found. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  );
  await createClaim("later", "");
  await until(async () => (await conditionOf("early"))?.message?.includes("unbound"));
  expect((await conditionOf("early"))?.message).toContain(
    "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
  );
  await client.create(persistentVolumes, {
    metadata: { name: "by-hand" },
    spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, hostPath: { path: "/tmp/by-hand" } },
  });
  await until(async () => (await getPod("early")).spec.nodeName === NODE);
  await deletePod("early");
  await deleteClaim("later");
  await client.delete(persistentVolumes, { name: "by-hand" });
});

it("lets one pod only have a claim that is for one pod", async () => {
  await createClaim("alone", "waiting", { accessModes: ["ReadWriteOncePod"] });
  await createPod("holder", "alone");
  await until(async () => (await getPod("holder")).spec.nodeName === NODE);
  await createPod("waiter", "alone");
  await until(async () => (await conditionOf("waiter"))?.message !== undefined);
  expect((await conditionOf("waiter"))?.message).toContain(
    "0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.",
  );
  await deletePod("holder");
  await until(async () => (await getPod("waiter")).spec.nodeName === NODE);
  await deletePod("waiter");
  await deleteClaim("alone");
});

it("says that a volume is elsewhere", async () => {
  await client.create(persistentVolumes, {
    metadata: { name: "far" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      local: { path: "/mnt" },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["elsewhere"] }] },
          ],
        },
      },
    },
  });
  await createClaim("far", "", { volumeName: "far" });
  await until(() => isBound("far"));
  await createPod("far", "far");
  await until(async () => (await conditionOf("far"))?.message !== undefined);
  expect((await conditionOf("far"))?.message).toContain(
    "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity.",
  );
  await deletePod("far");
  await deleteClaim("far");
});

it("neither loses nor doubles a volume when driver and controllers end at any time", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `rough-${index}`);
  for (const [index, name] of names.entries()) {
    await createClaim(name, "at-once");
    if (index % 4 === 1) {
      await driver.stop();
      driver = await startDriver();
    }
    if (index % 4 === 3) {
      await manager.stop();
      manager = await startControllers();
    }
  }
  // One claim goes while its volume may be half made.
  await deleteClaim("rough-0");
  const kept = names.slice(1);
  for (const name of kept) await until(() => isBound(name));
  const uids = await Promise.all(kept.map(async (name) => `pvc-${(await getClaim(name)).metadata.uid}`));
  await driver.stop();
  driver = await startDriver();
  await until(() => folders().filter((id) => id.startsWith("pvc-")).length === kept.length);
  expect(folders().toSorted()).toEqual(uids.toSorted());
  for (const name of kept) await deleteClaim(name);
  await until(() => folders().length === 0);
});
