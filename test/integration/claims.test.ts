/** Claims, volumes and their controllers against a real API: binding, protection, attaching, ephemeral claims. */
import { run as runControllers, type RunningControllerManager } from "../../controller-manager/run.ts";
import { DEFAULT_SETTINGS } from "../../controller-manager/settings.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { createLogger } from "../../shared/process/logger.ts";
import {
  events,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  serviceAccounts,
  storageClasses,
  volumeAttachments,
} from "../../shared/resources/catalog.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { until as untilDone } from "../support/until.ts";

const NAMESPACE = "default";
const PATIENCE_MS = 10_000;
const until = (check: () => unknown): Promise<void> => untilDone(check, PATIENCE_MS);

let api: TestApiServer;
let client: ApiClient;
let manager: RunningControllerManager;

async function startControllers(): Promise<RunningControllerManager> {
  return runControllers({
    access: await api.accessOf("system:kube-controller-manager"),
    settings: { ...DEFAULT_SETTINGS, rootCa: api.authority.certificate },
    clock: systemClock,
    logger: createLogger("test", process.env["LOG"] ?? "silent"),
    leaderElect: false,
    identity: "test",
  });
}

beforeAll(async () => {
  api = await startTestApiServer();
  client = api.client;
  manager = await startControllers();
});
afterAll(async () => {
  await manager.stop();
  await api.stop();
});

const createClaim = (name: string, spec: Partial<PersistentVolumeClaim["spec"]>, size = "1Gi") =>
  client.create(
    persistentVolumeClaims,
    {
      metadata: { name },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } }, ...spec },
    },
    { namespace: NAMESPACE },
  );
const createVolume = (name: string, spec: Partial<PersistentVolume["spec"]>, size = "1Gi") =>
  client.create(persistentVolumes, {
    metadata: { name },
    spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: size }, hostPath: { path: `/tmp/${name}` }, ...spec },
  });
const getClaim = (name: string) => client.get(persistentVolumeClaims, { namespace: NAMESPACE, name });
const getVolume = (name: string) => client.get(persistentVolumes, { name });
const deleteClaim = (name: string) => client.delete(persistentVolumeClaims, { namespace: NAMESPACE, name });
const phaseOf = async (name: string) => (await getClaim(name)).status?.phase;
const volumePhaseOf = async (name: string) => (await getVolume(name)).status?.phase;

async function isGone<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string): Promise<boolean> {
  try {
    await client.get(resource, { name, namespace });
    return false;
  } catch (err) {
    if (isNotFound(err)) return true;
    throw err;
  }
}

async function hasEvent(about: string, reason: string): Promise<string | undefined> {
  const { items } = await client.list(events, { namespace: NAMESPACE });
  return items.find((event) => event.involvedObject.name === about && event.reason === reason)?.message;
}

it("binds a claim to the smallest volume that fits, and frees the volume when the claim goes", async () => {
  await Promise.all([
    createVolume("small", {}, "1Gi"),
    createVolume("large", {}, "10Gi"),
    createVolume("fits", {}, "3Gi"),
  ]);
  await until(async () => (await volumePhaseOf("fits")) === "Available");
  await createClaim("data", { storageClassName: "" }, "2Gi");
  await until(async () => (await phaseOf("data")) === "Bound");
  const claim = await getClaim("data");
  expect(claim.spec.volumeName).toBe("fits");
  expect(claim.metadata.annotations).toEqual({
    "pv.kubernetes.io/bind-completed": "yes",
    "pv.kubernetes.io/bound-by-controller": "yes",
  });
  expect(claim.metadata.finalizers).toEqual(["kubernetes.io/pvc-protection"]);
  expect(claim.status).toMatchObject({ capacity: { storage: "3Gi" }, accessModes: ["ReadWriteOnce"] });
  await until(async () => (await volumePhaseOf("fits")) === "Bound");
  expect((await getVolume("fits")).spec.claimRef).toMatchObject({ name: "data", uid: claim.metadata.uid });
  await client.delete(persistentVolumes, { name: "fits" });
  await deleteClaim("data");
  await until(() => isGone(persistentVolumes, "fits"));
  for (const name of ["small", "large"]) await client.delete(persistentVolumes, { name });
});

