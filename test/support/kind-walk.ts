/**
 * Every kind through everything that a client can do with it, over HTTP on a whole server, as upstream's "should
 * support … API operations" do and further. Generated from the strategies: a new kind walks along by being served.
 * Run for each store.
 */
import type { AnyStrategy } from "../../apiserver/registry/strategy.ts";
import { builtInStrategies } from "../../apiserver/resources/all.ts";
import { apiVersionOf, type KubeObject } from "../../shared/resources/resource.ts";
import type { TestApiServer } from "./api-server.ts";
import { hasFreeName } from "./example-objects.ts";
import { KindClient, NAMESPACE, objectOf, outcome, walkAgent } from "./kind-client.ts";
import { protobufOf } from "./protobuf-writer.ts";

const LABEL = "walk=yes";
const LABELS = { labels: { walk: "yes" } };
const SELECTED = `labelSelector=${encodeURIComponent(LABEL)}`;

/** Names and addresses that the server makes up in specs. */
const MADE_UP = /kube-api-access-[a-z0-9]{5}|10\.96\.\d+\.\d+/gu;

interface List {
  readonly kind: string;
  readonly items: readonly KubeObject[];
}

interface Table {
  readonly kind: string;
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: KubeObject }[];
}

/** What the server adds to an object, and what differs between two of them. */
function withoutSystemFields(object: KubeObject): object {
  const { uid: ownUid = "" } = object.metadata;
  const { name: _name, uid: _uid, resourceVersion: _version, creationTimestamp: _time, ...metadata } = object.metadata;
  const { managedFields: _fields, labels: _labels, ...rest } = metadata;
  const text = JSON.stringify({ ...object, metadata: rest }).replaceAll(ownUid, "the uid");
  return JSON.parse(text.replaceAll(MADE_UP, "made up")) as object;
}

/** Registers the tests; `start` makes a server on the store in question. */
export function walkKinds(start: () => Promise<TestApiServer>): void {
  let api: TestApiServer;
  beforeAll(async () => {
    api = await start();
    // No controller makes it here, and pods need it.
    await new KindClient(api, strategyOf("serviceaccounts")).create({ metadata: { name: "default" } });
  });
  afterAll(async () => {
    walkAgent.destroy();
    await api.stop();
  });

  const kinds = builtInStrategies.map((strategy) => ({
    name: `${apiVersionOf(strategy.resource)} ${strategy.resource.kind}`,
    strategy,
  }));
  const storedKinds = kinds.filter(({ strategy }) => strategy.use(({ verbs }) => verbs.includes("update")));
  const clientOf = (strategy: AnyStrategy): KindClient => new KindClient(api, strategy);

  it.each(storedKinds)("creates, reads, watches, patches, updates and deletes: $name", ({ strategy }) =>
    walkVerbs(clientOf(strategy)),
  );
  it.each(storedKinds)("reads JSON, YAML and protobuf alike: $name", ({ strategy }) => walkForms(clientOf(strategy)));
  it.each(storedKinds)("shows tables and bare metadata: $name", ({ strategy }) => walkViews(clientOf(strategy)));
  it.each(storedKinds)("tries without writing, and makes up names: $name", ({ strategy }) =>
    walkOptions(clientOf(strategy)),
  );
  it.each(storedKinds)("refuses what does not fit: $name", ({ strategy }) => walkRefusals(clientOf(strategy)));
  it.each(storedKinds.filter(({ strategy }) => strategy.use(({ status }) => status !== undefined)))(
    "reads and writes the status apart from the rest: $name",
    ({ strategy }) => walkStatus(clientOf(strategy)),
  );
  it.each(storedKinds.filter(({ strategy }) => strategy.use(({ scale }) => scale !== undefined)))(
    "scales: $name",
    ({ strategy }) => walkScale(clientOf(strategy)),
  );
  it.each(kinds)("answers 405 to verbs that it has not: $name", async ({ strategy }) => {
    const client = clientOf(strategy);
    const all = { method: "DELETE", body: {} };
    if (!client.offers("deletecollection")) expect((await client.send(client.collection, all)).code).toBe(405);
    if (!client.offers("list")) expect((await client.send(client.collection)).code).toBe(405);
    if (!client.offers("create")) expect((await client.create({})).code).toBe(405);
    if (!client.offers("get")) expect([404, 405]).toContain((await client.send(client.path(0))).code);
  });
}

