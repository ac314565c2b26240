/**
 * Every kind through every verb of its API on a whole server, as upstream's "should support … API operations" do:
 * create, get, list in its namespace and in all, watch, patch, update, status, delete, delete of a collection.
 */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { apiVersionOf, type KubeObject } from "../../shared/resources/resource.ts";
import { type ApiAnswer, ask } from "../../test/support/api-request.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";
import { exampleName, exampleObject } from "../../test/support/example-objects.ts";
import { ALL_VERBS } from "../registry/strategy.ts";
import { builtInStrategies } from "./all.ts";

/** That of the examples. */
const NAMESPACE = "default";
const LABEL = "operations=yes";
const SELECTED = `labelSelector=${encodeURIComponent(LABEL)}`;
const MERGE = { "content-type": "application/merge-patch+json" };

/** Kinds with all verbs. */
const kinds = builtInStrategies
  .filter((one) => one.use(({ verbs }) => verbs.length === ALL_VERBS.length))
  .map((strategy) => ({ name: `${apiVersionOf(strategy.resource)} ${strategy.resource.kind}`, strategy }));

let api: TestApiServer;
beforeAll(async () => {
  api = await startTestApiServer();
  // No controller makes it here, and pods need it.
  const account = { metadata: { name: "default" } };
  await ask(api, `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { method: "POST", body: account });
});
afterAll(() => api.stop());

interface WatchedChange {
  readonly type: string;
  readonly object: KubeObject;
}

/** The first `count` events of a watch that is open when this resolves. */
async function watch(path: string, count: number): Promise<{ seen: Promise<string[]> }> {
  const { certificate: cert, key } = api.admin;
  const request = httpsRequest(`${api.url}${path}`, { agent: false, ca: api.authority.certificate, cert, key }).end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const read = async (): Promise<string[]> => {
    const events: string[] = [];
    let text = "";
    for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) {
      text += chunk;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as WatchedChange;
        events.push(`${type} ${object.metadata.name}`);
      }
      if (events.length >= count) break;
    }
    request.destroy();
    return events.slice(0, count);
  };
  return { seen: read() };
}

const object = (answer: ApiAnswer): KubeObject => answer.json<KubeObject>();

describe("the API of a kind", () => {
  it.each(kinds)("serves every verb: $name", async ({ strategy }) => {
    const { resource } = strategy;
    const root = `${resource.group === "" ? "/api" : "/apis"}/${apiVersionOf(resource)}`;
    const isNamespaced = resource.scope === "Namespaced";
    const all = `${root}/${resource.plural}`;
    const collection = isNamespaced ? `${root}/namespaces/${NAMESPACE}/${resource.plural}` : all;
    const hasStatus = strategy.use(({ status }) => status !== undefined);
    const draft = (index: number): object => exampleObject(strategy, index, { labels: { operations: "yes" } });
    const [first, second] = [exampleName(strategy, 0), exampleName(strategy, 1)];

    const before = (await ask(api, collection)).json<{ metadata: { resourceVersion: string } }>().metadata;
    const events = await watch(`${all}?watch=1&resourceVersion=${before.resourceVersion}&${SELECTED}`, 6);
    const created = await ask(api, collection, { method: "POST", body: draft(0) });
    expect([created.code, created.code === 201 ? "" : created.text]).toEqual([201, ""]);
    expect((await ask(api, collection, { method: "POST", body: draft(0) })).code).toBe(409);
    expect(object(await ask(api, `${collection}/${first}`))).toEqual(object(created));
    for (const path of [collection, all]) {
      const { items } = (await ask(api, `${path}?${SELECTED}`)).json<{ items: KubeObject[] }>();
      expect(items.map(({ metadata }) => metadata.name)).toEqual([first]);
    }

    const annotated = { metadata: { annotations: { patched: "true" } } };
    const patched = await ask(api, `${collection}/${first}`, { method: "PATCH", headers: MERGE, body: annotated });
    expect(object(patched).metadata.annotations).toMatchObject({ patched: "true" });
    const changed = object(patched);
    changed.metadata.annotations = { ...changed.metadata.annotations, updated: "true" };
    const updated = await ask(api, `${collection}/${first}`, { method: "PUT", body: changed });
    expect(object(updated).metadata.annotations).toMatchObject({ patched: "true", updated: "true" });
    expect((await ask(api, `${collection}/${first}`, { method: "PUT", body: changed })).code).toBe(409);
    if (hasStatus) {
      const status = await ask(api, `${collection}/${first}/status`, {
        method: "PATCH",
        headers: MERGE,
        body: { metadata: { annotations: { status: "true" } } },
      });
      expect([status.code, status.code === 200 ? "" : status.text]).toEqual([200, ""]);
      expect((await ask(api, `${collection}/${first}/status`)).code).toBe(200);
    }

    const now = { method: "DELETE", body: { gracePeriodSeconds: 0, propagationPolicy: "Background" } };
    expect((await ask(api, `${collection}/${first}`, now)).code).toBe(200);
    await letGo(collection, first);
    expect((await ask(api, `${collection}/${first}`)).code).toBe(404);
    expect((await ask(api, collection, { method: "POST", body: draft(1) })).code).toBe(201);
    expect((await ask(api, `${collection}?${SELECTED}`, now)).code).toBe(200);
    await letGo(collection, second);
    expect((await ask(api, `${collection}?${SELECTED}`)).json<{ items: KubeObject[] }>().items).toEqual([]);
    const seen = await events.seen;
    expect(seen.slice(0, 3)).toEqual([`ADDED ${first}`, `MODIFIED ${first}`, `MODIFIED ${first}`]);
  });
});

/** What a controller would do: takes away the finalizers that admission put there. */
async function letGo(collection: string, name: string): Promise<void> {
  const body = { metadata: { finalizers: null } };
  await ask(api, `${collection}/${name}`, { method: "PATCH", headers: MERGE, body });
}
