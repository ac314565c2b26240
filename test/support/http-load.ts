/**
 * Load in a process of its own, so that it goes on while a test waits for a command:
 * `node test/support/http-load.ts URL PER_SECOND` sends GETs, each on a new connection, until its standard input
 * ends, and then prints a `LoadResult`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { fetchText } from "./http-get.ts";

export interface LoadResult {
  readonly answers: readonly string[];
  readonly failures: readonly string[];
}

async function main(url: string, perSecond: number): Promise<void> {
  const answers: string[] = [];
  const failures: string[] = [];
  const pending = new Set<Promise<void>>();
  let isStopped = false;
  process.stdin.resume().on("end", () => {
    isStopped = true;
  });
  const send = async (): Promise<void> => {
    const sentAt = new Date().toISOString();
    try {
      answers.push((await fetchText(url)).trim());
    } catch (err) {
      failures.push(`sent ${sentAt}: ${String(err)}`);
    }
  };
  for (let next = performance.now(); !isStopped; next += 1000 / perSecond) {
    const sent = send();
    pending.add(sent);
    void sent.finally(() => pending.delete(sent));
    await sleep(Math.max(0, next - performance.now()));
  }
  await Promise.all(pending);
  process.stdout.write(JSON.stringify({ answers, failures } satisfies LoadResult));
}

const [url = "", perSecond = ""] = process.argv.slice(2);
await main(url, Number(perSecond));
