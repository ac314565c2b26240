/**
 * Every row about the API server beside its baseline, in one run: on SQLite and on etcd, with 1,000 and with 50,000
 * pods of 14.4 KB, over TLS and over HTTP, by one client and by many. `--quick` takes SQLite, TLS and 5,000 pods.
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
import type { Bench, Effort } from "./support/bench.ts";
import { fanOut } from "./watch-fan-out.ts";

type Row = (pair: Pair) => Promise<void>;

const FEW = 1000;
const ROWS_OF_FEW: readonly Row[] = [listOfThousand, smallGets, ({ ours, bare }) => fanOut(ours, bare), lastWatcher];
const ROWS_OF_MANY: readonly Row[] = [listOfMany, pages, peakMemory];

const TRANSPORTS = [
  { title: "TLS", isPlain: false },
  { title: "HTTP", isPlain: true },
];
const ALL = { many: 50_000, transports: TRANSPORTS, stores: STORES, rounds: 3 };
const QUICK = { many: 5000, transports: TRANSPORTS.slice(0, 1), stores: STORES.slice(0, 1), rounds: 1 };

function say(title: string): void {
  process.stdout.write(`\n-- ${title}\n`);
}

async function reads(store: BenchStore, { many, transports, rounds }: typeof ALL): Promise<void> {
  for (const { count, rows } of [
    { count: FEW, rows: ROWS_OF_FEW },
    { count: many, rows: ROWS_OF_MANY },
  ]) {
    await store.use(async (setup) => {
      for (const [index, { title, isPlain }] of transports.entries()) {
        say(`${count} pods, ${store.title}, ${title}`);
        await withPair({ count, isPlain, store: setup, rounds, isFilled: index > 0 }, async (pair) => {
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
  run: async (effort: Effort) => {
    const extent = effort.isQuick ? QUICK : ALL;
    for (const store of extent.stores) await reads(store, extent);
    for (const { title, isPlain } of extent.transports) {
      say(`a second thread, ${title}`);
      await secondThread({ isPlain }, extent.rounds);
    }
    for (const one of effort.isQuick ? [createThroughApi] : [cacheMemory, createThroughApi]) {
      say(one.measures);
      await one.run(effort);
    }
  },
};