export function strategyOf(plural: string, group = ""): AnyStrategy {
  const found = builtInStrategies.find(({ resource }) => resource.plural === plural && resource.group === group);
  if (found === undefined) throw new Error(`${plural} is not served`);
  return found;
}

async function walkVerbs(client: KindClient): Promise<void> {
  const [first, second] = [client.name(0), client.name(1)];
  const events = await client.watch(LABEL, 7);
  const created = await client.create(client.body(0, LABELS));
  expect(outcome(created, 201)).toEqual([201, ""]);
  expect((await client.create(client.body(0))).code).toBe(409);
  expect(objectOf(await client.send(client.path(0)))).toEqual(objectOf(created));
  for (const path of [client.collection, client.everywhere]) {
    const { kind, items } = (await client.send(`${path}?${SELECTED}`)).json<List>();
    expect([kind, items.map(({ metadata }) => metadata.name)]).toEqual([`${client.kind}List`, [first]]);
  }
  const field = `fieldSelector=${encodeURIComponent(`metadata.name=${first}`)}`;
  expect((await client.send(`${client.collection}?${field}`)).json<List>().items).toHaveLength(1);

  let patched = created;
  for (const [type, patch] of client.annotationPatches(client.path(0), first)) {
    patched = await patch();
    expect([type, ...outcome(patched, 200)]).toEqual([type, 200, ""]);
    expect(objectOf(patched).metadata.annotations).toMatchObject({ [type]: "yes" });
  }
  const changed = objectOf(patched);
  changed.metadata.annotations = { ...changed.metadata.annotations, update: "yes" };
  const updated = await client.send(client.path(0), { method: "PUT", body: changed });
  expect(outcome(updated, 200)).toEqual([200, ""]);
  const annotations = { merge: "yes", strategic: "yes", json: "yes", apply: "yes", update: "yes" };
  expect(objectOf(updated).metadata.annotations).toMatchObject(annotations);
  expect((await client.send(client.path(0), { method: "PUT", body: changed })).code).toBe(409);

  const wrong = { preconditions: { uid: "other" } };
  expect((await client.send(client.path(0), { method: "DELETE", body: wrong })).code).toBe(409);
  expect((await client.remove(0)).code).toBe(200);
  expect((await client.send(client.path(0))).code).toBe(404);
  expect((await client.send(client.path(0), { method: "DELETE" })).code).toBe(404);
  await walkDeleteCollection(client);
  expect((await events.seen).slice(0, 6)).toEqual([
    `ADDED ${first}`,
    ...Array.from({ length: 5 }, () => `MODIFIED ${first}`),
  ]);
  expect((await client.send(client.path(1))).code).toBe(404);
  expect(second).not.toBe(first);
}

async function walkDeleteCollection(client: KindClient): Promise<void> {
  expect(outcome(await client.create(client.body(1, LABELS)), 201)).toEqual([201, ""]);
  if (!client.offers("deletecollection")) {
    await client.remove(1);
    return;
  }
  const now = { method: "DELETE", body: { gracePeriodSeconds: 0, propagationPolicy: "Background" } };
  expect((await client.send(`${client.collection}?${SELECTED}`, now)).code).toBe(200);
  await client.letGo(1);
  expect((await client.send(`${client.collection}?${SELECTED}`)).json<List>().items).toEqual([]);
}

