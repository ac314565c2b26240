/**
 * The kubelet's own server on 10250: TLS, every request authenticated and authorized by the API.
 * Upstream: `pkg/kubelet/server/server.go`.
 */
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { Duplex } from "node:stream";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { Registry } from "../../shared/process/metrics.ts";
import type { PodWorkers } from "../pods/pod-workers.ts";
import type { ContainerRuntime } from "../runtime/runtime.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import type { KubeletAccess, KubeletUser } from "./kubelet-authentication.ts";
import { LogQueryError, parseLogQuery } from "./log-query.ts";
import { readContainerLog } from "./pod-logs.ts";
import { cadvisorMetrics } from "./cadvisor-metrics.ts";
import { runInContainer } from "./run-in-container.ts";
import { subresourcesOf, verbOf } from "./request-attributes.ts";
import { resourceMetrics } from "./resource-metrics.ts";
import type { NodeStats } from "./node-stats.ts";
import { statsSummary } from "./stats-summary.ts";

export interface KubeletServerOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string; readonly ca?: string | undefined };
  readonly access: KubeletAccess;
  readonly runtime: ContainerRuntime;
  readonly workers: PodWorkers;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What `/configz` answers. */
  readonly config: object;
  readonly probeRegistry: Registry;
  /** False: nothing that runs something in containers or reads their logs. */
  readonly hasDebugging: boolean;
  stats(): Promise<NodeStats>;
  /** Adds routes and upgrades of exec, attach and port-forward; requests that reach it may do what they ask. */
  readonly streaming?: StreamingRoutes | undefined;
}

export interface StreamingRoutes {
  extend(app: Express): void;
  /** An upgrade (WebSocket, SPDY) that was authenticated and authorized. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, user: KubeletUser): void;
}

export interface KubeletServer {
  readonly port: number;
  /** For connections that begin after this. */
  useCertificate(cert: string, key: string): void;
  close(): Promise<void>;
}

