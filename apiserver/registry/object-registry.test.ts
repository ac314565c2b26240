import type { ConfigMap, Namespace, Pod } from "../../shared/api/generated/core/v1.ts";
import { StatusError } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { configMaps, deployments, leases, namespaces, pods } from "../../shared/resources/catalog.ts";
import type { AdmissionPlugin } from "../admission/admission.ts";
import { builtInStrategies } from "../resources/all.ts";
import { applySchemaDefaults } from "../schema/defaults.ts";
import { MemoryStorage } from "../storage/memory/memory-storage.ts";
import { generatedName } from "./generated-name.ts";
import { ObjectRegistry } from "./object-registry.ts";
import type { WriteHook } from "./write-hook.ts";

const user = { name: "u", uid: "", groups: [], extra: {} };
const by = { user };
const inDefault = { user, namespace: "default" };

interface Setup {
  readonly admission?: AdmissionPlugin[];
  readonly hooks?: WriteHook[];
  readonly random?: () => number;
}

function setUp({ admission = [], hooks = [], random = Math.random }: Setup = {}): {
  registry: ObjectRegistry;
  storage: MemoryStorage;
} {
  const storage = new MemoryStorage(systemClock);
  let uids = 0;
  const clock = { ...systemClock, random };
  const newUid = (): string => `uid-${++uids}`;
  const registry = new ObjectRegistry(
    { storage, admission, hooks, clock, newUid, applySchemaDefaults },
    builtInStrategies,
  );
  return { registry, storage };
}

const draft = (name: string, data: Record<string, string> = { a: "b" }) => ({ metadata: { name }, data });
const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
const deployment = { metadata: { name: "d" }, spec: { selector: { matchLabels: { a: "b" } }, template } };

async function refusal(promise: Promise<unknown>): Promise<{ code: number; reason: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, reason: error.reason, message: error.message };
    throw error;
  }
  throw new Error("was not refused");
}

