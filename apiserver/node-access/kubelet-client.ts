/**
 * Requests from the apiserver to a kubelet's TLS server: streamed answers (logs) and connections that are handed on
 * byte for byte after an upgrade (exec, attach, port-forward).
 */
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { StatusError, type StatusReason } from "../../shared/errors/status-error.ts";
import type { KubeletLocation } from "./kubelet-location.ts";

export interface KubeletAccess {
  /** PEM of the client certificate and key that kubelets know. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the CA of kubelets' serving certificates; without it they are not checked, as upstream. */
  readonly ca: string | undefined;
}

export interface KubeletUpgrade {
  readonly response: IncomingMessage;
  readonly socket: Duplex;
}

export interface KubeletClient {
  /** GET; rejects with `StatusError` for an answer that is not 2xx, and with 502-like text when there is none. */
  get(location: KubeletLocation, path: string, signal: AbortSignal): Promise<IncomingMessage>;
  /** Repeats the client's upgrade request at the kubelet; rejects with `StatusError` when it refuses. */
  upgrade(
    location: KubeletLocation,
    path: string,
    request: IncomingMessage,
    signal: AbortSignal,
  ): Promise<KubeletUpgrade>;
  /** What connections to kubelets are made with, for those who open their own. */
  readonly tls: {
    readonly cert: string;
    readonly key: string;
    readonly ca?: string;
    readonly rejectUnauthorized: boolean;
  };
  close(): void;
}

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_SOCKETS_MAX = 4;
const REFUSAL_BYTES_MAX = 4096;
/** Headers of the client that concern the upgraded protocol; nothing of its identity is passed on. */
const UPGRADE_HEADERS = /^(?:upgrade|connection|sec-websocket-[a-z]+|x-stream-protocol-version)$/u;
/** Carries a bearer token of a browser's WebSocket: the kubelet must not see it. */
const BEARER_PROTOCOL = /^base64url\.bearer\.authorization\.k8s\.io\./u;

const REASON_OF_CODE: Readonly<Record<number, StatusReason>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  429: "TooManyRequests",
  503: "ServiceUnavailable",
};

function upgradeHeaders(request: IncomingMessage): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? "").toLowerCase();
    let value = request.rawHeaders[index + 1] ?? "";
    if (!UPGRADE_HEADERS.test(name)) continue;
    if (name === "sec-websocket-protocol") {
      const kept = value.split(",").map((protocol) => protocol.trim());
      value = kept.filter((protocol) => !BEARER_PROTOCOL.test(protocol)).join(", ");
      if (value === "") continue;
    }
    headers[name] = [...(headers[name] ?? []), value];
  }
  return headers;
}

async function refusal(response: IncomingMessage): Promise<StatusError> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response as AsyncIterable<string>) {
    if (text.length < REFUSAL_BYTES_MAX) text += chunk;
  }
  const code = response.statusCode ?? 500;
  return new StatusError(REASON_OF_CODE[code] ?? "InternalError", text.trim() || `the kubelet answered ${code}`, {
    code,
  });
}

function unreachable(location: KubeletLocation, err: Error): StatusError {
  const where = `https://${location.host}:${location.port}`;
  return new StatusError("InternalError", `Internal error occurred: error dialing backend: ${where}: ${err.message}`, {
    cause: err,
  });
}

/** One client for all kubelets of the cluster. */
export function createKubeletClient(access: KubeletAccess): KubeletClient {
  const tls = {
    cert: access.cert,
    key: access.key,
    rejectUnauthorized: access.ca !== undefined,
    ...(access.ca && { ca: access.ca }),
  };
  const agent = new Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX, ...tls });
  const at = ({ host, port }: KubeletLocation, path: string, signal: AbortSignal): RequestOptions => ({
    host,
    port,
    path,
    signal,
    timeout: CONNECT_TIMEOUT_MS,
  });
  return {
    get: (location, path, signal) =>
      new Promise((resolve, reject) => {
        const request = httpsRequest({ ...at(location, path, signal), agent, method: "GET" });
        request.on("timeout", () => request.destroy(new Error("no answer")));
        request.on("error", (err) => reject(unreachable(location, err)));
        request.on("response", (response) => {
          // A followed log may be quiet for hours.
          request.setTimeout(0);
          const code = response.statusCode ?? 500;
          if (code >= 200 && code < 300) resolve(response);
          else void refusal(response).then(reject, reject);
        });
        request.end();
      }),
    upgrade: (location, path, incoming, signal) =>
      new Promise((resolve, reject) => {
        const request = httpsRequest({
          ...at(location, path, signal),
          ...tls,
          agent: false,
          method: incoming.method ?? "GET",
          headers: upgradeHeaders(incoming),
        });
        request.on("timeout", () => request.destroy(new Error("no answer")));
        request.on("error", (err) => reject(unreachable(location, err)));
        request.on("response", (response) => void refusal(response).then(reject, reject));
        request.on("upgrade", (response, socket, head) => {
          socket.setTimeout(0);
          if (head.length > 0) socket.unshift(head);
          resolve({ response, socket });
        });
        request.end();
      }),
    tls,
    close: () => agent.destroy(),
  };
}

/** The kubelet's 101 as it goes to the client. */
export function switchingProtocolsHead(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 101 Switching Protocols`];
  for (let index = 0; index + 1 < response.rawHeaders.length; index += 2) {
    lines.push(`${response.rawHeaders[index]}: ${response.rawHeaders[index + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}
