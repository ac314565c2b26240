import { Agent, request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import { configMaps, deployments, serviceAccounts } from "../../shared/resources/catalog.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { type BadRequest, badRequests, VICTIM } from "../support/bad-requests.ts";
import { seededRandom } from "../support/seeded-random.ts";

const SEED = Number(process.env["SEED"] ?? "1");
const REQUESTS = 10_000;
const PARALLEL = 16;

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

let server: ApiServerProcess;
let withCertificate: Agent;
let anonymous: Agent;

beforeAll(async () => {
  server = await startApiServerProcess({
    storageFlags: ["--storage-backend=memory"],
    flags: ["--request-timeout=20s"],
  });
  const { ca, clientCertificate } = server.access;
  withCertificate = new Agent({ keepAlive: true, maxSockets: PARALLEL, ca, ...clientCertificate });
  anonymous = new Agent({ keepAlive: true, maxSockets: PARALLEL, ca });
  await server.client.create(
    configMaps,
    { metadata: { name: VICTIM, namespace: "default" }, data: { a: "b" } },
    { namespace: "default" },
  );
  await server.client.create(serviceAccounts, { metadata: { name: "default" } }, { namespace: "default" });
  const labels = { app: VICTIM };
  await server.client.create(
    deployments,
    {
      metadata: { name: VICTIM, namespace: "default" },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "a", image: "b" }] } },
      },
    },
    { namespace: "default" },
  );
}, 60_000);

afterAll(async () => {
  withCertificate.destroy();
  anonymous.destroy();
  await server.close();
});

function send(bad: BadRequest): Promise<Answer> {
  const { "x-no-certificate": isAnonymous, ...given } = bad.headers;
  // Node sends the body of a DELETE without any framing unless it is told its length.
  const headers = bad.body === undefined ? given : { ...given, "content-length": Buffer.byteLength(bad.body) };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: "127.0.0.1",
        port: server.port,
        method: bad.method,
        path: bad.path,
        headers,
        agent: isAnonymous === undefined ? withCertificate : anonymous,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const body = Buffer.concat(chunks).toString("utf8");
          resolve({ code: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body });
        });
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(bad.body);
  });
}

/** What is wrong with the answer, or nothing. */
function complaint(bad: BadRequest, { code, type, body }: Answer): string | undefined {
  const where = `${bad.what}: ${bad.method} ${bad.path.slice(0, 150)} ${String(bad.body ?? "").slice(0, 150)}`;
  if (!bad.codes.includes(code)) return `${where}\n  got ${code}, not ${bad.codes.join(" or ")}: ${body.slice(0, 300)}`;
  if (!type.startsWith("application/json")) return `${where}\n  got content type ${type}`;
  const status = JSON.parse(body) as {
    kind: string;
    apiVersion: string;
    status: string;
    message: string;
    code: number;
  };
  const isStatus = status.kind === "Status" && status.apiVersion === "v1" && status.status === "Failure";
  if (!isStatus || status.code !== code || status.message === "") return `${where}\n  got ${body.slice(0, 300)}`;
  return undefined;
}

/** A client that must not notice: creates, reads, lists and deletes until it is told to end. */
async function goodClient(isOver: () => boolean): Promise<number> {
  const { client } = server;
  let rounds = 0;
  for (; !isOver(); rounds++) {
    const at = { namespace: "default", name: `good-${rounds}` };
    const created = await client.create(
      configMaps,
      { metadata: { ...at }, data: { round: String(rounds) } },
      { namespace: "default" },
    );
    const read = await client.get(configMaps, at);
    expect(read.metadata.uid).toBe(created.metadata.uid);
    const { items } = await client.list(configMaps, { namespace: "default" });
    expect(items.some((item) => item.metadata.name === at.name)).toBe(true);
    await client.delete(configMaps, at);
  }
  return rounds;
}

/** Sends raw bytes and gives back what comes until the server closes, at most for a moment. */
function sendRaw(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const { ca, clientCertificate } = server.access;
    const socket = connect({
      host: "127.0.0.1",
      port: server.port,
      ca,
      ...clientCertificate,
      servername: "localhost",
      checkServerIdentity: () => undefined,
    });
    let text = "";
    socket.on("secureConnect", () => socket.write(bytes));
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
    socket.setTimeout(3000, () => socket.destroy());
  });
}

test(`R26: ${REQUESTS} malformed requests each get a Status with the right code, and a good client does not notice (seed ${SEED})`, async () => {
  const pid = server.pid;
  let isOver = false;
  const good = goodClient(() => isOver);
  const complaints: string[] = [];
  const queue = badRequests(seededRandom(SEED), REQUESTS).values();
  const work = async (): Promise<void> => {
    for (const bad of queue) {
      const found = complaint(bad, await send(bad));
      if (found !== undefined) complaints.push(found);
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, work));
  } finally {
    isOver = true;
  }
  const rounds = await good;
  expect([...new Set(complaints)].slice(0, 40)).toEqual([]);
  expect(rounds).toBeGreaterThan(0);
  expect(server.isRunning).toBe(true);
  expect(server.pid).toBe(pid);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}, 240_000);

test("bytes that are no HTTP get a 400 or a closed connection, and the server goes on", async () => {
  const head = "GET /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n";
  const answers = await Promise.all([
    sendRaw("garbage\r\n\r\n"),
    sendRaw("GET / HTTP/9.9\r\n\r\n"),
    sendRaw("GET no-slash HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    sendRaw(`${head}X: ${"y".repeat(400_000)}\r\n\r\n`),
    sendRaw("POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"),
    sendRaw("POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"),
    sendRaw(
      "POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    sendRaw(`${head}Bad Header: x\r\n\r\n`),
    sendRaw("GET /api/v1/namespaces?watch=1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
  ]);
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect((await server.client.raw({ method: "GET", path: "/readyz" })).status).toBe(200);
}, 30_000);

test("half-open connections and bodies that never end do not hold up others", async () => {
  const { ca, clientCertificate } = server.access;
  const open = Array.from({ length: 300 }, () => {
    const socket = connect({
      host: "127.0.0.1",
      port: server.port,
      ca,
      ...clientCertificate,
      checkServerIdentity: () => undefined,
    });
    socket.on("error", () => undefined);
    socket.write(
      "POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
    );
    return socket;
  });
  try {
    for (let round = 0; round < 20; round++) {
      const { items } = await server.client.list(configMaps, { namespace: "default" });
      expect(items.length).toBeGreaterThan(0);
    }
  } finally {
    for (const socket of open) socket.destroy();
  }
  expect(server.isRunning).toBe(true);
}, 60_000);