describe("create", () => {
  it("fills in what is the server's and answers the stored bytes", async () => {
    const { registry } = setUp();
    const { object, json } = await registry.create(configMaps, draft("c"), inDefault);
    expect(object.metadata).toMatchObject({ name: "c", namespace: "default", uid: "uid-1", resourceVersion: "2" });
    expect(JSON.parse(json.toString())).toEqual(object);
    expect((await registry.get(configMaps, "default", "c")).object).toEqual(object);
  });

  it("does not take what only the server may set", async () => {
    const { registry } = setUp();
    const metadata = {
      name: "c",
      uid: "mine",
      creationTimestamp: "2000-01-01T00:00:00Z",
      deletionTimestamp: "2000-01-01T00:00:00Z",
    };
    const { object } = await registry.create(configMaps, { metadata }, inDefault);
    expect(object.metadata.uid).toBe("uid-1");
    expect(object.metadata.creationTimestamp).not.toBe("2000-01-01T00:00:00Z");
    expect(object.metadata.deletionTimestamp).toBeUndefined();
  });

  it("refuses a resourceVersion, another namespace, a bad name and a second object of that name", async () => {
    const { registry } = setUp();
    const versioned = { metadata: { name: "c", resourceVersion: "7" } };
    expect(await refusal(registry.create(configMaps, versioned, inDefault))).toMatchObject({
      code: 400,
      message: "resourceVersion should not be set on objects to be created",
    });
    expect(
      await refusal(registry.create(configMaps, { metadata: { name: "c", namespace: "x" } }, inDefault)),
    ).toMatchObject({
      message: "the namespace of the provided object does not match the namespace sent on the request",
    });
    expect(await refusal(registry.create(configMaps, draft("A_"), inDefault))).toMatchObject({ code: 422 });
    await registry.create(configMaps, draft("c"), inDefault);
    expect(await refusal(registry.create(configMaps, draft("c"), inDefault))).toEqual({
      code: 409,
      reason: "AlreadyExists",
      message: 'configmaps "c" already exists',
    });
  });

  it("tries eight generated names before it gives up", async () => {
    let calls = 0;
    // The first object takes the name of only first letters; afterwards it takes seven more attempts to leave it.
    const { registry } = setUp({ random: () => (calls++ < 5 * 8 ? 0 : 0.5) });
    const generated = { metadata: { generateName: "g-" } };
    expect((await registry.create(configMaps, generated, inDefault)).object.metadata.name).toBe("g-bbbbb");
    expect((await registry.create(configMaps, generated, inDefault)).object.metadata.name).not.toBe("g-bbbbb");
    const stuck = setUp({ random: () => 0 }).registry;
    await stuck.create(configMaps, generated, inDefault);
    expect(await refusal(stuck.create(configMaps, generated, inDefault))).toMatchObject({
      reason: "AlreadyExists",
      message: 'configmaps "g-bbbbb" already exists, the server was not able to generate a unique name for the object',
    });
  });

  it("cuts a long base of a generated name so that the name is a label", () => {
    expect(generatedName("x".repeat(80), () => 0)).toBe(`${"x".repeat(58)}bbbbb`);
  });

  it("stores nothing in a dry run, but refuses what exists", async () => {
    const { registry } = setUp();
    const dry = { ...inDefault, isDryRun: true };
    const { object } = await registry.create(configMaps, draft("c"), dry);
    expect(object.metadata.uid).toBe("uid-1");
    expect(object.metadata.resourceVersion).toBeUndefined();
    expect(await refusal(registry.get(configMaps, "default", "c"))).toMatchObject({ code: 404 });
    await registry.create(configMaps, draft("c"), inDefault);
    expect(await refusal(registry.create(configMaps, draft("c"), dry))).toMatchObject({ reason: "AlreadyExists" });
  });

  it("refuses what no store could hold", async () => {
    const { registry } = setUp();
    const big = { metadata: { name: "c" }, data: { a: "x".repeat(1_600_000) } };
    expect((await refusal(registry.create(configMaps, big, inDefault))).code).toBeGreaterThanOrEqual(413);
  });

  it("runs mutating admission before validation and validating admission after it", async () => {
    const order: string[] = [];
    const plugin: AdmissionPlugin = {
      name: "P",
      mutate: ({ object }) => {
        order.push("mutate");
        if (object !== undefined) object.metadata.labels = { added: "yes" };
      },
      validate: ({ object }) => {
        order.push(`validate ${object?.metadata.labels?.["added"] ?? ""}`);
      },
    };
    const { registry } = setUp({ admission: [plugin] });
    const { object } = await registry.create(configMaps, draft("c"), inDefault);
    expect(order).toEqual(["mutate", "validate yes"]);
    expect(object.metadata.labels).toEqual({ added: "yes" });
    order.length = 0;
    await refusal(registry.create(configMaps, draft("A_"), inDefault));
    expect(order).toEqual(["mutate"]);
  });

  it("undoes the side effects of a write that is refused, and keeps those of one that happened", async () => {
    const seen: string[] = [];
    const outcome = (name: string) => ({
      committed: () => Promise.resolve(void seen.push(`committed ${name}`)),
      aborted: () => Promise.resolve(void seen.push(`aborted ${name}`)),
    });
    const hook: WriteHook = {
      groupResource: "configmaps",
      begin: (next) => Promise.resolve(outcome(next.metadata.name)),
      afterDelete: (gone) => Promise.resolve(void seen.push(`gone ${gone.metadata.name}`)),
    };
    const { registry } = setUp({ hooks: [hook] });
    await registry.create(configMaps, draft("c"), inDefault);
    await refusal(registry.create(configMaps, draft("c"), inDefault));
    await refusal(registry.create(configMaps, draft("A_"), inDefault));
    await registry.create(configMaps, draft("dry"), { ...inDefault, isDryRun: true });
    await registry.delete(configMaps, "default", "c", {}, by);
    expect(seen).toEqual(["committed c", "aborted c", "aborted A_", "aborted dry", "gone c"]);
  });
});

