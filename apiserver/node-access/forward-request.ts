/**
 * Hands a request on to a backend and its answer back, as `apimachinery/pkg/util/proxy` does: bodies are streamed
 * both ways, an upgraded connection is joined byte for byte, and credentials of the caller are never passed on.
 * Redirects and links in pages that lead to the backend's root lead through the proxy.
 */
import { type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StatusError } from "../../shared/errors/status-error.ts";
import { joinStreams } from "../../shared/streaming/port-forward.ts";
import type { RequestContext } from "../http/request-context.ts";
import { beginAnswer } from "../http/respond.ts";
import { canRewrite, linkRewriting, proxiedAddress } from "./html-links.ts";
import { switchingProtocolsHead } from "./kubelet-client.ts";
import type { ProxyLocation } from "./proxy-location.ts";

export interface ForwardTls {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly rejectUnauthorized: boolean;
}

export interface Forward {
  readonly location: ProxyLocation;
  /** Raw path and query at the backend. */
  readonly path: string;
  /** Path of the proxy resource itself, for `Location` headers: `/api/v1/…/proxy`. */
  readonly prefix: string;
  /** Of HTTPS backends. */
  readonly tls: ForwardTls;
}

const CONNECT_TIMEOUT_MS = 30_000;
/** RFC 9110, 7.6.1: of one connection only. */
const HOP_BY_HOP = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** What a backend allows other sites concerns its own address, not ours (upstream: `corsRemovingTransport`). */
const CROSS_ORIGIN = /^access-control-(?:allow-(?:credentials|headers|methods|origin)|expose-headers|max-age)$/u;
/** Who the caller is concerns this server only. */
const IDENTITY = /^(?:authorization$|impersonate-|x-remote-)/u;
const BEARER_PROTOCOL = /^base64url\.bearer\.authorization\.k8s\.io\./u;

type Headers = Record<string, string[]>;

/** Headers without those of the connection, and without those that `Connection` names. */
function endToEnd(message: IncomingMessage): Headers {
  const named = new Set((message.headers.connection ?? "").split(",").map((one) => one.trim().toLowerCase()));
  const kept: Headers = {};
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (values !== undefined && !HOP_BY_HOP.has(name) && !named.has(name)) kept[name] = values;
  }
  return kept;
}

function requestHeaders({ request, upgrade }: RequestContext, prefix: string): Headers {
  const headers = endToEnd(request);
  for (const name of Object.keys(headers)) if (IDENTITY.test(name)) delete headers[name];
  const protocols = (headers["sec-websocket-protocol"] ?? []).flatMap((value) => value.split(","));
  const kept = protocols.map((one) => one.trim()).filter((one) => !BEARER_PROTOCOL.test(one));
  delete headers["sec-websocket-protocol"];
  if (kept.length > 0) headers["sec-websocket-protocol"] = [kept.join(", ")];
  const client = request.socket.remoteAddress;
  headers["x-forwarded-uri"] = [prefix];
  headers["x-forwarded-host"] = [request.headers.host ?? ""];
  headers["x-forwarded-proto"] = ["https"];
  headers["x-forwarded-for"] = [...(headers["x-forwarded-for"] ?? []), ...(client === undefined ? [] : [client])];
  delete headers["host"]; // Node takes only one, as a text: see `dial`.
  // Without it Node would send the body of a DELETE bare, for the backend to take as a request of its own.
  if (request.headers["transfer-encoding"] !== undefined) headers["transfer-encoding"] = ["chunked"];
  if (upgrade !== undefined) {
    headers["connection"] = ["Upgrade"];
    headers["upgrade"] = [request.headers.upgrade ?? ""];
  }
  return headers;
}

function hostAndPort({ host, port }: ProxyLocation): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function unreachable(error: Error): StatusError {
  return new StatusError("ServiceUnavailable", `error trying to reach service: ${error.message}`, { cause: error });
}

