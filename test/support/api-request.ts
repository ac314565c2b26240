/** One plain HTTPS request to a test's apiserver, as a client that knows nothing of Kubernetes would send it. */
import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type Agent, request as httpsRequest } from "node:https";
import type { TestApiServer } from "./api-server.ts";

export interface ApiAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; fails when it is none. */
  json<T>(): T;
}

export interface ApiRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is a text or bytes, else as JSON. */
  readonly body?: unknown;
  /** A connection of its own when left out. */
  readonly agent?: Agent;
}

/** Resolves with whatever is answered; rejects only when nothing is. */
export async function ask(api: TestApiServer, path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
  const { method = "GET", headers = {}, body, agent = false } = request;
  const isRaw = typeof body === "string" || Buffer.isBuffer(body);
  const text = body === undefined || isRaw ? body : JSON.stringify(body);
  const sent = httpsRequest({
    host: "127.0.0.1",
    port: api.port,
    method,
    path,
    agent,
    ca: api.authority.certificate,
    cert: api.admin.certificate,
    key: api.admin.key,
    headers: {
      ...(text === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
      ...headers,
    },
  });
  sent.end(text);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const received = (await response.setEncoding("utf8").toArray()).join("");
  return {
    code: response.statusCode ?? 0,
    headers: response.headers,
    text: received,
    json: <T>() => JSON.parse(received) as T,
  };
}