it("releases what is retained, and says why the rest cannot be reclaimed", async () => {
  const policies = { kept: "Retain", wiped: "Recycle", removed: "Delete" };
  for (const [name, persistentVolumeReclaimPolicy] of Object.entries(policies)) {
    await createVolume(name, { persistentVolumeReclaimPolicy });
    await createClaim(name, { storageClassName: "", volumeName: name });
    await until(async () => (await phaseOf(name)) === "Bound");
    await deleteClaim(name);
  }
  await until(async () => (await volumePhaseOf("kept")) === "Released");
  for (const name of ["wiped", "removed"]) await until(async () => (await volumePhaseOf(name)) === "Failed");
  expect((await getVolume("wiped")).status?.message).toBe("No recycler plugin found for the volume!");
  expect((await getVolume("removed")).status?.message).toBe(
    'error getting deleter volume plugin for volume "removed": no volume plugin matched',
  );
  for (const name of Object.keys(policies)) await client.delete(persistentVolumes, { name });
});

it("gives claims the default class when there is one at last, and tells its provisioner", async () => {
  await createClaim("late", {});
  await until(async () => (await hasEvent("late", "FailedBinding")) !== undefined);
  await client.create(storageClasses, {
    metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "disk.example.com",
  });
  await until(async () => (await getClaim("late")).spec.storageClassName === "standard");
  await until(
    async () =>
      (await getClaim("late")).metadata.annotations?.["volume.kubernetes.io/storage-provisioner"] ===
      "disk.example.com",
  );
  expect(await hasEvent("late", "ExternalProvisioning")).toMatch(/^Waiting for a volume to be created either by/u);
  await createVolume("made", {
    storageClassName: "standard",
    claimRef: { kind: "PersistentVolumeClaim", namespace: NAMESPACE, name: "late" },
  });
  await until(async () => (await phaseOf("late")) === "Bound");
  await client.delete(storageClasses, { name: "standard" });
});

it("keeps a claim that a pod uses until the pod is gone", async () => {
  await createVolume("used", {});
  await createClaim("used", { storageClassName: "", volumeName: "used" });
  await until(async () => (await phaseOf("used")) === "Bound");
  const spec = {
    nodeName: "nowhere",
    serviceAccountName: "default",
    containers: [{ name: "c", image: "none" }],
    volumes: [{ name: "v", persistentVolumeClaim: { claimName: "used" } }],
    tolerations: [{ operator: "Exists" }],
  };
  await until(async () => !(await isGone(serviceAccounts, "default", NAMESPACE)));
  await client.create(nodes, { metadata: { name: "nowhere" } });
  await client.create(pods, { metadata: { name: "user" }, spec }, { namespace: NAMESPACE });
  await deleteClaim("used");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await getClaim("used")).metadata.deletionTimestamp).toBeDefined();
  await client.delete(pods, { namespace: NAMESPACE, name: "user" }, { gracePeriodSeconds: 0 });
  await until(() => isGone(persistentVolumeClaims, "used", NAMESPACE));
  await client.delete(persistentVolumes, { name: "used" });
});

