import { request as httpsRequest } from "node:https";
import { createConnection } from "node:net";
import { connect } from "node:tls";
import { badRequest } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { createCertificateAuthority, issueCertificate } from "../../shared/process/pki.ts";
import type { UserInfo } from "../authentication/user.ts";
import { readBody } from "./body.ts";
import { buildChain } from "./chain.ts";
import type { RequestHandler } from "./filter.ts";
import { InFlight } from "./in-flight.ts";
import { sendObject } from "./respond.ts";
import { ApiHttpServer } from "./server.ts";

interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Running {
  readonly port: number;
  readonly inFlight: InFlight;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

const everybody: UserInfo = { name: "u", uid: "", groups: ["g"], extra: {} };
const running: Running[] = [];

async function serve(
  handler: RequestHandler,
  options: { limit?: number; timeoutMs?: number; user?: UserInfo; isAllowed?: boolean } = {},
): Promise<Running> {
  const authority = await createCertificateAuthority("ca");
  const pair = await issueCertificate(authority, { commonName: "s", ipAddresses: ["127.0.0.1"], usages: ["server"] });
  const inFlight = new InFlight();
  const { limit = 100, timeoutMs = 60_000, user = everybody, isAllowed = true } = options;
  const chain = buildChain(
    {
      clock: systemClock,
      logger: silentLogger,
      metrics: { started: () => () => undefined, rejectedInFlight: () => undefined },
      authenticator: { authenticate: () => Promise.resolve(user) },
      authorizer: { authorize: (who) => ({ isAllowed: isAllowed || who.groups.includes("root"), reason: "" }) },
      inFlight,
      requestTimeoutMs: timeoutMs,
      limits: { readOnly: limit, mutating: limit },
    },
    handler,
  );
  const server = new ApiHttpServer({
    address: "127.0.0.1",
    port: 0,
    tls: { cert: pair.certificate, key: pair.key },
    handler: chain,
    inFlight,
    requestTimeoutMs: timeoutMs,
    clock: systemClock,
    logger: silentLogger,
  });
  const port = await server.listen();
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      httpsRequest({ host: "127.0.0.1", port, path, headers, rejectUnauthorized: false, agent: false }, (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.on("end", () => resolve({ code: response.statusCode ?? 0, headers: response.headers, body }));
      })
        .on("error", reject)
        .end();
    });
  const one = { port, inFlight, get, stop: () => server.stop() };
  running.push(one);
  return one;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

const ok: RequestHandler = (state) => Promise.resolve(sendObject(state, 200, { user: state.user.name }));
const reasonOf = (answer: Answer): unknown => (JSON.parse(answer.body) as { reason: unknown }).reason;

