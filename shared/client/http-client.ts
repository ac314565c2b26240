/**
 * `ApiClient` over undici (client-go `rest`).
 *
 * Invariants:
 * H1 A write is sent again only when the server said that it did not do it (429, or 503) or when doing it twice
 *    is the same as once; never because a connection broke.
 * H2 Watches have their own agent: a hundred of them never starve the short requests.
 * H3 The body of every answer is consumed or destroyed, so that no connection leaks.
 */
import type { Agent as AgentType, buildConnector as buildConnectorType, Dispatcher } from "undici";
import type { DeleteOptions } from "../api/generated/meta/v1.ts";
import { apiVersionOf, type KubeObject, pathOf, type Resource } from "../resources/resource.ts";
import { type Clock, systemClock } from "../process/clock.ts";
import type {
  ApiClient,
  ListOptions,
  ListResult,
  ObjectReference,
  PatchType,
  RawRequest,
  RawResponse,
  WatchOptions,
} from "./api-client.ts";
import { decodeJson, encodeJson } from "./json.ts";
import type { ClusterAccess } from "./kubeconfig.ts";
import { createRateLimiter } from "./rate-limiter.ts";
import { listQuery, watchQuery, writeQuery } from "./request-query.ts";
import { responseError } from "./response-error.ts";
import { createTokenSource } from "./token-source.ts";
import { Agent, buildConnector } from "./undici.ts";
import { watchEvents } from "./watch-stream.ts";

export interface ApiClientOptions {
  readonly userAgent: string;
  /** Requests a second; no limit when left out. */
  readonly qps?: number | undefined;
  readonly burst?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Called once per answer: for `rest_client_requests_total` and `rest_client_request_duration_seconds`. */
  readonly onRequest?:
    | ((request: { method: string; host: string; code: string; durationMs: number }) => void)
    | undefined;
}

/** Connections for short requests; more requests at a time wait. */
const CONNECTIONS_MAX = 32;
/** The server gives a request 60 s: one that takes longer to answer is dead. */
const HEADERS_TIMEOUT_MS = 75_000;
/** Retries of an answer that carries `Retry-After`, as client-go. */
const RETRIES_MAX = 10;
/** Longest `Retry-After` that is obeyed. */
const RETRY_AFTER_MS_MAX = 30_000;
/** A GET whose kept-alive connection was closed under it is sent again this often. */
const BROKEN_CONNECTION_RETRIES_MAX = 2;

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

interface SendRequest extends RawRequest {
  readonly isWatch?: boolean;
}

/** How long to wait before the same request is sent again; nothing when the answer is final (H1). */
function retryAfterMs(method: string, response: Dispatcher.ResponseData): number | undefined {
  const code = response.statusCode;
  const header = response.headers["retry-after"];
  const seconds = typeof header === "string" ? Number(header) : Number.NaN;
  if (!Number.isFinite(seconds) || seconds < 0) return undefined;
  const isRefused = code === 429 || code === 503;
  const isIdempotent = method !== "POST" && method !== "PATCH";
  if (!isRefused && !(code >= 500 && isIdempotent)) return undefined;
  return Math.min(seconds * 1000, RETRY_AFTER_MS_MAX);
}

function isBrokenConnection(err: unknown): boolean {
  const code = err instanceof Error && "code" in err ? err.code : undefined;
  return code === "ECONNRESET" || code === "EPIPE" || code === "UND_ERR_SOCKET";
}

const CONNECT_TIMEOUT_MS = 10_000;

function connectOptions(access: ClusterAccess): buildConnectorType.BuildOptions {
  return {
    ...(access.ca === undefined ? {} : { ca: access.ca }),
    ...(access.currentClientCertificate?.() ?? access.clientCertificate ?? {}),
    ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
    rejectUnauthorized: access.insecureSkipTlsVerify !== true,
    timeout: CONNECT_TIMEOUT_MS,
  };
}

function agentOf(access: ClusterAccess, limits: AgentType.Options): AgentType {
  const isFixed = access.currentClientCertificate === undefined;
  return new Agent({
    ...limits,
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: isFixed
      ? connectOptions(access)
      : (target, callback) => buildConnector({ ...connectOptions(access), allowH2: false })(target, callback),
  });
}

type Send = (request: SendRequest) => Promise<Dispatcher.ResponseData>;

/** Sends with authentication, retries and the hook; the caller consumes the body. */
function createSend(
  access: ClusterAccess,
  options: ApiClientOptions,
  agents: { short: AgentType; watch: AgentType },
): Send {
  const clock = options.clock ?? systemClock;
  const tokenOf = createTokenSource(access, clock);
  const limiter =
    options.qps === undefined ? undefined : createRateLimiter(options.qps, options.burst ?? options.qps * 2, clock);
  const { host } = new URL(access.server);

  const once = async (request: SendRequest): Promise<Dispatcher.ResponseData> => {
    const token = await tokenOf();
    const startMs = clock.monotonicMs();
    const report = (code: string): void =>
      options.onRequest?.({ method: request.method, host, code, durationMs: clock.monotonicMs() - startMs });
    try {
      const response = await (request.isWatch === true ? agents.watch : agents.short).request({
        origin: access.server,
        path: request.path,
        method: request.method as Dispatcher.HttpMethod,
        body: request.body ?? null,
        signal: request.signal ?? null,
        headers: {
          accept: "application/json",
          "user-agent": options.userAgent,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(request.body === undefined ? {} : { "content-type": "application/json" }),
          ...request.headers,
        },
      });
      report(String(response.statusCode));
      return response;
    } catch (err) {
      report("<error>");
      throw err;
    }
  };

  return async (request) => {
    let brokenConnections = 0;
    for (let attempt = 0; ; attempt++) {
      await limiter?.take(request.signal);
      let response: Dispatcher.ResponseData;
      try {
        response = await once(request);
      } catch (err) {
        if (request.signal?.aborted === true) throw err;
        if (request.method !== "GET" || !isBrokenConnection(err)) throw err;
        if (++brokenConnections > BROKEN_CONNECTION_RETRIES_MAX) throw err;
        continue;
      }
      const delayMs = attempt < RETRIES_MAX ? retryAfterMs(request.method, response) : undefined;
      if (delayMs === undefined || request.isWatch === true) return response;
      await response.body.dump();
      await clock.sleep(delayMs, request.signal);
      request.signal?.throwIfAborted();
    }
  };
}

