/** What the conformance tests write to kinds whose controllers they do not wait for: lifecycles and statuses. */
import type { CronJob, Job } from "../../shared/api/generated/batch/v1.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import type { PodDisruptionBudget } from "../../shared/api/generated/policy/v1.ts";
import { type ApiAnswer, ask } from "../../test/support/api-request.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly generation?: number };
  readonly status?: object;
}
interface Listed {
  readonly items: readonly Stored[];
}

const MERGE = "application/merge-patch+json";
const template = (restartPolicy?: string): object => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "a", image: "a:1" }], ...(restartPolicy === undefined ? {} : { restartPolicy }) },
});

let api: TestApiServer;
beforeAll(async () => {
  api = await startTestApiServer();
});
afterAll(async () => api.stop());

const write = (method: string, path: string, body?: object): Promise<ApiAnswer> =>
  ask(api, path, { method, body, ...(method === "PATCH" ? { headers: { "content-type": MERGE } } : {}) });
async function written<T>(method: string, path: string, body?: object): Promise<T> {
  const answer = await write(method, path, body);
  expect({ path, code: answer.code, text: answer.code < 300 ? "" : answer.text }).toMatchObject({ text: "" });
  return answer.json<T>();
}
const read = async <T>(path: string): Promise<T> => (await ask(api, path)).json<T>();

interface Kind {
  readonly path: string;
  readonly all: string;
  readonly body: object;
}

const kinds: [string, Kind][] = [
  [
    "cron jobs",
    {
      path: "/apis/batch/v1/namespaces/default/cronjobs",
      all: "/apis/batch/v1/cronjobs",
      body: {
        spec: { schedule: "* * * * *", suspend: true, jobTemplate: { spec: { template: template("OnFailure") } } },
      },
    },
  ],
  [
    "disruption budgets",
    {
      path: "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
      all: "/apis/policy/v1/poddisruptionbudgets",
      body: { spec: { minAvailable: 1, selector: { matchLabels: { app: "web" } } } },
    },
  ],
  [
    "pod templates",
    { path: "/api/v1/namespaces/default/podtemplates", all: "/api/v1/podtemplates", body: { template: template() } },
  ],
  [
    "replication controllers",
    {
      path: "/api/v1/namespaces/default/replicationcontrollers",
      all: "/api/v1/replicationcontrollers",
      body: { spec: { template: template() } },
    },
  ],
  [
    "controller revisions",
    {
      path: "/apis/apps/v1/namespaces/default/controllerrevisions",
      all: "/apis/apps/v1/controllerrevisions",
      body: { revision: 1, data: { spec: {} } },
    },
  ],
  [
    "service accounts",
    { path: "/api/v1/namespaces/default/serviceaccounts", all: "/api/v1/serviceaccounts", body: {} },
  ],
];

describe.each(kinds)("%s", (_, { path, all, body }) => {
  it("are made, found, patched, replaced and deleted, one and all", async () => {
    const labels = { suite: "lifecycle" };
    for (const name of ["one", "two"]) await written("POST", path, { ...body, metadata: { name, labels } });
    const selector = "?labelSelector=suite%3Dlifecycle";
    expect((await read<Listed>(`${all}${selector}`)).items.map(({ metadata }) => metadata.name)).toEqual([
      "one",
      "two",
    ]);
    const patched = await written<Stored>("PATCH", `${path}/one`, { metadata: { annotations: { patched: "true" } } });
    const replaced = await written<Stored>("PUT", `${path}/one`, {
      ...patched,
      metadata: { ...patched.metadata, annotations: { patched: "true", updated: "true" } },
    });
    expect(Number(replaced.metadata.resourceVersion)).toBeGreaterThan(Number(patched.metadata.resourceVersion));
    expect(replaced.metadata).toMatchObject({ annotations: { patched: "true", updated: "true" }, labels });
    expect((await write("PUT", `${path}/one`, patched)).code).toBe(409);
    const gone = "?propagationPolicy=Background";
    expect((await write("DELETE", `${path}/one${gone}`)).code).toBe(200);
    expect((await ask(api, `${path}/one`)).code).toBe(404);
    expect((await write("DELETE", `${path}${selector}&propagationPolicy=Background`)).code).toBe(200);
    expect((await read<Listed>(`${all}${selector}`)).items).toEqual([]);
  });
});

