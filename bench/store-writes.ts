/** Writes a second through our storage beside the store's own client in a loop, with one writer and with many. */
import { openStorage } from "../apiserver/storage/open-storage.ts";
import { systemClock } from "../shared/process/clock.ts";
import { silentLogger } from "../shared/process/logger.ts";
import { STORES } from "./api/stores.ts";
import { type Bench, median, report } from "./support/bench.ts";
import { openBareStore } from "./support/bare-store.ts";
import { rate } from "./support/rate.ts";

const VALUE = Buffer.alloc(2000, 120);
const ROUNDS = 3;
const WRITERS = [1, 100];

type Writer = (count: number) => Promise<unknown>;

async function compare(what: string, writers: number, ours: Writer, baseline: Writer): Promise<void> {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    rates[0].push(await rate(writers, ours));
    rates[1].push(await rate(writers, baseline));
  }
  report(what, median(rates[0]), median(rates[1]), "/s", "≥ 0.7×");
}

export const storeWrites: Bench = {
  name: "store",
  measures: "durable writes of 2 KB through the storage interface",
  run: async () => {
    for (const { title, bareTitle, use } of STORES) {
      await use(async (setup) => {
        const storage = await openStorage({ ...setup, clock: systemClock, logger: silentLogger });
        const bare = openBareStore(setup);
        let serial = 0;
        const write: Writer = () => storage.create(`/registry/bench/ours-${serial++}`, VALUE);
        for (const writers of WRITERS) {
          await compare(`${title}, ${writers} writers, beside ${bareTitle}`, writers, write, () => bare.put(VALUE));
        }
        bare.close();
        await storage.close();
      });
    }
  },
};
