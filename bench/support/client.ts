import { once } from "node:events";
import { Agent as PlainAgent, type IncomingMessage, request as plainRequest } from "node:http";
import { Agent, type RequestOptions, request as tlsRequest } from "node:https";
import { BENCH_TOKEN } from "../servers/setup.ts";
import type { ServerAddress } from "./measured-server.ts";

/** Keep-alive requests over a number of connections. */
export class BenchClient {
  readonly #options: RequestOptions;
  readonly #agent: Agent | PlainAgent;
  readonly #isPlain: boolean;

  constructor({ port, isPlain, ca, cert, key }: ServerAddress, connections: number) {
    const agent = { keepAlive: true, maxSockets: connections };
    this.#isPlain = isPlain;
    this.#agent = isPlain ? new PlainAgent(agent) : new Agent(agent);
    this.#options = { host: "127.0.0.1", port, agent: this.#agent, ...(isPlain ? {} : { ca, cert, key }) };
  }

  /** Reads the whole answer; returns its size. */
  async get(path: string, headers: Record<string, string> = {}): Promise<number> {
    const response = await this.open(path, headers);
    let size = 0;
    response.on("data", (chunk: Buffer) => {
      size += chunk.length;
    });
    await once(response, "end");
    return size;
  }

  /** An answer that has begun; rejects unless it is good. */
  async open(path: string, headers: Record<string, string> = {}, post?: string): Promise<IncomingMessage> {
    const method = post === undefined ? "GET" : "POST";
    const options = { ...this.#options, path, method, headers: { ...headers, ...this.#credentials() } };
    const request = this.#isPlain ? plainRequest(options) : tlsRequest(options);
    request.end(post);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    if (response.statusCode !== 200 && response.statusCode !== 201) throw new Error(`${path}: ${response.statusCode}`);
    return response;
  }

  /** `times` requests, as many at once as there are connections. */
  async repeat(times: number, workers: number, path: string, headers: Record<string, string> = {}): Promise<void> {
    let left = times;
    const work = async (): Promise<void> => {
      while (left-- > 0) await this.get(path, headers);
    };
    await Promise.all(Array.from({ length: workers }, work));
  }

  close(): void {
    this.#agent.destroy();
  }

  #credentials(): Record<string, string> {
    return this.#isPlain ? { authorization: `Bearer ${BENCH_TOKEN}` } : {};
  }
}
