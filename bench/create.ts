/**
 * ConfigMaps of 2 KB created through the API, by clients that do next to nothing themselves. Beside it, at the same
 * concurrency: the store's own client with one put a commit, our store alone (it shares commits), a bare server that
 * puts the bodies with the store's own client, and one that stores nothing.
 */
import { encodeStored } from "../apiserver/storage/codec.ts";
import { openStorage } from "../apiserver/storage/open-storage.ts";
import { systemClock } from "../shared/process/clock.ts";
import { silentLogger } from "../shared/process/logger.ts";
import { type BenchStore, STORES } from "./api/stores.ts";
import { type Bench, type Effort, median, report } from "./support/bench.ts";
import { openBareStore } from "./support/bare-store.ts";
import { MeasuredServer } from "./support/measured-server.ts";
import { rate } from "./support/rate.ts";
import { answersOf } from "./support/raw-client.ts";

const TEXT = "x".repeat(1800);
const WRITERS = [1, 32];
const PATH = "/api/v1/namespaces/default/configmaps";

interface Turns {
  readonly rounds: number;
  readonly roundMs: number;
}

/** The middle of the rounds. */
interface Figures {
  readonly perSecond: number;
  /** Processor time of the server for one. */
  readonly cpuMicros: number;
}

let serial = 0;

const draft = (): { metadata: { name: string; namespace: string }; data: Record<string, string> } => ({
  metadata: { name: `bench-${serial++}`, namespace: "default" },
  data: { text: TEXT },
});

function storedDraft(): Buffer {
  return encodeStored({ kind: "ConfigMap", apiVersion: "v1", ...draft() });
}

async function posts(server: MeasuredServer, connections: number, durationMs: number): Promise<Figures> {
  let answers = { perSecond: 0, count: 0 };
  const cpuMs = await server.cpuOf(async () => {
    const next = (): { path: string; post: string } => ({ path: PATH, post: JSON.stringify(draft()) });
    answers = await answersOf(server.address, { connections, durationMs, next });
  });
  return { perSecond: answers.perSecond, cpuMicros: (cpuMs * 1000) / answers.count };
}

/** Takes one of each in turns; the first round warms up. */
async function inTurns<K extends string>(
  cases: Record<K, () => Promise<Figures>>,
  rounds: number,
): Promise<Record<K, Figures>> {
  const names = Object.keys(cases) as K[];
  const measured = new Map<K, Figures[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const figures = await cases[name]();
      if (round > 0) measured.get(name)?.push(figures);
    }
  }
  const middle = (name: K): Figures => {
    const of = (key: keyof Figures): number => median((measured.get(name) ?? []).map((one) => one[key]));
    return { perSecond: of("perSecond"), cpuMicros: of("cpuMicros") };
  };
  return Object.fromEntries(names.map((name) => [name, middle(name)])) as Record<K, Figures>;
}

async function compare({ title, bareTitle, use }: BenchStore, isPlain: boolean, turns: Turns): Promise<void> {
  await use(async (store) => {
    const ours = await MeasuredServer.start("apiserver.ts", { store, isPlain });
    const storing = await MeasuredServer.start("bare.ts", { isPlain, store });
    const idle = await MeasuredServer.start("bare.ts", { isPlain });
    // A file of SQLite has one owner; in etcd, keys elsewhere are not seen by the server's watch.
    const sqliteFile = store.sqliteFile && `${store.sqliteFile}-alone`;
    const options = { ...store, ...(sqliteFile && { sqliteFile }), clock: systemClock, logger: silentLogger };
    const alone = await openStorage(options);
    const client = openBareStore(store);
    const writes = async (writers: number, write: () => Promise<unknown>): Promise<Figures> => ({
      perSecond: await rate(writers, write, turns.roundMs),
      cpuMicros: 0,
    });
    for (const writers of WRITERS) {
      const { api, put, own, bare, echo } = await inTurns(
        {
          api: () => posts(ours, writers, turns.roundMs),
          put: () => writes(writers, () => client.put(storedDraft())),
          own: () => writes(writers, () => alone.create(`/alone/${serial}`, storedDraft())),
          bare: () => posts(storing, writers, turns.roundMs),
          echo: () => posts(idle, writers, turns.roundMs),
        },
        turns.rounds,
      );
      const what = `${title}, ${isPlain ? "HTTP" : "TLS"}, ${writers} writers`;
      const goal = writers === 1 ? "none" : "≥ 0.7×";
      report(`${what}, beside a bare server with it`, api.perSecond, bare.perSecond, "/s", goal);
      report(`${what}, beside ${bareTitle}`, api.perSecond, put.perSecond, "/s", "none");
      report(`${what}, beside our store alone`, api.perSecond, own.perSecond, "/s", "none");
      report(`${what}, beside storing nothing`, api.perSecond, echo.perSecond, "/s", "none");
      report(`${what}, CPU beside storing nothing`, api.cpuMicros, echo.cpuMicros, "µs", "none");
    }
    client.close();
    await alone.close();
    for (const server of [ours, storing, idle]) await server.stop();
  });
}

export const createThroughApi: Bench = {
  name: "create",
  measures: "objects created through the API a second, beside writes of the store at the same concurrency",
  run: async ({ isQuick }: Effort) => {
    const turns = isQuick ? { rounds: 1, roundMs: 800 } : { rounds: 3, roundMs: 1500 };
    for (const store of STORES) {
      for (const isPlain of isQuick ? [false] : [false, true]) await compare(store, isPlain, turns);
    }
  },
};
