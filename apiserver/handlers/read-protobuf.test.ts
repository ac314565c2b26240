import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { gunzipSync } from "node:zlib";
import WebSocket from "ws";
import type { ConfigMap } from "../../shared/api/generated/core/v1.ts";
import { configMaps, namespaces } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";
import { protobufOf } from "../../test/support/protobuf-writer.ts";
import { decodeProtobuf } from "../schema/protobuf.ts";

const PROTOBUF = "application/vnd.kubernetes.protobuf";
const PATH = "/api/v1/namespaces/pb/configmaps";
const PARTIAL = (kind: string, version = "v1") => `${PROTOBUF};as=${kind};g=meta.k8s.io;v=${version}`;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
}

let api: TestApiServer;

beforeAll(async () => {
  api = await startTestApiServer();
  await api.client.create(namespaces, { metadata: { name: "pb" } });
  for (const name of ["a", "b", "c"]) {
    const metadata = { name, labels: { name }, annotations: { "example.com/size": "größe №" } };
    await api.client.create(configMaps, { metadata, data: { text: "ümläut", key: "value" } }, { namespace: "pb" });
  }
});
afterAll(() => api.stop());

const tls = () => ({ ca: api.authority.certificate, cert: api.admin.certificate, key: api.admin.key });

async function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<Answer> {
  const { method = "GET", headers = { accept: PROTOBUF }, body } = options;
  const request = httpsRequest(`${api.url}${path}`, { ...tls(), method, headers, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) };
}

async function json(path: string, accept = "application/json"): Promise<unknown> {
  return JSON.parse((await ask(path, { headers: { accept } })).bytes.toString("utf8"));
}

