import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const REQUEST_TIMEOUT_MS = 5000;

/** One GET on a connection of its own; rejects on any failure, a status of 400 or more among them. */
export function fetchText(url: string, localAddress?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const options = { agent, timeout: REQUEST_TIMEOUT_MS, ...(localAddress !== undefined && { localAddress }) };
    const call = request(url, options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("error", reject);
      response.on("end", () =>
        (response.statusCode ?? 500) < 400 ? resolve(body) : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    call.on("timeout", () => call.destroy(new Error("timeout")));
    call.on("error", reject);
    call.end();
  });
}

export interface LoadResult {
  readonly answers: readonly string[];
  readonly failures: readonly string[];
}

/** Sends `perSecond` requests, each on a new connection, until `stop` is called. */
export function startLoad(url: string, perSecond: number): { stop(): Promise<LoadResult> } {
  const answers: string[] = [];
  const failures: string[] = [];
  const pending = new Set<Promise<void>>();
  let isStopped = false;
  const send = (): void => {
    const sent = fetchText(url).then(
      (body) => void answers.push(body.trim()),
      (err: unknown) => void failures.push(`${new Date().toISOString()} ${String(err)}`),
    );
    pending.add(sent);
    void sent.finally(() => pending.delete(sent));
  };
  const loop = (async () => {
    for (let next = performance.now(); !isStopped; next += 1000 / perSecond) {
      send();
      await sleep(Math.max(0, next - performance.now()));
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await loop;
      await Promise.all(pending);
      return { answers, failures };
    },
  };
}