/** The body as a `T`; rejects with `StatusError` for a code ≥ 400. The server is trusted to keep to its types. */
async function answerOf<T>(response: Dispatcher.ResponseData): Promise<T> {
  const body = new Uint8Array(await response.body.arrayBuffer());
  if (response.statusCode >= 400) throw responseError(response.statusCode, body);
  return decodeJson(body) as T;
}

async function* openWatch<T extends KubeObject>(
  send: Send,
  resource: Resource<T>,
  options: WatchOptions,
): ReturnType<typeof watchEvents<T>> {
  const path = pathOf(resource, options.namespace) + watchQuery(options);
  const response = await send(withSignal({ method: "GET", path, isWatch: true }, options.signal));
  if (response.statusCode !== 200) {
    throw responseError(response.statusCode, new Uint8Array(await response.body.arrayBuffer()));
  }
  try {
    yield* watchEvents<T>(response.body);
  } finally {
    // Destroying an unfinished body raises an abort error on it: nobody is left to hear it.
    response.body.on("error", () => undefined);
    response.body.destroy();
  }
}

/** Kind and version are part of every body, also when the caller's object came out of a list. */
function bodyOf(resource: Resource<KubeObject>, object: object): string {
  return encodeJson({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind });
}

/** A client for one server and one user; `close` ends its connections. */
export function createApiClient(access: ClusterAccess, options: ApiClientOptions): ApiClient {
  const agents = {
    short: agentOf(access, {
      connections: CONNECTIONS_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: HEADERS_TIMEOUT_MS,
    }),
    watch: agentOf(access, { headersTimeout: HEADERS_TIMEOUT_MS, bodyTimeout: 0 }),
  };
  const send = createSend(access, options, agents);
  const call = async <T>(request: SendRequest): Promise<T> => answerOf<T>(await send(request));

  return {
    get: (resource, at, signal) =>
      call(withSignal({ method: "GET", path: pathOf(resource, at.namespace, at.name) }, signal)),
    list: <T extends KubeObject>(resource: Resource<T>, list: ListOptions = {}) =>
      call<ListResult<T>>(
        withSignal({ method: "GET", path: pathOf(resource, list.namespace) + listQuery(list) }, list.signal),
      ),
    watch: (resource, watch) => openWatch(send, resource, watch),
    create: (resource, draft, write = {}) => {
      const namespace = write.namespace ?? draft.metadata?.namespace;
      const path = pathOf(resource, namespace) + writeQuery(write);
      return call(withSignal({ method: "POST", path, body: bodyOf(resource, draft) }, write.signal));
    },
    update: (resource, object, write = {}) => {
      const path = pathOf(resource, object.metadata.namespace, object.metadata.name) + writeQuery(write);
      return call(withSignal({ method: "PUT", path, body: bodyOf(resource, object) }, write.signal));
    },
    updateStatus: (resource, object, write = {}) => {
      const path = pathOf(resource, object.metadata.namespace, object.metadata.name, "status") + writeQuery(write);
      return call(withSignal({ method: "PUT", path, body: bodyOf(resource, object) }, write.signal));
    },
    patch: (resource, at, type, patch, write = {}) => {
      const path = pathOf(resource, at.namespace, at.name, write.subresource) + writeQuery(write);
      const headers = { "content-type": PATCH_TYPES[type] };
      return call(withSignal({ method: "PATCH", path, headers, body: encodeJson(patch) }, write.signal));
    },
    delete: async <T extends KubeObject>(
      resource: Resource<T>,
      at: ObjectReference,
      body?: DeleteOptions,
      signal?: AbortSignal,
    ) => {
      const path = pathOf(resource, at.namespace, at.name);
      const answer = await call<T>(withSignal({ method: "DELETE", path, body: deleteBody(body) }, signal));
      return answer.kind === "Status" ? undefined : answer;
    },
    deleteCollection: async (resource, list, body) => {
      const path = pathOf(resource, list.namespace) + listQuery(list);
      await call(withSignal({ method: "DELETE", path, body: deleteBody(body) }, list.signal));
    },
    writeSubresource: (resource, at, subresource, method, body, write = {}) => {
      const path = pathOf(resource, at.namespace, at.name, subresource) + writeQuery(write);
      return call(withSignal({ method, path, body: encodeJson(body) }, write.signal));
    },
    raw: async (request): Promise<RawResponse> => {
      const response = await send(request);
      const body = Buffer.from(await response.body.arrayBuffer());
      return { status: response.statusCode, headers: response.headers, body };
    },
    close: async () => {
      await Promise.all([agents.short.destroy(), agents.watch.destroy()]);
    },
  };
}

function deleteBody(options: DeleteOptions | undefined): string | undefined {
  return options === undefined ? undefined : encodeJson({ kind: "DeleteOptions", apiVersion: "v1", ...options });
}

function withSignal(request: SendRequest, signal: AbortSignal | undefined): SendRequest {
  return signal === undefined ? request : { ...request, signal };
}