interface PlainList {
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

/** Items of a protobuf list have no type of their own. */
function withoutTypes(list: unknown): unknown {
  const { items, ...rest } = list as PlainList;
  const bare = items.map(({ kind: _kind, apiVersion: _apiVersion, ...object }) => object);
  return withoutZeros({ ...rest, items: bare });
}

/** Protobuf says zeros that JSON leaves out. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, withoutZeros(child)] as const);
  return Object.fromEntries(entries.filter(([, child]) => child !== "" && child !== 0 && child !== false));
}

const decoded = ({ bytes }: Answer): unknown => withoutZeros(decodeProtobuf(bytes, undefined));

/** The events of a protobuf watch, from its frames. */
function eventsOf(stream: Buffer): { type: string; object: unknown }[] {
  const events: { type: string; object: unknown }[] = [];
  for (let at = 0; at + 4 <= stream.length; ) {
    const length = stream.readUInt32BE(at);
    events.push(eventOf(stream.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return events;
}

/** Field 1 is the type; field 2 holds field 1, which holds the enveloped object. */
function eventOf(message: Buffer): { type: string; object: unknown } {
  const typeLength = message[1] ?? 0;
  const start = message.indexOf(Buffer.from("k8s\0"));
  return {
    type: message.toString("utf8", 2, 2 + typeLength),
    object: withoutZeros(decodeProtobuf(message.subarray(start), undefined)),
  };
}

describe("protobuf answers", () => {
  it("to GET are the object that JSON shows", async () => {
    const answer = await ask(`${PATH}/a`);
    expect(answer.headers["content-type"]).toBe(PROTOBUF);
    expect(decoded(answer)).toEqual(await json(`${PATH}/a`));
    expect((await ask(`${PATH}/a`)).bytes).toEqual(answer.bytes);
  });

  it("to LIST are the list that JSON shows, whole, selected and in pages", async () => {
    for (const query of ["", "?labelSelector=name%3Db", "?limit=2", "?labelSelector=name%3Dnone"]) {
      const answer = await ask(`${PATH}${query}`);
      expect(Number(answer.headers["content-length"])).toBe(answer.bytes.length);
      expect(withoutTypes({ items: [], ...(decoded(answer) as object) })).toEqual(
        withoutTypes(await json(PATH + query)),
      );
    }
  });

  it("to metadata clients have nothing but metadata, in both versions", async () => {
    const form = (kind: string, version: string) => ({ headers: { accept: PARTIAL(kind, version) } });
    for (const version of ["v1", "v1beta1"]) {
      const one = decoded(await ask(`${PATH}/a`, form("PartialObjectMetadata", version)));
      const { kind: _kind, apiVersion: _apiVersion, data: _data, ...rest } = (await json(`${PATH}/a`)) as ConfigMap;
      expect(one).toEqual({ kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, ...rest });
    }
    const list = await ask(PATH, form("PartialObjectMetadataList", "v1"));
    expect(list.bytes.includes("ümläut")).toBe(false);
    expect(list.bytes.includes("größe")).toBe(true);
    const old = await ask(PATH, form("PartialObjectMetadataList", "v1beta1"));
    expect(old.bytes).toHaveLength(list.bytes.length + "beta1".length);
  });

  it("refuse metadata of the wrong number: 406", async () => {
    const list = await ask(PATH, { headers: { accept: PARTIAL("PartialObjectMetadata") } });
    expect(decoded(list)).toMatchObject({
      code: 406,
      message: "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)",
    });
    const one = await ask(`${PATH}/a`, { headers: { accept: PARTIAL("PartialObjectMetadataList") } });
    expect(decoded(one)).toMatchObject({
      code: 406,
      message: "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)",
    });
  });

  it("to writes and errors are objects and statuses", async () => {
    const headers = { accept: `${PROTOBUF},application/json`, "content-type": PROTOBUF };
    const draft = { metadata: { name: "written" }, data: { key: "value" } };
    const body = protobufOf({ group: "", version: "v1", kind: "ConfigMap" }, draft);
    const created = await ask(PATH, { method: "POST", headers, body });
    expect(created.status).toBe(201);
    expect(decoded(created)).toMatchObject({
      kind: "ConfigMap",
      metadata: { namespace: "pb" },
      data: { key: "value" },
    });
    const again = await ask(PATH, { method: "POST", headers, body });
    expect(decoded(again)).toMatchObject({ kind: "Status", code: 409, reason: "AlreadyExists" });
    const patched = await ask(`${PATH}/written`, {
      method: "PATCH",
      headers: { ...headers, "content-type": "application/merge-patch+json" },
      body: '{"data":{"key":"new"}}',
    });
    expect(decoded(patched)).toMatchObject({ data: { key: "new" } });
    const deleted = await ask(`${PATH}/written`, { method: "DELETE", headers: { accept: PROTOBUF } });
    expect(decoded(deleted)).toMatchObject({ kind: "Status", status: "Success", details: { name: "written" } });
    const missing = await ask(`${PATH}/written`);
    expect(missing.status).toBe(404);
    expect(decoded(missing)).toMatchObject({ kind: "Status", reason: "NotFound", details: { kind: "configmaps" } });
  });

  it("to WATCH are framed events, with bookmarks", async () => {
    const query = "watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    const answer = await ask(`${PATH}?${query}&timeoutSeconds=1`);
    expect(answer.headers["content-type"]).toBe(`${PROTOBUF};stream=watch`);
    const events = eventsOf(answer.bytes);
    expect(events.slice(0, 4).map(({ type }) => type)).toEqual(["ADDED", "ADDED", "ADDED", "BOOKMARK"]);
    expect(events[0]?.object).toEqual(await json(`${PATH}/a`));
    expect(events[3]?.object).toMatchObject({
      kind: "ConfigMap",
      metadata: { annotations: { "k8s.io/initial-events-end": "true" } },
    });
    const accept = PARTIAL("PartialObjectMetadata");
    const partial = eventsOf((await ask(`${PATH}?${query}&timeoutSeconds=1`, { headers: { accept } })).bytes);
    expect(partial.map(({ object }) => (object as ConfigMap).kind)).toEqual(
      Array(partial.length).fill("PartialObjectMetadata"),
    );
    expect(partial[0]?.object).not.toHaveProperty("data");
    expect(partial[3]).toMatchObject({ type: "BOOKMARK" });
  });

  it("to WATCH over a WebSocket are binary messages without frames", async () => {
    const url = `${api.url.replace("https", "wss")}${PATH}?watch=true&resourceVersion=0`;
    const socket = new WebSocket(url, { ...tls(), headers: { accept: PROTOBUF } });
    const [data, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
    socket.terminate();
    expect(isBinary).toBe(true);
    expect(eventOf(data)).toEqual({ type: "ADDED", object: await json(`${PATH}/a`) });
  });

  it("are compressed when they are large, for clients that take it", async () => {
    const data = { text: "x".repeat(1000) };
    for (let index = 0; index < 200; index++) {
      await api.client.create(configMaps, { metadata: { name: `many-${index}` }, data }, { namespace: "pb" });
    }
    const plain = await ask("/api/v1/configmaps");
    for (const path of ["/api/v1/configmaps", `${PATH}?labelSelector=name!%3Da`]) {
      const packed = await ask(path, { headers: { accept: PROTOBUF, "accept-encoding": "gzip" } });
      expect(packed.headers["content-encoding"]).toBe("gzip");
      expect(gunzipSync(packed.bytes)).toEqual((await ask(path)).bytes);
    }
    expect((decoded(plain) as PlainList).items.length).toBeGreaterThan(200);
  });

  it("of discovery are the same documents", async () => {
    for (const path of ["/api", "/apis", "/apis/apps", "/api/v1", "/apis/apps/v1"]) {
      const { bytes } = await ask(path);
      const kind = { group: "", version: "v1", kind: "APIVersions" };
      const document = { apiVersion: "v1", ...((await json(path)) as object) };
      expect(withoutZeros(decodeProtobuf(bytes, kind))).toEqual(withoutZeros(document));
    }
  });

  it("are not given for tables: JSON, or 406", async () => {
    const table = "as=Table;g=meta.k8s.io;v=v1";
    const both = await ask(PATH, { headers: { accept: `${PROTOBUF};${table},application/json;${table}` } });
    expect(both.headers["content-type"]).toBe("application/json");
    expect((await ask(PATH, { headers: { accept: `${PROTOBUF};${table}` } })).status).toBe(406);
  });
});

describe("answers to those who want something else", () => {
  const patch = (accept: string): Promise<Answer> =>
    ask(`${PATH}/a`, {
      method: "PATCH",
      headers: { accept, "content-type": "application/merge-patch+json" },
      body: '{"metadata":{"annotations":{"patched":"yes"}}}',
    });

  it("show metadata alone to metadata clients that write", async () => {
    const json = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    const protobuf = decoded(await patch(`${PARTIAL("PartialObjectMetadata")},${json},application/json`));
    expect(protobuf).toMatchObject({ kind: "PartialObjectMetadata", metadata: { annotations: { patched: "yes" } } });
    expect(protobuf).not.toHaveProperty("data");
    expect(JSON.parse((await patch(json)).bytes.toString("utf8"))).toMatchObject({ kind: "PartialObjectMetadata" });
    const missing = await ask(`${PATH}/missing`, { method: "DELETE", headers: { accept: json } });
    expect(JSON.parse(missing.bytes.toString("utf8"))).toMatchObject({ kind: "Status", code: 404 });
  });

  it("are refused before anything is written: 406", async () => {
    const headers = { accept: "image/png", "content-type": "application/json" };
    const body = '{"metadata":{"name":"unseen"}}';
    expect((await ask(PATH, { method: "POST", headers, body })).status).toBe(406);
    expect((await ask(`${PATH}/unseen`)).status).toBe(404);
  });

  it("are no tables of what cannot be listed: 406", async () => {
    const headers = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1", "content-type": "application/json" };
    const body = '{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}';
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const answer = await ask(path, { method: "POST", headers, body });
    expect(answer.status).toBe(406);
    expect(answer.bytes.toString("utf8")).toContain("only the following media types are accepted: application/json");
  });

  it("are compressed when one object is large", async () => {
    const data = { text: "x".repeat(200_000) };
    await api.client.create(configMaps, { metadata: { name: "large" }, data }, { namespace: "pb" });
    for (const accept of [PROTOBUF, "application/json"]) {
      const packed = await ask(`${PATH}/large`, { headers: { accept, "accept-encoding": "gzip" } });
      expect([packed.headers["content-encoding"], packed.headers["vary"]]).toEqual(["gzip", "Accept-Encoding"]);
      expect(gunzipSync(packed.bytes)).toEqual((await ask(`${PATH}/large`, { headers: { accept } })).bytes);
    }
    const small = await ask(`${PATH}/a`, { headers: { accept: PROTOBUF, "accept-encoding": "gzip" } });
    expect(small.headers["content-encoding"]).toBeUndefined();
  });

  it("are YAML that every reader understands alike", async () => {
    const data = { no: "yes", time: "2026-01-01T00:00:00Z", octal: "012", long: "word ".repeat(40), lines: "a\nb\n" };
    await api.client.create(
      configMaps,
      { metadata: { name: "yaml", finalizers: ["example.com/x"] }, data },
      { namespace: "pb" },
    );
    const headers = { accept: "application/yaml" };
    const text = (await ask(`${PATH}/yaml`, { headers })).bytes.toString("utf8");
    expect(text).toContain(
      `lines: |\n    a\n    b\n  long: "${data.long}"\n  "no": "yes"\n  octal: "012"\n  time: "2026-01-01T00:00:00Z"\n`,
    );
    expect(text).toContain("finalizers:\n  - example.com/x\n");
    const list = (await ask(`${PATH}?fieldSelector=metadata.name%3Dyaml`, { headers })).bytes.toString("utf8");
    expect(list).toMatch(/^apiVersion: v1\nitems:\n- apiVersion: v1\n {2}data:/u);
  });

  it("name the version of tables in their rows", async () => {
    const accept = "application/json;as=Table;g=meta.k8s.io;v=v1beta1";
    const table = (await json(PATH, accept)) as { apiVersion: string; rows: { object: { apiVersion: string } }[] };
    expect([table.apiVersion, table.rows[0]?.object.apiVersion]).toEqual([
      "meta.k8s.io/v1beta1",
      "meta.k8s.io/v1beta1",
    ]);
  });
});