async function walkForms(client: KindClient): Promise<void> {
  const made: object[] = [];
  for (const contentType of ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]) {
    const body = client.body(0);
    const bytes = contentType.endsWith("protobuf")
      ? protobufOf(client.strategy.resource, body)
      : Buffer.from(JSON.stringify(body));
    const answer = await client.send(`${client.collection}?fieldValidation=Strict`, {
      method: "POST",
      headers: { "content-type": contentType, "content-length": String(bytes.length) },
      body: bytes,
    });
    expect([contentType, ...outcome(answer, 201)]).toEqual([contentType, 201, ""]);
    made.push(withoutSystemFields(objectOf(answer)));
    await client.remove(0);
  }
  expect(made[1]).toEqual(made[0]);
  expect(made[2]).toEqual(made[0]);
}

async function walkViews(client: KindClient): Promise<void> {
  expect(outcome(await client.create(client.body(0, LABELS)), 201)).toEqual([201, ""]);
  const accept = (as: string): { headers: { accept: string } } => ({
    headers: { accept: `application/json;as=${as};v=v1;g=meta.k8s.io` },
  });
  for (const path of [client.path(0), `${client.collection}?${SELECTED}`]) {
    const table = (await client.send(path, accept("Table"))).json<Table>();
    expect([table.kind, table.rows.length]).toEqual(["Table", 1]);
    expect(table.rows[0]?.cells).toHaveLength(table.columnDefinitions.length);
    expect(table.rows[0]?.object).toMatchObject({
      kind: "PartialObjectMetadata",
      metadata: { name: client.name(0) },
    });
  }
  const one = objectOf(await client.send(client.path(0), accept("PartialObjectMetadata")));
  expect([one.kind, Object.keys(one).toSorted()]).toEqual([
    "PartialObjectMetadata",
    ["apiVersion", "kind", "metadata"],
  ]);
  const path = `${client.collection}?${SELECTED}`;
  const list = (await client.send(path, accept("PartialObjectMetadataList"))).json<List>();
  expect([list.kind, list.items.map(({ metadata }) => metadata.name)]).toEqual([
    "PartialObjectMetadataList",
    [client.name(0)],
  ]);
  await client.remove(0);
}

async function walkOptions(client: KindClient): Promise<void> {
  const dry = "?dryRun=All";
  const tried = await client.create(client.body(0), dry);
  expect(outcome(tried, 201)).toEqual([201, ""]);
  expect(objectOf(tried).metadata.uid).toMatch(/^[0-9a-f-]{36}$/u);
  expect((await client.send(client.path(0))).code).toBe(404);

  const created = objectOf(await client.create(client.body(0)));
  const changed = { ...created, metadata: { ...created.metadata, annotations: { tried: "yes" } } };
  const updated = await client.send(`${client.path(0)}${dry}`, { method: "PUT", body: changed });
  expect(objectOf(updated).metadata.annotations).toMatchObject({ tried: "yes" });
  expect((await client.send(`${client.path(0)}${dry}`, { method: "DELETE" })).code).toBe(200);
  expect(objectOf(await client.send(client.path(0)))).toEqual(created);
  await client.remove(0);

  if (!hasFreeName(client.strategy)) return;
  const { name: _name, ...metadata } = client.body(1).metadata;
  const generated = await client.create({ ...client.body(1), metadata: { ...metadata, generateName: "walk-" } });
  expect(outcome(generated, 201)).toEqual([201, ""]);
  const { name } = objectOf(generated).metadata;
  expect(name).toMatch(/^walk-[a-z0-9]{5}$/u);
  const path = `${client.collection}/${name}`;
  await client.send(path, { method: "DELETE", body: { gracePeriodSeconds: 0 } });
  await client.patch(path, "merge", { metadata: { finalizers: null } });
}

