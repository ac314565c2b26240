import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { StatusError } from "../errors/status-error.ts";
import { systemClock, type Clock } from "../process/clock.ts";
import { configMaps, deployments, nodes, pods } from "../resources/catalog.ts";
import type { ApiClient } from "./api-client.ts";
import { createApiClient } from "./http-client.ts";

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}
type Answer = (response: ServerResponse, seen: Seen, count: number) => void;

describe("the HTTP client", () => {
  let server: Server;
  let client: ApiClient;
  let answer: Answer;
  const seen: Seen[] = [];
  const requests: string[] = [];
  const sleeps: number[] = [];
  const clock: Clock = { ...systemClock, sleep: (delayMs) => Promise.resolve(void sleeps.push(delayMs)) };

  beforeEach(async () => {
    for (const list of [seen, requests, sleeps]) list.length = 0;
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const one = {
          method: request.method ?? "",
          url: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(chunks).toString(),
        };
        seen.push(one);
        answer(response, one, seen.length);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    client = createApiClient(
      { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "sesame" },
      { userAgent: "test/1", clock, onRequest: ({ method, code }) => requests.push(`${method} ${code}`) },
    );
  });
  afterEach(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const json = (response: ServerResponse, code: number, body: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(code, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };

  it("writes paths, queries, bodies and headers as the API wants them", async () => {
    answer = (response) => json(response, 200, { metadata: { name: "x" }, items: [] });
    await client.get(nodes, { name: "n1" });
    await client.list(pods, { namespace: "a", labelSelector: "x=y", limit: 5, continueToken: "t" });
    await client.create(configMaps, { metadata: { name: "c", namespace: "a" }, data: { k: "v" } }, { dryRun: true });
    await client.patch(deployments, { namespace: "a", name: "d" }, "merge", { spec: {} }, { subresource: "scale" });
    await client.delete(pods, { namespace: "a", name: "p" }, { gracePeriodSeconds: 0 });
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /api/v1/nodes/n1",
      "GET /api/v1/namespaces/a/pods?labelSelector=x%3Dy&limit=5&continue=t",
      "POST /api/v1/namespaces/a/configmaps?dryRun=All",
      "PATCH /apis/apps/v1/namespaces/a/deployments/d/scale",
      "DELETE /api/v1/namespaces/a/pods/p",
    ]);
    expect(JSON.parse(seen[2]?.body ?? "")).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { k: "v" } });
    expect(JSON.parse(seen[4]?.body ?? "")).toEqual({ apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 });
    expect(seen[3]?.headers["content-type"]).toBe("application/merge-patch+json");
    expect(seen[0]?.headers).toMatchObject({ authorization: "Bearer sesame", "user-agent": "test/1" });
    expect(requests).toEqual(["GET 200", "GET 200", "POST 200", "PATCH 200", "DELETE 200"]);
  });

  it("rejects with the status that the server answered", async () => {
    answer = (response) =>
      json(response, 404, { kind: "Status", reason: "NotFound", code: 404, message: 'nodes "n" not found' });
    await expect(client.get(nodes, { name: "n" })).rejects.toMatchObject({
      reason: "NotFound",
      code: 404,
      message: 'nodes "n" not found',
    });
    answer = (response) => response.writeHead(503).end("upstream went away");
    await expect(client.get(nodes, { name: "n" })).rejects.toMatchObject({ reason: "ServiceUnavailable", code: 503 });
  });

  it("waits as long as the server asks, and then sends a refused write again", async () => {
    answer = (response, _, count) =>
      count < 3
        ? json(response, 429, { kind: "Status" }, { "retry-after": "2" })
        : json(response, 201, { metadata: { name: "c" } });
    await client.create(configMaps, { metadata: { name: "c", namespace: "a" } });
    expect(sleeps).toEqual([2000, 2000]);
    expect(seen).toHaveLength(3);
  });

  it("gives up after ten retries", async () => {
    answer = (response) =>
      json(response, 429, { kind: "Status", reason: "TooManyRequests", code: 429 }, { "retry-after": "1" });
    await expect(client.get(nodes, { name: "n" })).rejects.toBeInstanceOf(StatusError);
    expect(seen).toHaveLength(11);
  });

  it("never sends a create again that may have been done", async () => {
    answer = (response) => json(response, 500, { kind: "Status", code: 500 }, { "retry-after": "1" });
    await expect(client.create(configMaps, { metadata: { name: "c", namespace: "a" } })).rejects.toMatchObject({
      code: 500,
    });
    expect(seen).toHaveLength(1);
    answer = (response) => response.destroy();
    await expect(client.create(configMaps, { metadata: { name: "c", namespace: "a" } })).rejects.toThrow();
    expect(seen).toHaveLength(2);
  });

  it("streams a watch, and lets the connection go when the reader stops", async () => {
    const closed = Promise.withResolvers<void>();
    answer = (response) => {
      response.on("close", () => closed.resolve());
      response.writeHead(200);
      response.write(
        '{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n{"type":"ADDED","object":{"metadata":{"name":"b"}}}\n',
      );
    };
    const names: string[] = [];
    for await (const event of client.watch(pods, { resourceVersion: "5", allowWatchBookmarks: true })) {
      if (event.type !== "ERROR") names.push(event.object.metadata.name);
      if (names.length === 2) break;
    }
    await closed.promise;
    expect(names).toEqual(["a", "b"]);
    expect(seen[0]?.url).toBe("/api/v1/pods?watch=true&resourceVersion=5&allowWatchBookmarks=true");
  });

  it("ends a watch when its signal aborts", async () => {
    answer = (response) => void response.writeHead(200).write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n');
    const controller = new AbortController();
    const read = async (): Promise<void> => {
      for await (const _ of client.watch(pods, { signal: controller.signal })) controller.abort();
    };
    await expect(read()).rejects.toThrow();
  });

  it("keeps integers that a double cannot hold", async () => {
    answer = (response) => response.writeHead(200).end('{"metadata":{"name":"c"},"big":9007199254740993}');
    const object = await client.get(configMaps, { namespace: "a", name: "c" });
    expect(JSON.stringify(object)).toContain('"big":9007199254740993');
  });

  it("tells nothing when the object is gone, and the object when it is still there", async () => {
    answer = (response) => json(response, 200, { kind: "Status", status: "Success" });
    await expect(client.delete(pods, { namespace: "a", name: "p" })).resolves.toBeUndefined();
    answer = (response) => json(response, 200, { kind: "Pod", metadata: { name: "p" } });
    await expect(client.delete(pods, { namespace: "a", name: "p" })).resolves.toMatchObject({
      metadata: { name: "p" },
    });
  });
});
