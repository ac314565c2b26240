/** Server-side apply and managedFields as clients see them: over HTTP, with subresources and options. */
import type { ManagedFieldsEntry } from "../../../shared/api/generated/meta/v1.ts";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import { type ApiAnswer, ask } from "../../../test/support/api-request.ts";
import { startTestApiServer, type TestApiServer } from "../../../test/support/api-server.ts";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const APPLY = { "content-type": "application/apply-patch+yaml" };

let api: TestApiServer;
beforeAll(async () => {
  api = await startTestApiServer();
});
afterAll(() => api.stop());

let count = 0;
const newName = (): string => `web-${++count}`;

const config = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, ...metadata },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "example/web:1" }] } },
    ...spec,
  },
});

const apply = (path: string, body: unknown, query: string): Promise<ApiAnswer> =>
  ask(api, `${DEPLOYMENTS}/${path}?${query}`, { method: "PATCH", headers: APPLY, body });

const entries = (answer: ApiAnswer): string[] =>
  (answer.json<KubeObject>().metadata.managedFields ?? []).map(
    ({ manager = "", operation = "", subresource }: ManagedFieldsEntry) =>
      `${manager} ${operation}${subresource === undefined ? "" : ` ${subresource}`}`,
  );

const entryOf = (answer: ApiAnswer, manager: string): ManagedFieldsEntry | undefined =>
  answer.json<KubeObject>().metadata.managedFields?.find((entry) => entry.manager === manager);

describe("server-side apply", () => {
  it("creates what is missing, and changes nothing when it is applied again", async () => {
    const name = newName();
    const created = await apply(name, config(name), "fieldManager=a");
    expect([created.code, entries(created)]).toEqual([201, ["a Apply"]]);
    const again = await apply(name, config(name), "fieldManager=a");
    expect([again.code, again.json()]).toEqual([200, created.json()]);
  });

  it("tells of conflicts with a cause for each field, and takes over by force", async () => {
    const name = newName();
    await apply(name, config(name, { replicas: 1 }), "fieldManager=a");
    const refused = await apply(name, config(name, { replicas: 2 }), "fieldManager=b");
    expect(refused.json()).toMatchObject({
      status: "Failure",
      reason: "Conflict",
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "a": .spec.replicas',
      details: { causes: [{ reason: "FieldManagerConflict", message: 'conflict with "a"', field: ".spec.replicas" }] },
    });
    const forced = await apply(name, config(name, { replicas: 2 }), "fieldManager=b&force=true");
    expect([forced.code, forced.json()]).toMatchObject([200, { spec: { replicas: 2 } }]);
    expect(JSON.stringify(entryOf(forced, "a")?.fieldsV1)).not.toContain("f:replicas");
  });

  it("writes nothing when it only tries", async () => {
    const name = newName();
    expect((await apply(name, config(name), "fieldManager=a&dryRun=All")).code).toBe(201);
    expect((await ask(api, `${DEPLOYMENTS}/${name}`)).code).toBe(404);
  });

  it("owns the status on its own", async () => {
    const name = newName();
    const created = await apply(name, config(name), "fieldManager=a");
    const condition = { type: "Available", status: "True", lastTransitionTime: "2030-01-01T00:00:00Z" };
    const status = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name },
      status: { conditions: [condition] },
    };
    const applied = await apply(`${name}/status`, status, "fieldManager=controller");
    expect([applied.code, entries(applied)]).toEqual([200, ["a Apply", "controller Apply status"]]);
    expect(entryOf(applied, "controller")?.fieldsV1).toEqual({
      "f:status": {
        "f:conditions": {
          'k:{"type":"Available"}': { ".": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {} },
        },
      },
    });
    expect(entryOf(applied, "a")).toEqual(entryOf(created, "a"));
    const gone = await apply(`${name}/status`, { ...status, status: {} }, "fieldManager=controller");
    expect(gone.json<{ status: object }>().status).toEqual({});
  });

  it("scales, and then conflicts over the replicas", async () => {
    const name = newName();
    await apply(name, config(name, { replicas: 1 }), "fieldManager=a");
    const scale = (replicas: number): object => ({
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name, namespace: "default" },
      spec: { replicas },
    });
    const refused = await apply(`${name}/scale`, scale(3), "fieldManager=autoscaler");
    expect([refused.code, refused.json()]).toMatchObject([409, { details: { causes: [{ field: ".spec.replicas" }] } }]);
    const scaled = await apply(`${name}/scale`, scale(3), "fieldManager=autoscaler&force=true");
    expect([scaled.code, scaled.json()]).toMatchObject([200, { kind: "Scale", spec: { replicas: 3 } }]);
    const now = await ask(api, `${DEPLOYMENTS}/${name}`);
    expect([now.json(), entries(now)]).toMatchObject([
      { spec: { replicas: 3 } },
      ["a Apply", "autoscaler Apply scale"],
    ]);
    expect((await apply(name, config(name, { replicas: 1 }), "fieldManager=a")).json()).toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "autoscaler" with subresource "scale": .spec.replicas',
    });
    expect((await apply(name, config(name), "fieldManager=a")).json()).toMatchObject({ spec: { replicas: 3 } });
  });

  it.each<[string, unknown, string, number, string]>([
    ["without a manager", config("x"), "", 422, "fieldManager: Required value: is required for apply patch"],
    [
      "with managedFields of its own",
      config("x", {}, { managedFields: [{ manager: "y" }] }),
      "fieldManager=a",
      400,
      "metadata.managedFields must be nil",
    ],
    ["of an unknown field", config("x", { foo: 1 }), "fieldManager=a", 500, ".spec.foo: field not declared in schema"],
    [
      "of another version",
      { ...config("x"), apiVersion: "apps/v1beta1" },
      "fieldManager=a",
      400,
      "Incorrect version specified in apply patch. Specified patch version: apps/v1beta1, expected: apps/v1",
    ],
    ["of another name", config("other"), "fieldManager=a", 400, "does not match the name on the URL"],
    ["that is no object", [1], "fieldManager=a", 400, "must be an object"],
    [
      "whose outcome is not valid",
      config("x", { replicas: -1 }),
      "fieldManager=a",
      422,
      "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
    ],
  ])("is refused %s", async (_, body, query, code, message) => {
    const answer = await apply("x", body, query);
    expect([answer.code, answer.json<{ message: string }>().message]).toEqual([code, expect.stringContaining(message)]);
  });
});

