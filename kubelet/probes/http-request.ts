/** One HTTP request of a probe or of a lifecycle hook, followed to the same host. Upstream: `pkg/probe/http`. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { HTTPGetAction } from "../../shared/api/generated/core/v1.ts";
import { KUBERNETES_MAJOR, KUBERNETES_MINOR } from "../../shared/process/version.ts";

export interface ProbeAnswer {
  readonly isSuccess: boolean;
  /** What the event says after `probe failed: `. */
  readonly output: string;
  /** It passes, but something about it is worth a word. */
  readonly isWarning?: boolean;
}

const REDIRECTS_MAX = 10;
const BODY_BYTES_MAX = 10 * 1024;

export function probeUrl(action: HTTPGetAction, host: string, port: number): URL {
  const scheme = action.scheme?.toLowerCase() === "https" ? "https" : "http";
  const name = action.host === undefined || action.host === "" ? host : action.host;
  const authority = name.includes(":") ? `[${name}]` : name;
  const path = action.path ?? "/";
  return new URL(`${scheme}://${authority}:${port}${path.startsWith("/") ? path : `/${path}`}`);
}

function probeHeaders(action: HTTPGetAction): Record<string, string> {
  const headers: Record<string, string> = {
    "User-Agent": `kube-probe/${KUBERNETES_MAJOR}.${KUBERNETES_MINOR}`,
    Accept: "*/*",
    Connection: "close",
  };
  for (const { name, value } of action.httpHeaders ?? []) {
    const known = Object.keys(headers).find((header) => header.toLowerCase() === name.toLowerCase());
    if (value === "" && known !== undefined) delete headers[known];
    else headers[known ?? name] = value;
  }
  return headers;
}

/** Never rejects: a connection that fails is an answer too. */
export async function probeHttp(
  action: HTTPGetAction,
  host: string,
  port: number,
  timeoutMs: number,
): Promise<ProbeAnswer> {
  const headers = probeHeaders(action);
  const signal = AbortSignal.timeout(timeoutMs);
  let url = probeUrl(action, host, port);
  const first = url;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    const answer = await send(url, headers, signal);
    if ("error" in answer) return { isSuccess: false, output: failureText(url, answer.error, signal) };
    const { status, location } = answer;
    const isRedirect = status >= 300 && status < 400 && location !== undefined;
    if (!isRedirect) {
      if (status >= 200 && status < 400) return { isSuccess: true, output: answer.body };
      return { isSuccess: false, output: `HTTP probe failed with statuscode: ${status}` };
    }
    const next = new URL(location, url);
    // What another host says is not about this container.
    if (next.hostname !== first.hostname) {
      return { isSuccess: true, isWarning: true, output: `Probe terminated redirects, Response body: ${answer.body}` };
    }
    url = next;
  }
  return { isSuccess: false, output: `Get "${first.href}": stopped after ${REDIRECTS_MAX} redirects` };
}

interface Received {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

function send(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Received | { readonly error: Error }> {
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const options = { headers, signal, agent: false, rejectUnauthorized: false };
    const sent = request(url, options, (response) => {
      readBody(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, location: response.headers.location, body }),
        (error: unknown) => resolve({ error: error instanceof Error ? error : new Error(String(error)) }),
      );
    });
    sent.on("error", (error) => resolve({ error }));
    sent.end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    if (text.length > BODY_BYTES_MAX) break;
  }
  return text.slice(0, BODY_BYTES_MAX);
}

function failureText(url: URL, error: Error & { code?: string }, signal: AbortSignal): string {
  const head = `Get "${url.href}":`;
  if (signal.aborted) return `${head} context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  return `${head} ${connectFailureText(url.hostname, Number(url.port === "" ? (url.protocol === "https:" ? 443 : 80) : url.port), error)}`;
}

const CONNECT_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
};

/** As Go's net package says it. */
export function connectFailureText(host: string, port: number, error: Error & { code?: string }): string {
  const text = CONNECT_FAILURES[error.code ?? ""];
  if (error.code === "ECONNRESET") return "EOF";
  return text === undefined ? error.message : `dial tcp ${host}:${port}: connect: ${text}`;
}
