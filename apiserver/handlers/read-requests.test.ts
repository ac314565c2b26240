import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import { gunzipSync } from "node:zlib";
import WebSocket from "ws";
import type { Status } from "../../shared/api/generated/meta/v1.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { configMaps, events, eventsV1Events, namespaces } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";
import { MemoryStorage } from "../storage/memory/memory-storage.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly json: ListJson;
}

interface ListJson extends Status {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly resourceVersion: string } }[];
  readonly rows: readonly { readonly cells: unknown[]; readonly object?: { kind: string } }[];
  readonly columnDefinitions: readonly unknown[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

interface WatchLine {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly annotations?: object };
    readonly data?: Record<string, string>;
    readonly columnDefinitions?: readonly unknown[];
    readonly rows?: readonly { readonly object: { metadata: { name: string } } }[];
    readonly code?: number;
    readonly reason?: string;
    readonly message?: string;
  };
}

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const ALL = "/api/v1/configmaps";

let api: TestApiServer;
const storage = new MemoryStorage(systemClock);

beforeAll(async () => {
  // History that is gone before this server starts: its caches cannot know it.
  for (const key of ["a", "b", "c"]) await storage.create(`/registry/before/${key}`, Buffer.from("{}"));
  await storage.compact(3);
  api = await startTestApiServer({ storage });
  for (const name of ["one", "two", "big"]) await api.client.create(namespaces, { metadata: { name } });
});
afterAll(() => api.stop());

const tls = () => ({ ca: api.authority.certificate, cert: api.admin.certificate, key: api.admin.key });

async function get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const request = httpsRequest(`${api.url}${path}`, { ...tls(), headers, agent: false });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const text = response.headers["content-encoding"] === "gzip" ? gunzipSync(bytes).toString() : bytes.toString();
  const isJson = response.headers["content-type"] === "application/json";
  const json = isJson ? (JSON.parse(text) as ListJson) : ({} as ListJson);
  return { status: response.statusCode ?? 0, headers: response.headers, bytes, json };
}

/** Lines of a watch, until `enough` says so or the server ends it. */
async function watch(path: string, enough: (lines: WatchLine[]) => boolean, headers = {}): Promise<WatchLine[]> {
  const request = httpsRequest(`${api.url}${path}`, { ...tls(), headers, agent: false });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const lines: WatchLine[] = [];
  let rest = "";
  for await (const chunk of response) {
    rest += String(chunk);
    const complete = rest.split("\n");
    rest = complete.pop() ?? "";
    lines.push(...complete.map((line) => JSON.parse(line) as WatchLine));
    if (enough(lines)) break;
  }
  request.destroy();
  return lines;
}

const create = (namespace: string, name: string, labels: Record<string, string> = {}, text = "") =>
  api.client.create(configMaps, { metadata: { name, namespace, labels }, data: { text } }, { namespace });
const names = (lines: readonly WatchLine[]): string[] =>
  lines.map(({ type, object }) => `${type} ${object.metadata.name}`);
const itemNames = ({ json }: Answer): string[] => json.items.map((item) => item.metadata.name);

