/** Time from sending a write to the moment when the last of 1,000 watchers has its event. */
import { once } from "node:events";
import { report } from "../support/bench.ts";
import { BenchClient } from "../support/client.ts";
import type { MeasuredServer } from "../support/measured-server.ts";
import type { Pair } from "./pair.ts";

const WATCHERS = 1000;
const WRITES = 30;
const WARM_UP = 5;
const NEW_LINE = 10;

interface Side {
  readonly server: MeasuredServer;
  readonly watch: string;
  write(client: BenchClient, index: number): Promise<unknown>;
}

/** Sorted milliseconds. */
async function latencies({ server, watch, write }: Side): Promise<number[]> {
  const client = new BenchClient(server.address, WATCHERS + 1);
  let lines = 0;
  let wanted = 0;
  let reached: (() => void) | undefined;
  for (let count = 0; count < WATCHERS; count++) {
    const stream = await client.open(watch);
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => {
      if (chunk.at(-1) === NEW_LINE && ++lines >= wanted) reached?.();
    });
  }
  const measured: number[] = [];
  for (let index = 0; index < WRITES + WARM_UP; index++) {
    wanted = lines + WATCHERS;
    const all = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const start = performance.now();
    await Promise.all([write(client, index), all]);
    if (index >= WARM_UP) measured.push(performance.now() - start);
  }
  client.close();
  return measured.sort((left, right) => left - right);
}

export async function lastWatcher({ ours, bare }: Pair): Promise<void> {
  const version = await newestVersion(ours);
  const sides: Record<"ours" | "bare", Side> = {
    ours: {
      server: ours,
      watch: `/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=${version}`,
      write: async (client, index) => {
        const object = { metadata: { name: `last-${version}-${index}` }, data: { text: "x".repeat(3700) } };
        const headers = { "content-type": "application/json" };
        const answer = await client.open("/api/v1/namespaces/default/configmaps", headers, JSON.stringify(object));
        answer.resume();
        await once(answer, "end");
      },
    },
    bare: { server: bare, watch: "/watch", write: (client) => client.get("/change") },
  };
  const [our, their] = [await latencies(sides.ours), await latencies(sides.bare)];
  const at = (sorted: readonly number[], part: number): number => sorted[Math.floor(sorted.length * part)] ?? 0;
  report(`write to last of ${WATCHERS} watchers, median`, at(our, 0.5), at(their, 0.5), "ms", "none");
  report(`write to last of ${WATCHERS} watchers, p95`, at(our, 0.95), at(their, 0.95), "ms", "none");
}

async function newestVersion({ address }: MeasuredServer): Promise<string> {
  const client = new BenchClient(address, 1);
  const response = await client.open("/api/v1/namespaces/default/configmaps?limit=1");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  client.close();
  return (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}