it("makes the claims of ephemeral volumes, and says so when a name is taken", async () => {
  await createClaim("other-scratch", { storageClassName: "" });
  const draft = (name: string) => ({
    metadata: { name },
    spec: {
      containers: [{ name: "c", image: "none" }],
      volumes: [
        {
          name: "scratch",
          ephemeral: {
            volumeClaimTemplate: {
              metadata: { labels: { of: name } },
              spec: {
                accessModes: ["ReadWriteOnce"],
                storageClassName: "",
                resources: { requests: { storage: "1Gi" } },
              },
            },
          },
        },
      ],
    },
  });
  const owner: Pod = await client.create(pods, draft("mine"), { namespace: NAMESPACE });
  await client.create(pods, draft("other"), { namespace: NAMESPACE });
  await until(async () => !(await isGone(persistentVolumeClaims, "mine-scratch", NAMESPACE)));
  expect((await getClaim("mine-scratch")).metadata).toMatchObject({
    labels: { of: "mine" },
    ownerReferences: [{ kind: "Pod", name: "mine", uid: owner.metadata.uid, controller: true }],
  });
  await until(async () => (await hasEvent("other", "FailedBinding")) !== undefined);
  expect(await hasEvent("other", "FailedBinding")).toBe(
    "ephemeral volume scratch: PVC default/other-scratch was not created for pod default/other (pod is not owner)",
  );
  for (const name of ["mine", "other"]) {
    await client.delete(pods, { namespace: NAMESPACE, name }, { gracePeriodSeconds: 0 });
  }
  await deleteClaim("other-scratch");
  for (const name of ["mine-scratch", "other-scratch"]) {
    await until(() => isGone(persistentVolumeClaims, name, NAMESPACE));
  }
});

it("attaches to the node of a pod, detaches when the node has unmounted, and never to two nodes at once", async () => {
  const csi = { driver: "disk.example.com", volumeHandle: "h" };
  await createVolume("remote", { hostPath: undefined, csi });
  await createClaim("remote", { storageClassName: "", volumeName: "remote" });
  await until(async () => (await phaseOf("remote")) === "Bound");
  const podOn = (name: string, nodeName: string) =>
    client.create(
      pods,
      {
        metadata: { name },
        spec: {
          nodeName,
          containers: [{ name: "c", image: "none" }],
          volumes: [{ name: "v", persistentVolumeClaim: { claimName: "remote" } }],
          tolerations: [{ operator: "Exists" }],
        },
      },
      { namespace: NAMESPACE },
    );
  for (const name of ["n1", "n2"]) await client.create(nodes, { metadata: { name } });
  await podOn("first", "n1");
  const attachments = async () => (await client.list(volumeAttachments)).items;
  await until(async () => (await attachments()).length === 1);
  const [attachment] = await attachments();
  expect(attachment?.spec).toEqual({
    attacher: csi.driver,
    nodeName: "n1",
    source: { persistentVolumeName: "remote" },
  });
  if (attachment === undefined) throw new Error("unreachable");
  await client.patch(
    volumeAttachments,
    attachment.metadata,
    "merge",
    { status: { attached: true } },
    { subresource: "status" },
  );
  const statusOf = async (name: string) => (await client.get(nodes, { name })).status;
  const unique = "kubernetes.io/csi/disk.example.com^h";
  await until(async () => (await statusOf("n1"))?.volumesAttached?.[0]?.name === unique);
  await client.patch(nodes, { name: "n1" }, "merge", { status: { volumesInUse: [unique] } }, { subresource: "status" });
  await podOn("second", "n2");
  await until(async () => (await hasEvent("second", "FailedAttachVolume")) !== undefined);
  expect(await hasEvent("second", "FailedAttachVolume")).toBe(
    'Multi-Attach error for volume "remote" Volume is already used by pod(s) first',
  );
  await client.patch(
    nodes,
    { name: "n1" },
    "merge",
    { status: { conditions: [{ type: "Ready", status: "True" }] } },
    { subresource: "status" },
  );
  await client.delete(pods, { namespace: NAMESPACE, name: "first" }, { gracePeriodSeconds: 0 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await attachments()).map(({ spec }) => spec.nodeName)).toEqual(["n1"]);
  await client.patch(nodes, { name: "n1" }, "merge", { status: { volumesInUse: null } }, { subresource: "status" });
  await until(async () => (await attachments()).map(({ spec }) => spec.nodeName).join() === "n2");
  expect((await statusOf("n1"))?.volumesAttached ?? []).toEqual([]);
});