describe("other writes", () => {
  it("are owned by the program that the request names, by its agent otherwise", async () => {
    const name = newName();
    const headers = { "user-agent": "kubectl/v1.36.4 (linux/amd64) kubernetes/abc" };
    const created = await ask(api, DEPLOYMENTS, { method: "POST", headers, body: config(name) });
    expect(entries(created)).toEqual(["kubectl Update"]);
    const merge = { "content-type": "application/merge-patch+json" };
    const patch = { method: "PATCH", headers: merge, body: { spec: { replicas: 3 } } };
    const patched = await ask(api, `${DEPLOYMENTS}/${name}?fieldManager=tool`, patch);
    expect(entries(patched)).toEqual(["kubectl Update", "tool Update"]);
    expect(entryOf(patched, "tool")).toMatchObject({
      apiVersion: "apps/v1",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:spec": { "f:replicas": {} } },
    });
    expect(entryOf(patched, "tool")?.time).toMatch(/Z$/u);
  });

  it("that change nothing leave the object as it is", async () => {
    const name = newName();
    const created = (await ask(api, DEPLOYMENTS, { method: "POST", body: config(name) })).json<KubeObject>();
    const put = { method: "PUT", body: created };
    const updated = await ask(api, `${DEPLOYMENTS}/${name}?fieldManager=other`, put);
    expect(updated.json()).toEqual(created);
  });

  it("of the status and of the scale are told apart", async () => {
    const name = newName();
    await ask(api, `${DEPLOYMENTS}?fieldManager=a`, { method: "POST", body: config(name) });
    const merge = { "content-type": "application/merge-patch+json" };
    const patch = (path: string, body: object): Promise<ApiAnswer> =>
      ask(api, `${DEPLOYMENTS}/${name}/${path}?fieldManager=a`, { method: "PATCH", headers: merge, body });
    await patch("status", { status: { replicas: 1 }, spec: { paused: true } });
    await patch("scale", { spec: { replicas: 4 } });
    const now = await ask(api, `${DEPLOYMENTS}/${name}`);
    expect(entries(now).toSorted()).toEqual(["a Update", "a Update scale", "a Update status"]);
    expect(now.json<{ spec: object }>().spec).not.toHaveProperty("paused");
  });

  it("of a part own nothing but the part", async () => {
    const send = (path: string, body: object): Promise<ApiAnswer> =>
      ask(api, `/api/v1/namespaces/default/${path}?fieldManager=a`, { method: "POST", body });
    await send("serviceaccounts", { metadata: { name: "default" } });
    await send("pods", { metadata: { name: "debugged" }, spec: { containers: [{ name: "main", image: "none" }] } });
    const patched = await ask(api, "/api/v1/namespaces/default/pods/debugged/ephemeralcontainers?fieldManager=b", {
      method: "PATCH",
      headers: { "content-type": "application/strategic-merge-patch+json" },
      body: {
        metadata: { labels: { ignored: "yes" } },
        spec: { ephemeralContainers: [{ name: "debug", image: "none" }] },
      },
    });
    expect([patched.code, entries(patched)]).toEqual([200, ["a Update", "b Update ephemeralcontainers"]]);
    expect(Object.keys(entryOf(patched, "b")?.fieldsV1 ?? {})).toEqual(["f:spec"]);
  });

  it("may hand in entries, or take all of them away", async () => {
    const name = newName();
    await apply(name, config(name), "fieldManager=a");
    const json = { "content-type": "application/json-patch+json" };
    const reset = [{ op: "replace", path: "/metadata/managedFields", value: [{}] }];
    const cleared = await ask(api, `${DEPLOYMENTS}/${name}`, { method: "PATCH", headers: json, body: reset });
    expect([cleared.code, entries(cleared)]).toEqual([200, []]);
    const first = await apply(name, config(name), "fieldManager=b");
    expect(entries(first)).toEqual(["b Apply", "before-first-apply Update"]);
  });
});
