/**
 * Every row about the API server beside its baseline, in one run: on SQLite and on etcd, with 1,000 and with 50,000
 * pods of 14.4 KB, over TLS and over HTTP, by one client and by many.
 */
import { lastWatcher } from "./api/last-watcher.ts";
import { pages } from "./api/pages.ts";
import { type Pair, withPair } from "./api/pair.ts";
import { peakMemory } from "./api/peak-memory.ts";
import { listOfMany, listOfThousand, smallGets } from "./api/reads.ts";
import { secondThread } from "./api/second-thread.ts";
import { type BenchStore, STORES } from "./api/stores.ts";
import { cacheMemory } from "./cache-memory.ts";
import { createThroughApi } from "./create.ts";
import type { Bench } from "./support/bench.ts";
import { fanOut } from "./watch-fan-out.ts";

type Row = (pair: Pair) => Promise<void>;

const SCALES: readonly { readonly count: number; readonly rows: readonly Row[] }[] = [
  { count: 1000, rows: [listOfThousand, smallGets, ({ ours, bare }) => fanOut(ours, bare), lastWatcher] },
  { count: 50_000, rows: [listOfMany, pages, peakMemory] },
];
const TRANSPORTS = [
  { title: "TLS", isPlain: false },
  { title: "HTTP", isPlain: true },
];

function say(title: string): void {
  process.stdout.write(`\n-- ${title}\n`);
}

async function reads(store: BenchStore): Promise<void> {
  for (const { count, rows } of SCALES) {
    await store.use(async (setup) => {
      for (const [index, { title, isPlain }] of TRANSPORTS.entries()) {
        say(`${count} pods, ${store.title}, ${title}`);
        await withPair({ count, isPlain, store: setup }, index > 0, async (pair) => {
          const readyMs = (await pair.ours.ask({ do: "readyMs" })) as number;
          process.stdout.write(`ready ${(readyMs / 1000).toFixed(2)} s after the store was opened\n`);
          for (const row of rows) await row(pair);
        });
      }
    });
  }
}

export const api: Bench = {
  name: "api",
  measures: "every row about the API server",
  run: async () => {
    for (const store of STORES) await reads(store);
    for (const { title, isPlain } of TRANSPORTS) {
      say(`a second thread, ${title}`);
      await secondThread({ isPlain });
    }
    for (const one of [cacheMemory, createThroughApi]) {
      say(one.measures);
      await one.run();
    }
  },
};