describe("the status", () => {
  it("of a cron job is patched and replaced", async () => {
    const path = "/apis/batch/v1/namespaces/default/cronjobs";
    const spec = { schedule: "* * * * *", suspend: true, jobTemplate: { spec: { template: template("OnFailure") } } };
    await written("POST", path, { metadata: { name: "status" }, spec });
    const lastScheduleTime = "2026-01-01T00:00:00Z";
    const patched = await written<CronJob>("PATCH", `${path}/status/status`, {
      metadata: { annotations: { patchedstatus: "true" } },
      status: { lastScheduleTime },
    });
    expect(patched).toMatchObject({
      status: { lastScheduleTime },
      metadata: { annotations: { patchedstatus: "true" } },
    });
    const later = "2026-01-01T00:01:00Z";
    const replaced = await written<CronJob>("PUT", `${path}/status/status`, {
      ...patched,
      spec: { ...patched.spec, suspend: false },
      status: { lastScheduleTime: later },
    });
    expect(replaced).toMatchObject({ spec: { suspend: true }, status: { lastScheduleTime: later } });
    expect((await read<CronJob>(`${path}/status/status`)).status?.lastScheduleTime).toBe(later);
  });

  it("of a job takes conditions of any type", async () => {
    const path = "/apis/batch/v1/namespaces/default/jobs";
    await written("POST", path, { metadata: { name: "status" }, spec: { suspend: true, template: template("Never") } });
    const startTime = "2026-01-01T00:00:00Z";
    const condition = {
      type: "CustomConditionType",
      status: "True",
      lastTransitionTime: startTime,
      lastProbeTime: startTime,
    };
    const patched = await written<Job>("PATCH", `${path}/status/status`, {
      metadata: { annotations: { patchedstatus: "true" } },
      status: { conditions: [condition], startTime },
    });
    expect(patched.status).toMatchObject({ startTime, conditions: [{ type: "CustomConditionType" }] });
    const later = "2026-01-01T00:01:00Z";
    const replaced = await written<Job>("PUT", `${path}/status/status`, {
      ...patched,
      status: { ...patched.status, startTime: later },
    });
    expect(replaced.status?.startTime).toBe(later);
    expect(
      (
        await write("PATCH", `${path}/status/status`, {
          status: { conditions: [{ type: "Complete", status: "True" }] },
        })
      ).code,
    ).toBe(422);
    const suspended = await written<Job>("PATCH", `${path}/status`, { spec: { suspend: false, parallelism: 2 } });
    expect(suspended).toMatchObject({ metadata: { generation: 2 }, spec: { suspend: false, parallelism: 2 } });
  });

  it("of a disruption budget names disrupted pods until they are taken away", async () => {
    const path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    await written("POST", path, { metadata: { name: "status" }, spec: { minAvailable: 1, selector: {} } });
    const first = await read<PodDisruptionBudget>(`${path}/status`);
    const disruptedPods = { a: "2026-01-01T00:00:00Z" };
    const replaced = await written<PodDisruptionBudget>("PUT", `${path}/status/status`, {
      ...first,
      status: { ...first.status, disruptedPods },
    });
    expect(replaced.status?.disruptedPods).toEqual(disruptedPods);
    const patched = await written<PodDisruptionBudget>("PATCH", `${path}/status/status`, {
      status: { disruptedPods: null },
    });
    expect(patched.status?.disruptedPods).toBeUndefined();
    const unconditional = { metadata: { name: "status" }, spec: { minAvailable: 2, selector: {} } };
    expect((await write("PUT", `${path}/status`, unconditional)).code).toBe(422);
  });

  it("of volumes and claims tells their phase", async () => {
    const [volumes, claims] = ["/api/v1/persistentvolumes", "/api/v1/namespaces/default/persistentvolumeclaims"];
    const size = { storage: "1Gi" };
    await written("POST", volumes, {
      metadata: { name: "status" },
      spec: { capacity: size, accessModes: ["ReadWriteOnce"], hostPath: { path: "/srv" } },
    });
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: size }, storageClassName: "grows" };
    await written("POST", "/apis/storage.k8s.io/v1/storageclasses", {
      metadata: { name: "grows" },
      provisioner: "disk.example.com",
      allowVolumeExpansion: true,
    });
    await written("POST", claims, { metadata: { name: "status" }, spec });
    const volume = await written<PersistentVolume>("PATCH", `${volumes}/status/status`, {
      status: { message: "StatusPatched", reason: "E2E patchStatus", phase: "Available" },
    });
    expect(volume.status).toMatchObject({ message: "StatusPatched", phase: "Available" });
    const condition = { type: "StatusPatched", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" };
    const claim = await written<PersistentVolumeClaim>("PATCH", `${claims}/status/status`, {
      status: { conditions: [condition], phase: "Bound", capacity: size },
    });
    expect(claim.status).toMatchObject({ phase: "Bound", conditions: [{ type: "StatusPatched" }] });
    const grown = await written<PersistentVolumeClaim>("PATCH", `${claims}/status`, {
      spec: { resources: { requests: { storage: "2Gi" } } },
    });
    expect(grown.spec.resources?.requests).toEqual({ storage: "2Gi" });
  });

  it("of a replication controller counts, and its scale sets", async () => {
    const path = "/api/v1/namespaces/default/replicationcontrollers";
    await written("POST", path, { metadata: { name: "status" }, spec: { replicas: 1, template: template() } });
    const patched = await written<Stored>("PATCH", `${path}/status/status`, {
      status: { replicas: 2, readyReplicas: 1, availableReplicas: 0 },
    });
    expect(patched.status).toMatchObject({ replicas: 2, readyReplicas: 1 });
    const scale = await read<object>(`${path}/status/scale`);
    const scaled = await written("PUT", `${path}/status/scale`, { ...scale, spec: { replicas: 2 } });
    expect(scaled).toMatchObject({
      kind: "Scale",
      spec: { replicas: 2 },
      status: { replicas: 2, selector: "app=web" },
    });
  });
});

describe("an empty key", () => {
  it.each(["configmaps", "secrets"])("is nothing that %s have", async (plural) => {
    const answer = await write("POST", `/api/v1/namespaces/default/${plural}`, {
      metadata: { name: "empty" },
      data: { "": "" },
    });
    expect(answer.code).toBe(422);
  });
});