function dial(context: RequestContext, forward: Forward): ClientRequest {
  const { location, path, prefix, tls } = forward;
  const options: RequestOptions = {
    host: location.host,
    port: location.port,
    path,
    method: context.request.method ?? "GET",
    headers: { ...requestHeaders(context, prefix), host: hostAndPort(location) },
    signal: context.signal,
    agent: false,
    timeout: CONNECT_TIMEOUT_MS,
  };
  const request = location.scheme === "https" ? httpsRequest({ ...options, ...tls }) : httpRequest(options);
  request.on("timeout", () => request.destroy(new Error(`dial tcp ${hostAndPort(location)}: i/o timeout`)));
  // A backend may take its time to answer, once there is a connection.
  request.on("socket", (socket) => {
    const ready = location.scheme === "https" ? "secureConnect" : "connect";
    socket.once(ready, () => request.setTimeout(0));
  });
  return request;
}

/** Answers with what the backend answers; rejects with 503 when it cannot be reached. */
export async function forwardRequest(context: RequestContext, forward: Forward): Promise<void> {
  const backend = dial(context, forward);
  const answered = new Promise<{ response: IncomingMessage; socket?: Duplex }>((resolve, reject) => {
    backend.once("response", (response) => resolve({ response }));
    backend.once("upgrade", (response: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      resolve({ response, socket });
    });
    backend.on("error", (error) => reject(unreachable(error)));
  });
  if (context.upgrade === undefined) {
    // The backend's own failure is what the caller is told; this one is only its echo.
    pipeline(context.request, backend).catch(() => undefined);
  } else backend.end();
  const { response, socket } = await answered;
  if (socket !== undefined) await joinUpgraded(context, response, socket);
  else await answer(context, forward, response);
}

async function joinUpgraded(context: RequestContext, response: IncomingMessage, backend: Duplex): Promise<void> {
  const taken = context.upgrade?.take();
  if (taken === undefined) {
    backend.destroy();
    throw new StatusError("ServiceUnavailable", "error trying to reach service: unexpected upgrade");
  }
  const { socket, head } = taken;
  socket.write(switchingProtocolsHead(response));
  if (head.length > 0) backend.write(head);
  joinStreams(socket, backend);
  await new Promise<void>((resolve) => socket.once("close", resolve));
  backend.destroy();
}

async function answer(context: RequestContext, forward: Forward, from: IncomingMessage): Promise<void> {
  const { response } = context;
  const headers = endToEnd(from);
  for (const name of Object.keys(headers)) if (CROSS_ORIGIN.test(name)) delete headers[name];
  const steps = pageSteps(context, forward, from);
  if (steps.length > 0) delete headers["content-length"];
  const [location] = headers["location"] ?? [];
  if (location !== undefined) headers["location"] = [rewrittenLocation(location, forward)];
  for (const [name, values] of Object.entries(headers)) response.setHeader(name, values);
  if (!beginAnswer(context)) {
    from.destroy();
    return;
  }
  response.writeHead(from.statusCode ?? 502);
  response.flushHeaders();
  try {
    await pipeline([from, ...steps, response]);
  } catch {
    // Either side went away in the middle: the connection tells the other one.
    response.destroy();
  }
}

/** Pages have their links rewritten on the way. */
function pageSteps({ request }: RequestContext, forward: Forward, from: IncomingMessage): NodeJS.ReadWriteStream[] {
  const encoding = from.headers["content-encoding"] ?? "";
  const hasBody = request.method !== "HEAD" && from.statusCode !== 204 && from.statusCode !== 304;
  if (!hasBody || !canRewrite(from.headers["content-type"] ?? "", encoding)) return [];
  return linkRewriting({ origin: originOf(forward), prefix: forward.prefix }, encoding);
}

function originOf({ location }: Forward): string {
  return `${location.scheme}://${hostAndPort(location)}`;
}

/** A redirect to the backend itself stays behind the proxy; any other one is left as it is. */
function rewrittenLocation(location: string, forward: Forward): string {
  return proxiedAddress(location, { origin: originOf(forward), prefix: forward.prefix });
}