describe("the chain", () => {
  it("names every request and lets nobody cache the answer", async () => {
    const { get } = await serve(ok);
    const answer = await get("/api/v1/pods");
    expect(answer.headers["audit-id"]).toMatch(/^[0-9a-f-]{36}$/u);
    expect(answer.headers["cache-control"]).toBe("no-cache, private");
    expect((await get("/api/v1/pods", { "audit-id": "mine" })).headers["audit-id"]).toBe("mine");
  });

  it("turns what a handler throws into a Status", async () => {
    const { get } = await serve((state) => {
      throw state.info.path === "/bad" ? badRequest("no") : new TypeError("oops");
    });
    expect(JSON.parse((await get("/bad")).body)).toMatchObject({ kind: "Status", code: 400, message: "no" });
    expect(JSON.parse((await get("/x")).body)).toMatchObject({ kind: "Status", code: 500, reason: "InternalError" });
  });

  it("answers in YAML when asked, errors too", async () => {
    const { get } = await serve(() => Promise.reject(badRequest("no")));
    const answer = await get("/x", { accept: "application/yaml" });
    expect(answer.headers["content-type"]).toBe("application/yaml");
    expect(answer.body).toContain("reason: BadRequest");
  });

  it("sends warnings with their quotes escaped, each once", async () => {
    const { get } = await serve((state) => {
      state.warnings.push('unknown field "spec.x"', 'unknown field "spec.x"');
      sendObject(state, 200, {});
      return Promise.resolve();
    });
    expect((await get("/x")).headers["warning"]).toBe('299 - "unknown field \\"spec.x\\""');
  });

  it("refuses more than the limit with 429 and when to come again, but never an administrator", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow: RequestHandler = async (state) => {
      if (state.info.path === "/api/v1/slow") await held;
      await ok(state);
    };
    const { get, inFlight } = await serve(slow, { limit: 2 });
    const first = [get("/api/v1/slow"), get("/api/v1/slow")];
    while (inFlight.readOnly.size < 2) await new Promise((resolve) => setImmediate(resolve));
    const refused = await get("/api/v1/pods");
    expect([refused.code, refused.headers["retry-after"], reasonOf(refused)]).toEqual([429, "1", "TooManyRequests"]);
    release();
    expect((await Promise.all(first)).map((one) => one.code)).toEqual([200, 200]);
    expect((await get("/api/v1/pods")).code).toBe(200);
  });

  it("ends a request that takes too long with 504, and a watch never", async () => {
    const never: RequestHandler = (state) =>
      new Promise((resolve) => state.signal.addEventListener("abort", () => resolve()));
    const { get, inFlight } = await serve(never, { timeoutMs: 50 });
    const answer = await get("/api/v1/pods");
    expect([answer.code, reasonOf(answer)]).toEqual([504, "Timeout"]);
    const watch = get("/api/v1/pods?watch=1").catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(inFlight.longRunning.size).toBe(1);
    await running.splice(0)[0]?.stop();
    await watch;
  });

  it("answers a body that never ends with 504", async () => {
    const { port } = await serve(async (state) => void (await readBody(state.request)), { timeoutMs: 50 });
    const answer = await new Promise<string>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
      socket.write("POST /api/v1/pods HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
      socket.once("data", (chunk: Buffer) => {
        resolve(chunk.toString());
        socket.destroy();
      });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 504 /u);
  });

  it("says who may not do what", async () => {
    const { get } = await serve(ok, { isAllowed: false });
    expect(JSON.parse((await get("/apis/apps/v1/namespaces/ns/deployments/d/scale")).body)).toMatchObject({
      code: 403,
      message:
        'deployments.apps "d" is forbidden: User "u" cannot get resource "deployments/scale" in API group "apps" in the namespace "ns"',
      details: { name: "d", group: "apps", kind: "deployments" },
    });
    expect(JSON.parse((await get("/metrics")).body)).toMatchObject({
      code: 403,
      message: 'forbidden: User "u" cannot get path "/metrics"',
    });
  });

  it("lets those who may impersonate act as another user", async () => {
    const root = await serve(ok, { isAllowed: false, user: { ...everybody, groups: ["root"] } });
    const answer = await root.get("/api/v1/pods", { "impersonate-user": "other", "impersonate-group": "root" });
    expect(JSON.parse(answer.body)).toEqual({ user: "other" });
    const asNobody = await root.get("/api/v1/pods", { "impersonate-user": "other" });
    expect([asNobody.code, asNobody.body]).toEqual([403, expect.stringContaining('User \\"other\\" cannot list')]);
    expect((await root.get("/api/v1/pods", { "impersonate-group": "g" })).code).toBe(400);
    const plain = await serve(ok, { isAllowed: false });
    expect(JSON.parse((await plain.get("/x", { "impersonate-user": "other" })).body)).toMatchObject({
      code: 403,
      message: 'forbidden: User "u" cannot impersonate-on:user-info:get path "/x"',
    });
  });
});

describe("the listener", () => {
  it("hands an upgraded connection to the handler with the bytes that follow", async () => {
    const echo: RequestHandler = (state) => {
      if (state.upgrade === undefined) throw badRequest("no upgrade");
      const { socket, head } = state.upgrade.take();
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
      socket.write(head);
      socket.pipe(socket);
      return new Promise((resolve) => socket.once("close", () => resolve()));
    };
    const { port, inFlight } = await serve(echo);
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    const text = await new Promise<string>((resolve) => {
      let seen = "";
      socket.on("data", (chunk: Buffer) => {
        seen += chunk.toString();
        if (seen.endsWith("one")) socket.write("two");
        if (seen.endsWith("onetwo")) resolve(seen);
      });
      const path = "/api/v1/namespaces/n/pods/p/exec";
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\none`);
    });
    expect(text).toMatch(/^HTTP\/1\.1 101 .*onetwo$/su);
    expect(inFlight.longRunning.size).toBe(1);
    socket.destroy();
    await inFlight.idle();
  });

  it("answers an upgrade that nobody takes like any other request", async () => {
    const { get } = await serve(() => Promise.reject(badRequest("not here")));
    const answer = await get("/api/v1/pods?watch=1", { connection: "Upgrade", upgrade: "websocket" });
    expect([answer.code, reasonOf(answer)]).toEqual([400, "BadRequest"]);
  });

  it("stops with nothing left: watches end, running requests finish, idle connections close", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const handler: RequestHandler = async (state) => {
      if (state.info.verb === "watch") {
        state.response.writeHead(200).flushHeaders();
        await new Promise<void>((resolve) => state.signal.addEventListener("abort", () => resolve()));
        state.response.end("ended");
        return;
      }
      await held;
      await ok(state);
    };
    const { port, get, inFlight, stop } = await serve(handler);
    const idle = createConnection({ host: "127.0.0.1", port });
    idle.on("error", () => undefined);
    const watch = get("/api/v1/pods?watch=1");
    const slow = get("/api/v1/pods");
    while (inFlight.longRunning.size + inFlight.readOnly.size < 2)
      await new Promise((resolve) => setImmediate(resolve));
    const stopped = stop();
    expect((await watch).body).toBe("ended");
    release();
    expect((await slow).code).toBe(200);
    await stopped;
    running.splice(0);
    await expect(get("/api/v1/pods")).rejects.toThrow("ECONNREFUSED");
  });
});
