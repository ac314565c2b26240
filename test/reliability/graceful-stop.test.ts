/**
 * SIGTERM, as upstream answers it: not ready at once, serving as before for a while, then no new connections, watches
 * ended, what is running answered, and exit code 0.
 */
import { once } from "node:events";
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { configMaps } from "../../shared/resources/catalog.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { until } from "../support/until.ts";
import { startAll, WatchFollower } from "./watch-follower.ts";

const DELAY_SECONDS = 3;
const PATH = "/api/v1/namespaces/default/configmaps";
const WATCHES = 50;

let server: ApiServerProcess;
let agent: Agent;

beforeEach(async () => {
  server = await startApiServerProcess({ flags: [`--shutdown-delay-duration=${DELAY_SECONDS}s`] });
  agent = new Agent({ keepAlive: true, ca: server.access.ca, ...server.access.clientCertificate });
});

afterEach(async () => {
  agent.destroy();
  await server.close();
});

async function get(path: string): Promise<{ code: number; text: string }> {
  const sent = request(new URL(path, server.access.server), { agent });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { code: response.statusCode ?? 0, text: (await response.setEncoding("utf8").toArray()).join("") };
}

/** A POST whose last byte is sent when `finish` is called; resolves to its code. */
function slowCreate(name: string): { finish(): void; code: Promise<number> } {
  const body = JSON.stringify({ metadata: { name } });
  const sent = request(new URL(PATH, server.access.server), {
    method: "POST",
    agent: false,
    ca: server.access.ca,
    ...server.access.clientCertificate,
    headers: { "content-type": "application/json", "content-length": body.length },
  });
  sent.write(body.slice(0, -1));
  const code = once(sent, "response").then(([response]) => (response as IncomingMessage).statusCode ?? 0);
  return { finish: () => sent.end(body.slice(-1)), code };
}

test("SIGTERM fails readiness first, serves on for the delay, ends watches and answers what is running", async () => {
  const start = Number((await server.client.list(configMaps, { namespace: "default" })).metadata.resourceVersion);
  const followers = Array.from({ length: WATCHES }, () => new WatchFollower(server.access, PATH, start));
  await startAll(followers);
  const slow = slowCreate("slow");
  const ended = server.end("SIGTERM");

  await until(async () => (await get("/readyz")).code === 500);
  expect((await get("/readyz?verbose")).text).toContain("[-]shutdown failed: reason withheld");
  expect((await get("/livez")).code).toBe(200);
  // Whoever has not looked yet is served as before.
  const made = await server.client.create(configMaps, { metadata: { name: "late" } }, { namespace: "default" });
  await until(() => followers.every(({ events }) => events.some(({ name }) => name === "late")));
  expect(followers.every(({ endings }) => endings === 0)).toBe(true);

  await until(() => followers.every(({ endings }) => endings > 0));
  slow.finish();
  expect(await slow.code).toBe(201);
  await Promise.all(followers.map((follower) => follower.stop()));
  await ended;
  expect(server.exitCode).toBe(0);
  for (const follower of followers) expect([follower.breaches, follower.refusals]).toEqual([[], []]);

  await server.start();
  const kept = await server.client.list(configMaps, { namespace: "default" });
  const names = kept.items.map(({ metadata }) => metadata.name);
  expect(names).toEqual(expect.arrayContaining(["late", "slow"]));
  expect(kept.items.find(({ metadata }) => metadata.name === "late")?.metadata.uid).toBe(made.metadata.uid);
});

test("a request that never ends does not keep it from stopping", async () => {
  const slow = slowCreate("never");
  const lost = slow.code.catch((error: unknown) => String(error));
  await until(async () => (await get("/livez")).code === 200);
  await server.end("SIGTERM");
  expect(server.exitCode).toBe(0);
  expect(await lost).toContain("socket hang up");
}, 60_000);