describe("GET", () => {
  it("answers the object as it was written, and 404 with upstream's text", async () => {
    const made = await create("one", "get", { a: "b" }, "hello");
    const found = await get("/api/v1/namespaces/one/configmaps/get");
    expect([found.status, found.json]).toEqual([200, JSON.parse(JSON.stringify(made)) as unknown]);
    const missing = await get("/api/v1/namespaces/one/configmaps/missing");
    expect(missing.status).toBe(404);
    expect(missing.json.message).toBe('configmaps "missing" not found');
  });

  it("waits for a revision of the future, then answers 504 with the cause that clients look for", async () => {
    const { json, status, headers } = await get("/api/v1/namespaces/one/configmaps/get?resourceVersion=900000");
    expect([status, headers["retry-after"], json.reason]).toEqual([504, "1", "Timeout"]);
    expect(json.message).toMatch(/^Too large resource version: 900000, current: \d+$/);
    expect(json.details).toMatchObject({ retryAfterSeconds: 1, causes: [{ reason: "ResourceVersionTooLarge" }] });
  });

  it.each(["abc", "-1", "1.5", "9".repeat(40)])("answers 400 to resourceVersion=%s", async (text) => {
    expect((await get(`/api/v1/namespaces/one/configmaps/get?resourceVersion=${text}`)).status).toBe(400);
  });

  it("answers Table, PartialObjectMetadata and YAML", async () => {
    const path = "/api/v1/namespaces/one/configmaps/get";
    const table = (await get(path, { accept: TABLE })).json;
    expect([table.kind, table.rows.length, table.rows[0]?.object?.kind]).toEqual(["Table", 1, "PartialObjectMetadata"]);
    const none = (await get(`${path}?includeObject=None`, { accept: TABLE })).json;
    expect(none.rows[0]?.object).toBeUndefined();
    expect((await get(`${path}?includeObject=Some`, { accept: TABLE })).status).toBe(400);
    const partial = (await get(path, { accept: METADATA })).json as unknown as Record<string, unknown>;
    expect([partial["kind"], partial["apiVersion"], partial["data"]]).toEqual([
      "PartialObjectMetadata",
      "meta.k8s.io/v1",
      undefined,
    ]);
    expect((await get(path, { accept: "application/yaml" })).bytes.toString()).toContain("text: hello");
    expect((await get(path, { accept: "text/plain" })).status).toBe(406);
  });
});