describe("update", () => {
  const replace =
    (data: Record<string, string>, metadata: object = {}) =>
    (current: ConfigMap | undefined) => ({
      ...current,
      metadata: { ...current?.metadata, name: "c", ...metadata },
      data,
    });

  it("writes only what changed", async () => {
    const { registry } = setUp();
    const created = await registry.create(configMaps, draft("c"), inDefault);
    const same = await registry.update(configMaps, "default", "c", replace({ a: "b" }), by);
    expect(same.object.metadata.resourceVersion).toBe(created.object.metadata.resourceVersion);
    const next = await registry.update(configMaps, "default", "c", replace({ a: "c" }), by);
    expect(Number(next.object.metadata.resourceVersion)).toBeGreaterThan(
      Number(created.object.metadata.resourceVersion),
    );
    expect(next.object.metadata.uid).toBe("uid-1");
  });

  it("refuses an older resourceVersion and another uid, and goes ahead without them", async () => {
    const { registry } = setUp();
    await registry.create(configMaps, draft("c"), inDefault);
    await registry.update(configMaps, "default", "c", replace({ a: "1" }), by);
    expect(
      await refusal(registry.update(configMaps, "default", "c", replace({ a: "2" }, { resourceVersion: "2" }), by)),
    ).toEqual({
      code: 409,
      reason: "Conflict",
      message:
        'Operation cannot be fulfilled on configmaps "c": the object has been modified; please apply your changes to the latest version and try again',
    });
    const otherUid = replace({ a: "2" }, { uid: "other" });
    expect(await refusal(registry.update(configMaps, "default", "c", otherUid, by))).toMatchObject({
      reason: "Conflict",
    });
    const unconditional = replace({ a: "2" }, { resourceVersion: undefined, uid: undefined });
    const { object } = await registry.update(configMaps, "default", "c", unconditional, by);
    expect(object.data).toEqual({ a: "2" });
  });

  it("applies two changes at a time one after the other", async () => {
    const { registry } = setUp();
    await registry.create(configMaps, draft("c", { count: "0" }), inDefault);
    const increment = (current: ConfigMap | undefined) => ({
      ...current,
      metadata: { ...current?.metadata, name: "c" },
      data: { count: String(Number(current?.data?.["count"]) + 1) },
    });
    await Promise.all(Array.from({ length: 50 }, () => registry.update(configMaps, "default", "c", increment, by)));
    expect((await registry.get(configMaps, "default", "c")).object.data).toEqual({ count: "50" });
  });

  it("counts the generation up with the spec only, and takes the status by /status only", async () => {
    const { registry } = setUp();
    const created = await registry.create(deployments, { ...deployment, status: { replicas: 9 } }, inDefault);
    expect(created.object.metadata.generation).toBe(1);
    expect(created.object.status?.replicas).toBeUndefined();
    const labelled = await registry.update(
      deployments,
      "default",
      "d",
      (d) => ({ ...d, metadata: { ...d?.metadata, name: "d", labels: { x: "y" } } }),
      by,
    );
    expect(labelled.object.metadata.generation).toBe(1);
    const scaled = await registry.update(
      deployments,
      "default",
      "d",
      (d) => ({
        ...deployment,
        metadata: { name: "d" },
        spec: { ...deployment.spec, ...d?.spec, replicas: 5 },
        status: { replicas: 7 },
      }),
      by,
    );
    expect(scaled.object.metadata.generation).toBe(2);
    expect(scaled.object.status?.replicas).toBeUndefined();
    const reported = await registry.update(
      deployments,
      "default",
      "d",
      (d) => ({
        ...deployment,
        metadata: { name: "d" },
        spec: { ...deployment.spec, ...d?.spec, replicas: 1 },
        status: { replicas: 7 },
      }),
      { ...by, mode: "status" },
    );
    expect(reported.object).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 5 },
      status: { replicas: 7 },
    });
  });

  it("creates a missing object where that is allowed", async () => {
    const { registry } = setUp();
    expect(await refusal(registry.update(configMaps, "default", "c", replace({}), by))).toMatchObject({ code: 404 });
    const result = await registry.update(leases, "default", "l", () => ({ metadata: { name: "l" } }), {
      ...by,
      createIfMissing: true,
    });
    expect(result.wasCreated).toBe(true);
    expect(result.object.metadata).toMatchObject({ name: "l", namespace: "default", uid: "uid-1" });
  });

  it("removes an object with its last finalizer, and lets nobody add one meanwhile", async () => {
    const { registry, storage } = setUp();
    await registry.create(configMaps, { metadata: { name: "c", finalizers: ["a/b"] } }, inDefault);
    const { isGone } = await registry.delete(configMaps, "default", "c", {}, by);
    expect(isGone).toBe(false);
    const added = replace({}, { finalizers: ["a/b", "a/c"] });
    expect(await refusal(registry.update(configMaps, "default", "c", added, by))).toMatchObject({
      code: 422,
      message:
        'ConfigMap "c" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/c"}',
    });
    await registry.update(configMaps, "default", "c", replace({}, { finalizers: [] }), by);
    expect((await storage.get("/registry/configmaps/default/c")).item).toBeUndefined();
  });

  it("writes nothing in a dry run", async () => {
    const { registry } = setUp();
    await registry.create(configMaps, draft("c"), inDefault);
    const { object } = await registry.update(configMaps, "default", "c", replace({ a: "z" }), {
      ...by,
      isDryRun: true,
    });
    expect(object.data).toEqual({ a: "z" });
    expect((await registry.get(configMaps, "default", "c")).object.data).toEqual({ a: "b" });
  });
});

