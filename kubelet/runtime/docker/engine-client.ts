/**
 * The Docker Engine's HTTP API over its unix socket: calls that answer JSON, streams of JSON lines, and connections
 * that the Engine hands over raw ("hijacked": exec and attach). Failures become `RuntimeCallError`. Paths carry no
 * version: the daemon's own is taken, because new daemons refuse old ones.
 */
import { request as httpRequest } from "node:http";
import type { Duplex } from "node:stream";
import type { Agent as AgentType } from "undici";
import { Agent } from "../../../shared/client/undici.ts";
import type { Clock } from "../../../shared/process/clock.ts";
import { RuntimeCallError, type RuntimeFailure } from "../runtime-error.ts";
import { readJsonLines } from "./json-lines.ts";

/** What the kubelet waits for a call that does not wait for anything by design (upstream: --runtime-request-timeout). */
const CALL_TIMEOUT_MS = 120_000;
const ERROR_BYTES_MAX = 64 * 1024;
const ORIGIN = "http://docker";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface EngineRequest {
  readonly query?: Query;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export type EngineMethod = "GET" | "POST" | "DELETE";

export interface EngineClient {
  /** The answer's JSON, undefined when it has no body. */
  call<T = unknown>(method: EngineMethod, path: string, request?: EngineRequest): Promise<T>;
  /** Calls back for each line of the answer; resolves at its end or when `signal` aborts. */
  stream<T>(
    method: EngineMethod,
    path: string,
    request: EngineRequest,
    onOpen: () => void,
    onMessage: (message: T) => void,
  ): Promise<void>;
  /** A connection of its own, which carries raw bytes once the Engine has agreed. */
  hijack(path: string, request: EngineRequest): Promise<Duplex>;
  close(): void;
}

export function pathWithQuery(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()}`;
}

/** `endpoint` is `unix:///var/run/docker.sock`, or a plain path. Connects with the first call. */
export function openEngine(endpoint: string, clock: Clock): EngineClient {
  const socketPath = endpoint.replace(/^unix:\/\//, "");
  // No limit of connections: a call may wait for the whole grace of a container.
  const agent = new Agent({ connect: { socketPath }, connections: null, headersTimeout: 0, bodyTimeout: 0 });
  return {
    call: (method, path, request = {}) => callEngine(agent, clock, method, path, request),
    stream: (method, path, request, onOpen, onMessage) =>
      streamFrom(agent, { method, path, request, onOpen, onMessage: onMessage as (message: unknown) => void }),
    hijack: (path, request) => hijack(socketPath, path, request),
    close: () => void agent.destroy().catch(() => undefined),
  };
}

const FAILURES: Readonly<Record<number, RuntimeFailure>> = { 404: "notFound", 501: "unimplemented" };

/** The Engine says what is wrong as `{"message": "…"}`. */
function refusal(status: number, text: string): RuntimeCallError {
  let message = text.trim();
  try {
    const parsed = JSON.parse(text) as { message?: unknown };
    if (typeof parsed.message === "string") ({ message } = parsed as { message: string });
  } catch {
    // A proxy's or a panicking daemon's plain text.
  }
  const failure = FAILURES[status] ?? "other";
  return new RuntimeCallError(failure, `Error response from daemon: ${message || `status ${status}`}`, { status });
}

/** HTTP status with which the Engine refused; undefined for any other error. */
export function refusedWith(error: unknown): number | undefined {
  if (!(error instanceof RuntimeCallError)) return undefined;
  return (error.cause as { status?: number } | undefined)?.status;
}

function unreachable(path: string, error: unknown): RuntimeCallError {
  const text = error instanceof Error ? error.message : String(error);
  return new RuntimeCallError("unavailable", `the Docker Engine does not answer ${path}: ${text}`, error);
}

interface Deadline {
  readonly signal: AbortSignal;
  isOver: boolean;
  release(): void;
}

/** One signal for the caller's and for the time. */
function deadlineOf(clock: Clock, timeoutMs: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = clock.after(timeoutMs, () => {
    deadline.isOver = true;
    abort();
  });
  outer?.addEventListener("abort", abort, { once: true });
  if (outer?.aborted === true) abort();
  const deadline: Deadline = {
    signal: controller.signal,
    isOver: false,
    release: () => {
      timer.cancel();
      outer?.removeEventListener("abort", abort);
    },
  };
  return deadline;
}

function requestParts(method: EngineMethod, path: string, { query, body, headers }: EngineRequest) {
  return {
    origin: ORIGIN,
    method,
    path: pathWithQuery(path, query),
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

async function callEngine<T>(
  agent: AgentType,
  clock: Clock,
  method: EngineMethod,
  path: string,
  request: EngineRequest,
): Promise<T> {
  const deadline = deadlineOf(clock, request.timeoutMs ?? CALL_TIMEOUT_MS, request.signal);
  let status: number;
  let text: string;
  try {
    const answer = await agent.request({ ...requestParts(method, path, request), signal: deadline.signal });
    status = answer.statusCode;
    text = await answer.body.text();
  } catch (error) {
    if (deadline.isOver)
      throw new RuntimeCallError("timeout", `${method} ${path}: no answer from the Docker Engine`, error);
    if (request.signal?.aborted === true)
      throw new RuntimeCallError("cancelled", `${method} ${path} was cancelled`, error);
    throw unreachable(path, error);
  } finally {
    deadline.release();
  }
  if (status >= 400) throw refusal(status, text);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

interface StreamRequest {
  readonly method: EngineMethod;
  readonly path: string;
  readonly request: EngineRequest;
  onOpen(): void;
  onMessage(message: unknown): void;
}

async function streamFrom(
  agent: AgentType,
  { method, path, request, onOpen, onMessage }: StreamRequest,
): Promise<void> {
  try {
    const answer = await agent.request({
      ...requestParts(method, path, request),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    if (answer.statusCode >= 400) throw refusal(answer.statusCode, await answer.body.text());
    onOpen();
    await readJsonLines(answer.body, onMessage);
  } catch (error) {
    if (request.signal?.aborted === true) return;
    throw error instanceof RuntimeCallError ? error : unreachable(path, error);
  }
}

function hijack(socketPath: string, path: string, { query, body }: EngineRequest): Promise<Duplex> {
  const text = body === undefined ? "" : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      socketPath,
      path: pathWithQuery(path, query),
      method: "POST",
      agent: false,
      headers: {
        host: "docker",
        connection: "Upgrade",
        upgrade: "tcp",
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
      },
    });
    request.on("error", (error) => reject(unreachable(path, error)));
    request.on("upgrade", (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.on("response", (response) => {
      let answer = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (answer.length < ERROR_BYTES_MAX) answer += chunk;
      });
      response.on("end", () => reject(refusal(response.statusCode ?? 500, answer)));
    });
    request.end(text);
  });
}