describe("LIST", () => {
  beforeAll(async () => {
    for (const name of ["a", "b", "c", "d", "e"]) await create("two", name, { tier: name < "c" ? "low" : "high" });
  });

  it("answers namespaces and selectors", async () => {
    const two = "/api/v1/namespaces/two/configmaps";
    expect(itemNames(await get(two)).filter((name) => name !== "kube-root-ca.crt")).toEqual(["a", "b", "c", "d", "e"]);
    expect(itemNames(await get(`${two}?labelSelector=tier%3Dlow`))).toEqual(["a", "b"]);
    expect(itemNames(await get(`${two}?labelSelector=tier+in+(high),tier!=low`))).toEqual(["c", "d", "e"]);
    expect(itemNames(await get(`${two}?fieldSelector=metadata.name%3Dd`))).toEqual(["d"]);
    expect(itemNames(await get(`${ALL}?fieldSelector=metadata.name%3Dd,metadata.namespace%3Dtwo`))).toEqual(["d"]);
    expect(itemNames(await get(`${ALL}?fieldSelector=metadata.namespace!%3Dtwo,metadata.name%3Dd`))).toEqual([]);
    expect((await get("/api/v1/namespaces/nobody/configmaps")).json.items).toEqual([]);
  });

  it("sees every write that was acknowledged before", async () => {
    for (let count = 0; count < 20; count++) {
      await create("one", `fresh-${count}`);
      expect(itemNames(await get("/api/v1/namespaces/one/configmaps"))).toContain(`fresh-${count}`);
    }
  });

  it("walks pages at the revision of the first, with exact counts", async () => {
    const two = "/api/v1/namespaces/two/configmaps";
    const whole = itemNames(await get(two));
    const first = await get(`${two}?limit=2`);
    expect(first.json.metadata.remainingItemCount).toBe(whole.length - 2);
    await create("two", "bb");
    await api.client.delete(configMaps, { namespace: "two", name: "d" });
    const seen = itemNames(first);
    let page = first;
    while (page.json.metadata.continue !== undefined) {
      page = await get(`${two}?limit=2&continue=${page.json.metadata.continue}`);
      expect(page.json.metadata.resourceVersion).toBe(first.json.metadata.resourceVersion);
      seen.push(...itemNames(page));
    }
    expect(seen).toEqual(whole);
    expect(page.json.metadata.remainingItemCount).toBeUndefined();
    await create("two", "d", { tier: "high" });
    await api.client.delete(configMaps, { namespace: "two", name: "bb" });
  });

  it("pages with a selector have no count, and end without a token", async () => {
    const page = await get(`/api/v1/namespaces/two/configmaps?limit=2&labelSelector=tier%3Dhigh`);
    expect([itemNames(page), page.json.metadata.remainingItemCount]).toEqual([["c", "d"], undefined]);
    const next = await get(
      `/api/v1/namespaces/two/configmaps?limit=2&labelSelector=tier%3Dhigh&continue=${page.json.metadata.continue}`,
    );
    expect([itemNames(next), next.json.metadata.continue]).toEqual([["e"], undefined]);
  });

  it("lists exactly the revision that is asked for", async () => {
    const two = "/api/v1/namespaces/two/configmaps";
    const before = (await get(two)).json.metadata.resourceVersion;
    await create("two", "later");
    const exact = await get(`${two}?resourceVersion=${before}&resourceVersionMatch=Exact`);
    expect([exact.json.metadata.resourceVersion, itemNames(exact).includes("later")]).toEqual([before, false]);
    const limited = await get(`${two}?resourceVersion=${before}&resourceVersionMatch=Exact&limit=3`);
    expect([limited.json.items.length, limited.json.metadata.remainingItemCount]).toEqual([
      3,
      exact.json.items.length - 3,
    ]);
    const notOlder = await get(`${two}?resourceVersion=${before}&resourceVersionMatch=NotOlderThan`);
    expect(itemNames(notOlder)).toContain("later");
    await api.client.delete(configMaps, { namespace: "two", name: "later" });
  });

  it("answers 410 to a page whose history is gone, with a token that goes on", async () => {
    const two = "/api/v1/namespaces/two/configmaps";
    const all = itemNames(await get(two));
    const { json } = await get(`${two}?limit=2`);
    const token = JSON.parse(Buffer.from(json.metadata.continue ?? "", "base64url").toString()) as Record<
      string,
      unknown
    >;
    await create("two", "unrelated");
    await storage.compact(await storage.currentRevision());
    const old = Buffer.from(JSON.stringify({ ...token, rv: 2 })).toString("base64url");
    const gone = await get(`${two}?limit=2&continue=${old}`);
    expect([gone.status, gone.json.reason]).toEqual([410, "Expired"]);
    const rest = await get(`${two}?continue=${gone.json.metadata.continue}`);
    expect(itemNames(rest)).toEqual([...all.slice(2), "unrelated"].sort());
    expect((await get(`${two}?resourceVersion=2&resourceVersionMatch=Exact`)).status).toBe(410);
    await api.client.delete(configMaps, { namespace: "two", name: "unrelated" });
  });

  it.each([
    "garbage",
    "%%%",
    Buffer.from("{}").toString("base64url"),
    Buffer.from('{"v":"meta.k8s.io/v1","rv":0,"start":"a\\u0000"}').toString("base64url"),
    Buffer.from('{"v":"meta.k8s.io/v1","rv":5}').toString("base64url"),
    Buffer.from('{"v":"meta.k8s.io/v1","rv":5,"start":"../../secrets/a\\u0000"}').toString("base64url"),
    Buffer.from('{"v":"meta.k8s.io/v9","rv":5,"start":"a\\u0000"}').toString("base64url"),
    Buffer.from("[1]").toString("base64url"),
    Buffer.from("null").toString("base64url"),
  ])("answers 400 to the continue token %s", async (token) => {
    const { status, json } = await get(`${ALL}?limit=1&continue=${encodeURIComponent(token)}`);
    expect([status, json.reason]).toEqual([400, "BadRequest"]);
    expect(json.message).toContain("continue");
  });

  it.each([
    ["resourceVersionMatch=Exact", 422],
    ["resourceVersion=0&resourceVersionMatch=Exact", 422],
    ["resourceVersion=1&resourceVersionMatch=Some", 422],
    ["sendInitialEvents=true", 422],
    ["resourceVersion=nine", 400],
    ["limit=ten", 400],
    ["labelSelector=a%3D%3D%3Db", 400],
    ["labelSelector=)(", 400],
    ["fieldSelector=spec.color%3Dred", 400],
    ["fieldSelector=metadata.name", 400],
    ["continue=x&resourceVersion=5", 400],
    ["watch=1&sendInitialEvents=true", 422],
    ["watch=1&resourceVersionMatch=NotOlderThan", 422],
    ["watch=1&resourceVersionMatch=Exact&resourceVersion=1&sendInitialEvents=true", 422],
    ["watch=1&resourceVersion=x", 400],
    ["watch=1&timeoutSeconds=x", 400],
    ["watch=1&fieldSelector=nothing%3Dx", 400],
  ])("refuses %s with %i", async (query, code) => {
    const { status, json } = await get(`${ALL}?${query}`);
    expect([status, json.kind, json.code]).toEqual([code, "Status", code]);
  });

  it("answers Table, PartialObjectMetadataList and YAML", async () => {
    const two = "/api/v1/namespaces/two/configmaps";
    const count = (await get(two)).json.items.length;
    const table = (await get(two, { accept: TABLE })).json;
    expect([table.kind, table.rows.length, table.columnDefinitions.length > 0]).toEqual(["Table", count, true]);
    const partial = (await get(two, { accept: METADATA_LIST })).json;
    expect([partial.kind, partial.items.length]).toEqual(["PartialObjectMetadataList", count]);
    expect((await get(two, { accept: "application/yaml" })).bytes.toString()).toContain("kind: ConfigMapList");
  });

  it("compresses what is large, and the same comes out", async () => {
    for (let index = 0; index < 60; index++)
      await create("big", `big-${index}`, {}, "lorem ipsum ".repeat(800 + index));
    for (const path of [ALL, "/api/v1/namespaces/big/configmaps", `${ALL}?fieldSelector=metadata.namespace%3Dbig`]) {
      const plain = await get(path);
      const packed = await get(path, { "accept-encoding": "gzip" });
      expect([packed.headers["content-encoding"], packed.bytes.length < plain.bytes.length / 5]).toEqual([
        "gzip",
        true,
      ]);
      expect(packed.json).toEqual(plain.json);
    }
    const small = await get("/api/v1/namespaces/one/configmaps?limit=1", { "accept-encoding": "gzip" });
    expect(small.headers["content-encoding"]).toBeUndefined();
    const table = await get(ALL, { accept: TABLE, "accept-encoding": "gzip" });
    expect(table.json.kind).toBe("Table");
  });

  it("survives a client that goes away in the middle", async () => {
    const request = httpsRequest(`${api.url}${ALL}`, { ...tls(), agent: false });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.destroy();
    request.destroy();
    expect((await get(ALL)).status).toBe(200);
  });
});