it("lists, patches, replaces and deletes a volume and its claim, one by one and together", async () => {
  const labels = { of: "lifecycle" };
  const labelSelector = "of=lifecycle";
  const make = async (): Promise<void> => {
    await client.create(persistentVolumes, {
      metadata: { name: "lifecycle", labels },
      spec: {
        accessModes: ["ReadWriteOnce"],
        capacity: { storage: "1Gi" },
        csi: { driver: "d.example.com", volumeHandle: "lifecycle" },
      },
    });
    await client.create(
      persistentVolumeClaims,
      {
        metadata: { name: "lifecycle", labels },
        spec: {
          accessModes: ["ReadWriteOnce"],
          resources: { requests: { storage: "1Gi" } },
          storageClassName: "",
          volumeName: "lifecycle",
        },
      },
      { namespace: NAMESPACE },
    );
    await until(async () => (await phaseOf("lifecycle")) === "Bound");
  };
  const bothAreGone = async (): Promise<void> => {
    await until(() => isGone(persistentVolumeClaims, "lifecycle", NAMESPACE));
    await until(() => isGone(persistentVolumes, "lifecycle"));
  };
  await make();
  expect((await client.list(persistentVolumes, { labelSelector })).items).toHaveLength(1);
  expect((await client.list(persistentVolumeClaims, { namespace: NAMESPACE, labelSelector })).items).toHaveLength(1);
  const patch = { metadata: { labels: { patched: "yes" } } };
  await client.patch(persistentVolumes, { name: "lifecycle" }, "merge", patch);
  await client.patch(persistentVolumeClaims, { namespace: NAMESPACE, name: "lifecycle" }, "merge", patch);
  const patched = [(await getVolume("lifecycle")).metadata.labels, (await getClaim("lifecycle")).metadata.labels];
  expect(patched).toEqual([
    { ...labels, patched: "yes" },
    { ...labels, patched: "yes" },
  ]);
  await deleteClaim("lifecycle");
  await client.delete(persistentVolumes, { name: "lifecycle" });
  await bothAreGone();
  await make();
  // The controllers write too: the newest revision is needed, and may be old a moment later.
  await until(async () => {
    const volume = await getVolume("lifecycle");
    await client.update(persistentVolumes, {
      ...volume,
      metadata: { ...volume.metadata, labels: { ...labels, updated: "yes" } },
    });
  });
  await until(async () => {
    const claim = await getClaim("lifecycle");
    await client.update(persistentVolumeClaims, {
      ...claim,
      metadata: { ...claim.metadata, labels: { ...labels, updated: "yes" } },
    });
  });
  const everywhere = (await client.list(persistentVolumeClaims, { labelSelector: "updated=yes" })).items;
  expect(everywhere.map(({ metadata }) => metadata.name)).toEqual(["lifecycle"]);
  await client.deleteCollection(persistentVolumeClaims, { namespace: NAMESPACE, labelSelector });
  await client.deleteCollection(persistentVolumes, { labelSelector });
  await bothAreGone();
});

it("keeps inline volumes of CSI drivers in pods as they were asked for", async () => {
  const csi = { driver: "d.example.com", volumeAttributes: { a: "b" }, readOnly: true };
  const inline: Pod = await client.create(
    pods,
    {
      metadata: { name: "inline", labels: { of: "inline" } },
      spec: { containers: [{ name: "c", image: "none" }], volumes: [{ name: "v", csi }] },
    },
    { namespace: NAMESPACE },
  );
  expect(inline.spec.volumes?.find(({ name }) => name === "v")?.csi).toEqual(csi);
  const found = (await client.list(pods, { labelSelector: "of=inline" })).items;
  expect(found.map(({ spec }) => spec.volumes?.find(({ name }) => name === "v")?.csi?.driver)).toEqual([csi.driver]);
  await client.deleteCollection(pods, { namespace: NAMESPACE, labelSelector: "of=inline" }, { gracePeriodSeconds: 0 });
  await until(() => isGone(pods, "inline", NAMESPACE));
});