async function walkRefusals(client: KindClient): Promise<void> {
  const unknown = { ...client.body(0), walked: true };
  const strict = await client.create(unknown, "?fieldValidation=Strict");
  expect([strict.code, strict.text]).toEqual([400, expect.stringContaining("strict decoding error: unknown field")]);
  const warned = await client.create(unknown, "?dryRun=All&fieldValidation=Warn");
  expect(outcome(warned, 201)).toEqual([201, ""]);
  expect(warned.headers["warning"]).toContain('unknown field \\"walked\\"');

  const other = client.kind === "ConfigMap" ? "Secret" : "ConfigMap";
  const wrongKind = await client.create({ ...client.body(0), apiVersion: "v1", kind: other });
  expect([wrongKind.code, wrongKind.json<{ reason: string }>().reason]).toEqual([400, "BadRequest"]);
  const wrongVersion = await client.create({ ...client.body(0), apiVersion: `${client.apiVersion}x` });
  expect(wrongVersion.code).toBe(400);
  expect((await client.create({ ...client.body(0), metadata: {} })).code).toBe(422);
  if (client.isNamespaced) {
    const elsewhere = await client.create(client.body(0, { namespace: "elsewhere" }));
    expect([elsewhere.code, elsewhere.text]).toEqual([400, expect.stringContaining("does not match the namespace")]);
  }
  const misnamed = await client.send(client.path(0), { method: "PUT", body: client.body(1) });
  expect([misnamed.code, misnamed.text]).toEqual([400, expect.stringContaining("does not match the name on the URL")]);
  const created = objectOf(await client.create(client.body(0)));
  const renamed = { ...created, metadata: { ...created.metadata, uid: "00000000-0000-0000-0000-000000000000" } };
  expect((await client.send(client.path(0), { method: "PUT", body: renamed })).code).toBe(409);
  await client.remove(0);
}

async function walkStatus(client: KindClient): Promise<void> {
  const created = objectOf(await client.create(client.body(0)));
  const path = client.path(0, "status");
  expect(objectOf(await client.send(path))).toEqual(created);
  const specOf = (object: KubeObject): unknown => ("spec" in object ? object.spec : undefined);
  const spec = { ...(specOf(created) as object), walked: undefined };
  const put = await client.send(path, { method: "PUT", body: { ...created, spec } });
  expect(outcome(put, 200)).toEqual([200, ""]);
  // Some kinds keep all of their metadata to themselves here: then the annotation that JSON patches need is missing.
  const isKept = objectOf(await client.patch(path, "merge", { metadata: { annotations: { merge: "yes" } } }));
  const keepsAnnotations = isKept.metadata.annotations?.["merge"] !== "yes";
  for (const [type, patch] of client.annotationPatches(path, client.name(0))) {
    if (type === "json" && keepsAnnotations) continue;
    const patched = await patch();
    expect([type, ...outcome(patched, 200)]).toEqual([type, 200, ""]);
    expect(specOf(objectOf(patched))).toEqual(specOf(created));
  }
  expect((await client.send(path, { method: "POST", body: created })).code).toBe(405);
  await client.remove(0);
}

interface Scale extends KubeObject {
  readonly spec: { readonly replicas?: number };
}

async function walkScale(client: KindClient): Promise<void> {
  await client.create(client.body(0));
  const path = client.path(0, "scale");
  const scale = (await client.send(path)).json<Scale>();
  expect([scale.apiVersion, scale.kind, scale.metadata.namespace]).toEqual(["autoscaling/v1", "Scale", NAMESPACE]);
  const put = await client.send(path, { method: "PUT", body: { ...scale, spec: { replicas: 3 } } });
  expect([put.code, put.json<Scale>().spec.replicas]).toEqual([200, 3]);
  const patched = await client.patch(path, "merge", { spec: { replicas: 2 } });
  expect([patched.code, patched.json<Scale>().spec.replicas]).toEqual([200, 2]);
  const added = await client.patch(path, "json", [{ op: "replace", path: "/spec/replicas", value: 4 }]);
  expect([added.code, added.json<Scale>().spec.replicas]).toEqual([200, 4]);
  expect((await client.send(client.path(0))).json<Scale>().spec.replicas).toBe(4);
  await client.remove(0);
}