describe("WATCH", () => {
  const path = "/api/v1/namespaces/one/configmaps?watch=1";

  it("delivers what happens after the revision", async () => {
    const { resourceVersion } = (await get(ALL)).json.metadata;
    const seen = watch(`${path}&resourceVersion=${resourceVersion}`, (lines) => lines.length >= 3);
    const made = await create("one", "watched");
    await create("two", "elsewhere");
    await api.client.update(configMaps, { ...made, data: { text: "changed" } });
    await api.client.delete(configMaps, { namespace: "one", name: "watched" });
    const lines = await seen;
    expect(names(lines)).toEqual(["ADDED watched", "MODIFIED watched", "DELETED watched"]);
    const revisions = lines.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    expect(new Set(revisions).size).toBe(3);
    expect(lines[2]?.object.data).toEqual({ text: "changed" });
    await api.client.delete(configMaps, { namespace: "two", name: "elsewhere" });
  });

  it("turns objects that begin or cease to match into ADDED and DELETED", async () => {
    const { resourceVersion } = (await get(ALL)).json.metadata;
    const seen = watch(
      `${path}&resourceVersion=${resourceVersion}&labelSelector=on%3Dyes`,
      (lines) => lines.length >= 4,
    );
    const made = await create("one", "toggled", { on: "no" });
    const change = async (on: string, text: string) =>
      api.client.update(configMaps, {
        ...(await api.client.get(configMaps, { namespace: "one", name: "toggled" })),
        metadata: { ...made.metadata, resourceVersion: undefined, labels: { on } },
        data: { text },
      });
    await change("yes", "1");
    await change("yes", "2");
    const gone = await change("no", "3");
    await change("yes", "4");
    const lines = await seen;
    expect(names(lines)).toEqual(["ADDED toggled", "MODIFIED toggled", "DELETED toggled", "ADDED toggled"]);
    expect(lines[2]?.object.data).toEqual({ text: "2" });
    expect(lines[2]?.object.metadata.resourceVersion).toBe(gone.metadata.resourceVersion);
    await api.client.delete(configMaps, { namespace: "one", name: "toggled" });
  });

  it("streams a list: ADDED for all, the bookmark that ends them, then what happens", async () => {
    const query = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const isEnd = ({ type, object }: WatchLine): boolean =>
      type === "BOOKMARK" && JSON.stringify(object.metadata.annotations) === '{"k8s.io/initial-events-end":"true"}';
    const expected = itemNames(await get("/api/v1/namespaces/two/configmaps"));
    const seen = watch(`/api/v1/namespaces/two/configmaps?watch=1${query}`, (lines) => {
      if (lines.some(isEnd) && !lines.some(({ object }) => object.metadata.name === "after"))
        void create("two", "after");
      return lines.at(-1)?.object.metadata.name === "after";
    });
    const lines = await seen;
    expect(names(lines.slice(0, expected.length))).toEqual(expected.map((name) => `ADDED ${name}`));
    const end = lines[expected.length];
    expect(end !== undefined && isEnd(end) && end.object.kind === "ConfigMap").toBe(true);
    expect(Number(end?.object.metadata.resourceVersion)).toBeGreaterThan(0);
    await api.client.delete(configMaps, { namespace: "two", name: "after" });
  });

  it("begins with the state without a revision or with 0, and not with sendInitialEvents=false", async () => {
    const expected = itemNames(await get("/api/v1/namespaces/two/configmaps")).map((name) => `ADDED ${name}`);
    for (const query of ["", "&resourceVersion=0"]) {
      const lines = await watch(`/api/v1/namespaces/two/configmaps?watch=true${query}&timeoutSeconds=1`, () => false);
      expect(names(lines)).toEqual(expected);
    }
    const quiet = `${path}&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=1`;
    expect(await watch(quiet, () => false)).toEqual([]);
  });

  it("answers an old revision with an ERROR event of 410", async () => {
    const lines = await watch(`${path}&resourceVersion=1`, () => false);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
    expect(lines[0]?.object.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
  });

  it("sends tables with columns in the first event only", async () => {
    const { resourceVersion } = (await get(ALL)).json.metadata;
    const seen = watch(`${path}&resourceVersion=${resourceVersion}`, (lines) => lines.length >= 3, { accept: TABLE });
    for (const name of ["t1", "t2", "t3"]) await create("one", name);
    const lines = await seen;
    expect(lines.map(({ object }) => object.kind)).toEqual(["Table", "Table", "Table"]);
    expect(lines.map(({ object }) => (object.columnDefinitions?.length ?? 0) > 0)).toEqual([true, false, false]);
    expect(lines.map(({ object }) => object.rows?.[0]?.object.metadata.name)).toEqual(["t1", "t2", "t3"]);
    for (const name of ["t1", "t2", "t3"]) await api.client.delete(configMaps, { namespace: "one", name });
  });

  it("sends metadata only to those who ask for that", async () => {
    const { resourceVersion } = (await get(ALL)).json.metadata;
    const seen = watch(`${path}&resourceVersion=${resourceVersion}`, (lines) => lines.length >= 1, {
      accept: METADATA,
    });
    await create("one", "partial");
    expect((await seen)[0]?.object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "partial" } });
  });

  it("sends a bookmark before it ends", async () => {
    const lines = await watch(
      `${path}&allowWatchBookmarks=true&resourceVersion=${storageRevision()}&timeoutSeconds=3`,
      () => false,
    );
    expect(lines.map(({ type, object }) => `${type} ${object.kind}`)).toEqual(["BOOKMARK ConfigMap"]);
  });

  it("serves WebSocket clients, one message for each event", async () => {
    const { resourceVersion } = (await get(ALL)).json.metadata;
    const socket = new WebSocket(`${api.url.replace("https", "wss")}${path}&resourceVersion=${resourceVersion}`, tls());
    await once(socket, "open");
    const received: WatchLine[] = [];
    const done = new Promise<void>((resolve) => {
      socket.on("message", (data, isBinary) => {
        expect(isBinary).toBe(false);
        received.push(JSON.parse((data as Buffer).toString()) as WatchLine);
        if (received.length === 2) resolve();
      });
    });
    await create("one", "ws");
    await api.client.delete(configMaps, { namespace: "one", name: "ws" });
    await done;
    expect(names(received)).toEqual(["ADDED ws", "DELETED ws"]);
    socket.close();
    await once(socket, "close");
  });

  it("gives 100 watchers the same events in the same order", async () => {
    const { resourceVersion } = (await get(ALL)).json.metadata;
    const watchers = Array.from({ length: 100 }, () =>
      watch(`${path}&resourceVersion=${resourceVersion}`, (lines) => lines.length >= 40),
    );
    for (let count = 0; count < 20; count++) {
      await create("one", `same-${count}`);
      await api.client.delete(configMaps, { namespace: "one", name: `same-${count}` });
    }
    const texts = (await Promise.all(watchers)).map((lines) => JSON.stringify(lines.slice(0, 40)));
    expect(new Set(texts).size).toBe(1);
  });

  it("holds no events for a client that does not read, and nobody else suffers", async () => {
    const { resourceVersion } = (await get(ALL)).json.metadata;
    const slow = connect({ host: "127.0.0.1", port: api.port, ...tls() });
    await once(slow, "secureConnect");
    slow.write(`GET ${path}&resourceVersion=${resourceVersion} HTTP/1.1\r\nHost: x\r\n\r\n`);
    slow.pause();
    const fast = watch(`${path}&resourceVersion=${resourceVersion}`, (lines) => lines.length >= 60);
    const text = "x".repeat(200_000);
    for (let count = 0; count < 60; count++) await create("one", `slow-${count}`, {}, text);
    expect(await fast).toHaveLength(60);
    // It reads on, and has missed nothing.
    let received = 0;
    const all = new Promise<void>((resolve) => {
      slow.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received > 60 * text.length) resolve();
      });
    });
    slow.resume();
    await all;
    slow.destroy();
  });
});

