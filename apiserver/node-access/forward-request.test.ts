import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type RequestListener,
  type Server,
} from "node:http";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { RequestState } from "../http/request-state.ts";
import { sendError } from "../http/respond.ts";
import { forwardRequest } from "./forward-request.ts";

const PREFIX = "/api/v1/namespaces/default/pods/p/proxy";
const servers: Server[] = [];
/** Servers forget the connections that are upgraded. */
const sockets = new Set<Socket>();

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A proxy in front of that port; what is asked of it below `PREFIX` is asked of the backend. */
async function proxyTo(port: number): Promise<number> {
  const proxy = createServer();
  const newState = (
    request: IncomingMessage,
    response: ConstructorParameters<typeof RequestState>[1],
    take?: () => never,
  ) =>
    new RequestState(request, response, {
      nowMs: 0,
      newAuditId: () => "id",
      ...(take === undefined ? {} : { upgrade: { take } }),
    });
  const forward = (path: string) => ({
    location: { scheme: "http", host: "127.0.0.1", port } as const,
    path: path.slice(PREFIX.length),
    prefix: PREFIX,
    tls: { rejectUnauthorized: false },
  });
  proxy.on("request", (request, response) => {
    const state = newState(request, response);
    forwardRequest(state, forward(request.url ?? "")).catch((error: unknown) => sendError(state, error));
  });
  proxy.on("upgrade", (request: IncomingMessage, socket, head) => {
    const response = Object.assign(Object.create(null), {}) as ConstructorParameters<typeof RequestState>[1];
    const state = newState(request, response, () => ({ socket, head }) as never);
    void forwardRequest(state, forward(request.url ?? ""));
  });
  return listen(proxy);
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

interface Answer {
  readonly code: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function ask(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body = "" } = options;
  const request = httpRequest({ host: "127.0.0.1", port, method, path: PREFIX + path, headers, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const text = await response.setEncoding("utf8").toArray();
  return { code: response.statusCode ?? 0, headers: response.headers, body: text.join("") };
}

const backend = (listener: RequestListener): Promise<number> => listen(createServer(listener));

/** Answers what it was asked. */
const mirror: RequestListener = (request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
  });
};

interface Mirrored {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

describe("a forwarded request", () => {
  it.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("reaches the backend as %s with its body", async (method) => {
    const port = await proxyTo(await backend(mirror));
    for (const framing of [{ "content-length": "5" }, { "transfer-encoding": "chunked" }]) {
      const answer = await ask(port, "/a%2Fb/c?x=1&x=2", { method, body: "hello", headers: { ...framing } });
      expect(JSON.parse(answer.body)).toMatchObject({ method, url: "/a%2Fb/c?x=1&x=2", body: "hello" });
    }
  });

  it("tells the backend nothing about who asks, and nothing of the connection", async () => {
    const headers = {
      authorization: "Bearer secret",
      "impersonate-user": "bob",
      connection: "x-mine",
      "x-mine": "1",
      "x-kept": "2",
      "sec-websocket-protocol": "base64url.bearer.authorization.k8s.io.abc, chat",
    };
    const answer = await ask(await proxyTo(await backend(mirror)), "/", { headers });
    const seen = (JSON.parse(answer.body) as Mirrored).headers;
    expect(JSON.stringify(seen)).not.toMatch(/secret|bob|base64url|x-mine/u);
    expect(seen).toMatchObject({
      "x-kept": "2",
      "sec-websocket-protocol": "chat",
      "x-forwarded-proto": "https",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-uri": PREFIX,
    });
  });

  it("is answered with the code, headers and body of the backend", async () => {
    const port = await backend((_request, response) => {
      response.writeHead(418, { "X-Tea": "green", "Set-Cookie": ["a=1", "b=2"], Connection: "close" });
      response.end("short and stout");
    });
    const answer = await ask(await proxyTo(port), "/");
    expect([answer.code, answer.body, answer.headers["x-tea"]]).toEqual([418, "short and stout", "green"]);
    expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  });

  it("answers HEAD without a body", async () => {
    const port = await backend((_request, response) => response.writeHead(200, { "Content-Length": 5 }).end());
    const answer = await ask(await proxyTo(port), "/", { method: "HEAD" });
    expect([answer.code, answer.headers["content-length"], answer.body]).toEqual([200, "5", ""]);
  });

  it("keeps a redirect of the backend behind the proxy, and leaves any other", async () => {
    const port = await backend((request, response) => {
      const location = request.url === "/out" ? "https://elsewhere.example/x" : "/login?next=1";
      response.writeHead(302, { Location: location }).end();
    });
    const proxy = await proxyTo(port);
    expect((await ask(proxy, "/in")).headers.location).toBe(`${PREFIX}/login?next=1`);
    expect((await ask(proxy, "/out")).headers.location).toBe("https://elsewhere.example/x");
  });

  it("gets pages whose links lead through the proxy, without what they allow other sites", async () => {
    const page = '<a href="/next">next</a>';
    const port = await backend((_request, response) => {
      response.writeHead(200, {
        "Content-Type": "text/html",
        "Content-Length": page.length,
        "Access-Control-Allow-Origin": "*",
      });
      response.end(page);
    });
    const answer = await ask(await proxyTo(port), "/");
    expect(answer.body).toBe(`<a href="${PREFIX}/next">next</a>`);
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("is answered with 503 when nobody listens", async () => {
    const port = await backend(mirror);
    const [server] = servers.splice(0, 1);
    server?.close();
    const answer = await ask(await proxyTo(port), "/");
    expect([answer.code, JSON.parse(answer.body)]).toMatchObject([503, { reason: "ServiceUnavailable" }]);
    expect(answer.body).toContain("error trying to reach service: ");
  });

  it("is joined to the backend byte for byte after an upgrade", async () => {
    const server = createServer();
    server.on("upgrade", (_request, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      socket.pipe(socket);
    });
    const port = await proxyTo(await listen(server));
    const request = httpRequest({
      host: "127.0.0.1",
      port,
      path: `${PREFIX}/`,
      headers: { Connection: "Upgrade", Upgrade: "echo" },
    }).end();
    const [response, socket] = (await once(request, "upgrade")) as [IncomingMessage, IncomingMessage["socket"]];
    expect(response.headers.upgrade).toBe("echo");
    socket.write("ping");
    expect(String((await once(socket, "data"))[0])).toBe("ping");
    socket.destroy();
  });
});