describe("delete", () => {
  it("holds to its preconditions", async () => {
    const { registry } = setUp();
    await registry.create(configMaps, draft("c"), inDefault);
    const wrong = registry.delete(configMaps, "default", "c", { preconditions: { uid: "other" } }, by);
    expect(await refusal(wrong)).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "c": Precondition failed: UID in precondition: other, UID in object meta: uid-1',
    });
    const stale = registry.delete(configMaps, "default", "c", { preconditions: { resourceVersion: "1" } }, by);
    expect(await refusal(stale)).toMatchObject({ reason: "Conflict" });
    const { isGone, object } = await registry.delete(
      configMaps,
      "default",
      "c",
      { preconditions: { uid: "uid-1" } },
      by,
    );
    expect([isGone, object.metadata.uid]).toEqual([true, "uid-1"]);
    expect(await refusal(registry.delete(configMaps, "default", "c", {}, by))).toMatchObject({ code: 404 });
  });

  it("gives a pod its grace, and the kubelet's zero ends it", async () => {
    const { registry } = setUp();
    const pod = { metadata: { name: "p" }, spec: { nodeName: "n", containers: [{ name: "c", image: "i" }] } };
    await registry.create(pods, pod as Pod, inDefault);
    const first = await registry.delete(pods, "default", "p", {}, by);
    expect(first.isGone).toBe(false);
    expect(first.object.metadata.deletionGracePeriodSeconds).toBe(30);
    const last = await registry.delete(pods, "default", "p", { gracePeriodSeconds: 0 }, by);
    expect(last.isGone).toBe(true);
  });

  it("keeps a namespace until its finalizers are gone", async () => {
    const { registry } = setUp();
    await registry.create(namespaces, { metadata: { name: "n" } }, by);
    const marked = await registry.delete(namespaces, "", "n", {}, by);
    expect(marked.object).toMatchObject({ spec: { finalizers: ["kubernetes"] }, status: { phase: "Terminating" } });
    const finalize = (current: Namespace | undefined): Namespace => ({
      ...current,
      metadata: { ...current?.metadata, name: "n" },
      spec: { finalizers: [] },
    });
    await registry.update(namespaces, "", "n", finalize, { ...by, mode: "raw" });
    expect(await refusal(registry.get(namespaces, "", "n"))).toMatchObject({ code: 404 });
  });

  it("changes nothing in a dry run", async () => {
    const { registry } = setUp();
    await registry.create(configMaps, draft("c"), inDefault);
    expect((await registry.delete(configMaps, "default", "c", {}, { ...by, isDryRun: true })).isGone).toBe(true);
    expect((await registry.get(configMaps, "default", "c")).object.metadata.name).toBe("c");
  });
});