describe("events of two groups over one store", () => {
  it("are the same objects in the form of each", async () => {
    const { resourceVersion } = (await get("/api/v1/events")).json.metadata;
    const seen = watch(
      `/apis/events.k8s.io/v1/events?watch=1&resourceVersion=${resourceVersion}`,
      (lines) => lines.length > 0,
    );
    await api.client.create(
      events,
      {
        metadata: { name: "e", namespace: "one" },
        involvedObject: { kind: "Pod", name: "p", namespace: "one" },
        reason: "Testing",
        message: "hello",
        type: "Normal",
      },
      { namespace: "one" },
    );
    expect((await seen)[0]?.object).toMatchObject({ kind: "Event", apiVersion: "events.k8s.io/v1", note: "hello" });
    const other = await api.client.get(eventsV1Events, { namespace: "one", name: "e" });
    expect([other.note, other.regarding?.name]).toEqual(["hello", "p"]);
    const list = await get("/apis/events.k8s.io/v1/events?fieldSelector=regarding.kind%3DPod");
    expect([list.status, list.json.items.length]).toEqual([200, 1]);
    const core = await get("/api/v1/events?fieldSelector=involvedObject.kind%3DPod,reason%3DTesting");
    expect([core.status, core.json.items.length]).toEqual([200, 1]);
  });
});

function storageRevision(): number {
  return api.server.caches.revision;
}
