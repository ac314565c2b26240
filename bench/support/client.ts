import { once } from "node:events";
import { Agent, type RequestOptions, request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import type { ServerAddress } from "./measured-server.ts";

/** Keep-alive requests over a number of connections. */
export class BenchClient {
  readonly #options: RequestOptions;
  readonly #agent: Agent;

  constructor({ port, ca, cert, key }: ServerAddress, connections: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.#options = { host: "127.0.0.1", port, ca, cert, key, agent: this.#agent };
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

  /** An answer that has begun; rejects unless it is 200. */
  async open(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const request = httpsRequest({ ...this.#options, path, headers });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`);
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
}
