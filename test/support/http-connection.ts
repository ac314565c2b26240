/** One kept-alive connection to an apiserver, so always the same of its threads. Plain node:https. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, type RequestOptions, request } from "node:https";
import type { ClusterAccess } from "../../shared/client/kubeconfig.ts";

export interface ConnectionAnswer<Body> {
  readonly code: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  /** An empty object when it is no JSON. */
  readonly body: Body;
}

/** `Body` is as much of all kinds as the test looks at. */
export class HttpConnection<Body = unknown> {
  readonly #server: string;
  readonly #options: RequestOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor({ server, ca, clientCertificate }: ClusterAccess) {
    this.#server = server;
    this.#options = { ca, ...clientCertificate, agent: this.#agent };
  }

  /** The answer's head has come; rejects when none comes. */
  async open(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage> {
    const options = { ...this.#options, method, headers: { "content-type": "application/json", ...headers } };
    const sent = request(new URL(path, this.#server), options);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    return ((await once(sent, "response")) as [IncomingMessage])[0];
  }

  async send(
    method: string,
    path: string,
    body?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ConnectionAnswer<Body>> {
    const response = await this.open(method, path, body, headers);
    const text = (await response.setEncoding("utf8").toArray()).join("");
    const isJson = response.headers["content-type"] === "application/json";
    const answered = (isJson ? JSON.parse(text) : {}) as Body;
    return { code: response.statusCode ?? 0, headers: response.headers, text, body: answered };
  }

  close(): void {
    this.#agent.destroy();
  }
}
