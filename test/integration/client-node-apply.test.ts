/** Server-side apply by `@kubernetes/client-node`, a client that nobody here wrote: conflicts, force, shared fields. */
import {
  type ApiException,
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Deployment,
} from "@kubernetes/client-node";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";

let server: TestApiServer;
let objects: KubernetesObjectApi;
let core: CoreV1Api;
let apps: AppsV1Api;

beforeAll(async () => {
  server = await startTestApiServer();
  const config = new KubeConfig();
  config.loadFromString(server.kubeconfig());
  objects = KubernetesObjectApi.makeApiClient(config);
  core = config.makeApiClient(CoreV1Api);
  apps = config.makeApiClient(AppsV1Api);
}, 30_000);
afterAll(() => server.stop());

const at = { namespace: "default", name: "shared" };
const settings = (data: Record<string, string>): V1ConfigMap & { metadata: { name: string } } => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: at,
  data,
});
const apply = (
  body: V1ConfigMap & { metadata: { name: string } },
  manager: string,
  force?: boolean,
): Promise<V1ConfigMap> => objects.patch(body, undefined, undefined, manager, force, PatchStrategy.ServerSideApply);

describe("server-side apply by @kubernetes/client-node", () => {
  it("creates, and remembers who owns which field", async () => {
    const created = await apply(settings({ a: "1", b: "1" }), "one");
    expect(created.data).toEqual({ a: "1", b: "1" });
    expect(created.metadata?.managedFields).toMatchObject([
      { manager: "one", operation: "Apply", fieldsV1: { "f:data": { "f:a": {}, "f:b": {} } } },
    ]);
  });

  it("refuses what another owns, with the causes, until it is forced", async () => {
    const refused = (await apply(settings({ a: "2" }), "two").catch((error: unknown) => error)) as ApiException<string>;
    expect(refused.code).toBe(409);
    expect(JSON.parse(refused.body)).toMatchObject({
      reason: "Conflict",
      details: { causes: [{ reason: "FieldManagerConflict", field: ".data.a", message: 'conflict with "one"' }] },
    });
    const forced = await apply(settings({ a: "2" }), "two", true);
    expect(forced.data).toEqual({ a: "2", b: "1" });
  });

  it("removes what its only owner no longer applies", async () => {
    expect((await apply(settings({}), "one")).data).toEqual({ a: "2" });
    expect((await apply(settings({ a: "2" }), "three")).data).toEqual({ a: "2" });
    // Three still has it.
    expect((await apply(settings({}), "two")).data).toEqual({ a: "2" });
    expect((await apply(settings({}), "three")).data ?? {}).toEqual({});
  });

  it("works through the typed clients, and for status alone", async () => {
    const labels = { app: "web" };
    const spec = {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "main", image: "example.test/web:1" }] } },
    };
    const name = { namespace: "default", name: "web" };
    const header = { apiVersion: "apps/v1", kind: "Deployment", metadata: name };
    const options = setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply);
    const body = { ...header, spec };
    const created = await apps.patchNamespacedDeployment({ ...name, body, fieldManager: "one" }, options);
    expect(created.spec?.replicas).toBe(1);
    const status = { ...header, status: { replicas: 3 } };
    const written: V1Deployment = await apps.patchNamespacedDeploymentStatus(
      { ...name, body: status, fieldManager: "controller", force: true },
      options,
    );
    expect(written.status?.replicas).toBe(3);
    const byManager = written.metadata?.managedFields?.toSorted((a, b) =>
      (a.manager ?? "") < (b.manager ?? "") ? -1 : 1,
    );
    expect(byManager).toMatchObject([
      { manager: "controller", operation: "Apply", subresource: "status" },
      { manager: "one", operation: "Apply" },
    ]);
  });

  it("needs a field manager", async () => {
    const options = setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply);
    const refused = await core
      .patchNamespacedConfigMap({ ...at, body: settings({ a: "1" }) }, options)
      .catch((error: unknown) => error);
    expect((refused as ApiException<string>).code).toBe(422);
    expect((refused as ApiException<string>).body).toContain(
      "fieldManager: Required value: is required for apply patch",
    );
  });
});