/** Listens; rejects when the address is in use. */
export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const app = express();
  app.disable("x-powered-by");
  app.use((request, response, next) => guard(options, request, response, next));
  addRoutes(app, options);
  options.streaming?.extend(app);
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    options.logger.warn({ err: error }, "request failed");
    if (!response.headersSent) response.status(500).type("text/plain").send(messageOf(error));
  });
  const { cert, key, ca } = options.tls;
  const server = createServer(
    { cert, key, ...(ca === undefined ? {} : { ca }), requestCert: true, rejectUnauthorized: false },
    app,
  );
  server.on(
    "upgrade",
    (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(options, request, socket, head),
  );
  await listen(server, options.address, options.port);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    useCertificate: (newCert, newKey) =>
      server.setSecureContext({ cert: newCert, key: newKey, ...(ca === undefined ? {} : { ca }) }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
}

type Refusal = { readonly status: number; readonly text: string };

async function admit(
  options: KubeletServerOptions,
  request: IncomingMessage,
  path: string,
): Promise<KubeletUser | Refusal> {
  const user = await options.access.authenticate(request);
  if (user === undefined) return { status: 401, text: "Unauthorized" };
  const method = request.method ?? "GET";
  if (await options.access.authorize(user, method, path)) return user;
  return {
    status: 403,
    text: `Forbidden (user=${user.name}, verb=${verbOf(method)}, resource=nodes, subresource(s)=[${subresourcesOf(path).join(" ")}])`,
  };
}

async function guard(
  options: KubeletServerOptions,
  request: Request,
  response: Response,
  next: NextFunction,
): Promise<void> {
  const verdict = await admit(options, request, request.path);
  if ("status" in verdict) response.status(verdict.status).type("text/plain").send(verdict.text);
  else next();
}

async function upgrade(
  options: KubeletServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on("error", () => socket.destroy());
  const refuse = (status: number, text: string): void => {
    socket.end(
      `HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
  };
  try {
    const verdict = await admit(options, request, new URL(request.url ?? "/", "http://localhost").pathname);
    if ("status" in verdict) return refuse(verdict.status, verdict.text);
    if (options.streaming === undefined) return refuse(404, "page not found");
    options.streaming.upgrade(request, socket, head, verdict);
  } catch (error) {
    options.logger.warn({ err: error }, "upgrade failed");
    refuse(500, "Internal Server Error");
  }
}

function addRoutes(app: Express, options: KubeletServerOptions): void {
  const { workers, registry } = options;
  const healthy = ["/healthz", "/healthz/ping", "/healthz/log", "/healthz/syncloop"];
  app.get(healthy, (_request, response) => void response.type("text/plain").send("ok"));
  app.get("/pods", (_request, response) => void response.json(podList(workers.list().map(({ pod }) => pod))));
  app.get(["/runningpods", "/runningpods/"], (_request, response) => {
    const running = workers.list().filter(({ fingerprint }) => fingerprint.includes("=running"));
    response.json(
      podList(running.map(({ pod }) => ({ metadata: pod.metadata, spec: { containers: pod.spec.containers } }))),
    );
  });
  app.get("/configz", (_request, response) => void response.json({ kubeletconfig: options.config }));
  app.get("/metrics", async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  app.get("/metrics/resource", async (_request, response) => {
    response.type(METRICS_TYPE).send(resourceMetrics(await options.stats()));
  });
  app.get("/metrics/cadvisor", async (_request, response) => {
    response.type(METRICS_TYPE).send(cadvisorMetrics(await options.stats()));
  });
  app.get("/metrics/probes", async (_request, response) => {
    response.type(METRICS_TYPE).send(await options.probeRegistry.metrics());
  });
  app.all(["/stats/summary", "/stats/summary/"], async (request, response) => {
    const isOnlyCpuAndMemory = request.query["only_cpu_and_memory"] === "true";
    response.json(statsSummary(await options.stats(), isOnlyCpuAndMemory));
  });
  addDebugging(app, options);
}

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const DEBUGGING = ["/containerLogs", "/run", "/exec", "/attach", "/portForward", "/logs"];

/** What reads logs of containers or runs something in them. */
function addDebugging(app: Express, options: KubeletServerOptions): void {
  if (!options.hasDebugging) {
    const refuse = (_request: Request, response: Response): void =>
      void response.status(405).type("text/plain").send("Debug endpoints are disabled.\n");
    for (const root of DEBUGGING) app.use(root, refuse);
    return;
  }
  app.get("/containerLogs/:namespace/:pod/:container", (request, response) => serveLogs(options, request, response));
  app.post("/run/:namespace/:pod/:container", (request, response) => runInContainer(options, request, response));
  app.post("/checkpoint/:namespace/:pod/:container", (request, response) => {
    const { namespace = "", pod = "" } = request.params as Record<string, string>;
    const isKnown = options.workers.find(namespace, pod) !== undefined;
    const text = isKnown
      ? `checkpointing of ${namespace}/${pod} failed (the container runtime cannot checkpoint containers)\n`
      : `pod "${pod}" does not exist\n`;
    response
      .status(isKnown ? 500 : 404)
      .type("text/plain")
      .send(text);
  });
}

function podList(items: readonly Pod[]): object {
  return { kind: "PodList", apiVersion: "v1", metadata: {}, items };
}

async function serveLogs(options: KubeletServerOptions, request: Request, response: Response): Promise<void> {
  const { namespace = "", pod: podName = "", container = "" } = request.params as Record<string, string>;
  const fail = (status: number, message: string): void => void response.status(status).type("text/plain").send(message);
  const worker = options.workers.find(namespace, podName);
  if (worker === undefined) return fail(404, `pod "${podName}" does not exist\n`);
  let query: ReturnType<typeof parseLogQuery>;
  try {
    query = parseLogQuery(
      Object.fromEntries(new URL(request.url, "http://localhost").searchParams),
      options.clock.nowMs(),
    );
  } catch (error) {
    if (error instanceof LogQueryError) return fail(400, error.message);
    throw error;
  }
  const observe = () => options.runtime.observePod(worker.uid);
  const runs = (await observe()).containers.filter(({ name, state }) => name === container && state !== "created");
  const wanted = query.isPrevious ? runs[1] : runs[0];
  if (wanted === undefined) {
    const what = query.isPrevious ? "previous terminated container" : "container";
    return fail(
      400,
      `${what} "${container}" in pod "${podName}" ${query.isPrevious ? "not found" : "is waiting to start: ContainerCreating"}`,
    );
  }
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const isRunning = async (): Promise<boolean> =>
    (await observe()).containers.some(({ id, state }) => id === wanted.id && state === "running");
  const sink = { write: (chunk: Buffer) => writeChunk(response, chunk, gone.signal) };
  response.type("text/plain");
  try {
    if (query.isFollowing) response.flushHeaders();
    await readContainerLog(wanted.logPath, query, sink, options.clock, isRunning, gone.signal);
  } catch (error) {
    if (!response.headersSent) return fail(500, `failed to open log file "${wanted.logPath}": ${messageOf(error)}\n`);
  }
  response.end();
}

/** Waits for a slow reader; false when it went away. */
function writeChunk(response: Response, chunk: Buffer, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  if (response.write(chunk)) return Promise.resolve(true);
  return new Promise((resolve) => {
    response.once("drain", () => resolve(true));
    signal.addEventListener("abort", () => resolve(false), { once: true });
  });
}
