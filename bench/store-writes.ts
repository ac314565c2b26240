/** Writes a second through our storage beside the store's own client in a loop, with one writer and with many. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Etcd3 } from "etcd3";
import { openStorage, type StorageOptions } from "../apiserver/storage/open-storage.ts";
import { systemClock } from "../shared/process/clock.ts";
import { silentLogger } from "../shared/process/logger.ts";
import { startEtcd } from "../test/support/etcd.ts";
import { type Bench, median, report } from "./support/bench.ts";
import { rate } from "./support/rate.ts";

const VALUE = Buffer.alloc(2000, 120);
const ROUNDS = 3;
const WRITERS = 100;

type Writer = (count: number) => Promise<unknown>;

async function compare(what: string, writers: number, ours: Writer, baseline: Writer): Promise<void> {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    rates[0].push(await rate(writers, ours));
    rates[1].push(await rate(writers, baseline));
  }
  report(what, median(rates[0]), median(rates[1]), "/s", "≥ 0.7×");
}

async function ourWriter(
  options: Omit<StorageOptions, "clock" | "logger">,
): Promise<{ write: Writer; close(): Promise<void> }> {
  const storage = await openStorage({ ...options, clock: systemClock, logger: silentLogger });
  let serial = 0;
  return { write: () => storage.create(`/registry/bench/ours-${serial++}`, VALUE), close: () => storage.close() };
}

async function etcdWrites(): Promise<void> {
  const etcd = await startEtcd();
  const ours = await ourWriter({ backend: "etcd3", etcdServers: [etcd.url] });
  const client = new Etcd3({ hosts: etcd.url });
  let serial = 0;
  const put: Writer = () => client.kv.put({ key: Buffer.from(`/bare/${serial++}`), value: VALUE });
  try {
    for (const writers of [1, WRITERS])
      await compare(`etcd, ${writers} writers, beside client.kv.put`, writers, ours.write, put);
  } finally {
    await ours.close();
    client.close();
    await etcd.stop();
  }
}

async function sqliteWrites(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kubernode-bench-"));
  const ours = await ourWriter({ backend: "sqlite", sqliteFile: join(folder, "ours.db") });
  const database = new DatabaseSync(join(folder, "bare.db"));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (k TEXT PRIMARY KEY, v BLOB)");
  const insert = database.prepare("INSERT INTO t VALUES (?, ?)");
  let serial = 0;
  const put: Writer = async () => insert.run(`/bare/${serial++}`, VALUE);
  try {
    for (const writers of [1, WRITERS])
      await compare(`SQLite, ${writers} writers, beside one INSERT a commit`, writers, ours.write, put);
  } finally {
    await ours.close();
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const storeWrites: Bench = {
  name: "store",
  measures: "durable writes of 2 KB through the storage interface",
  run: async () => {
    await sqliteWrites();
    await etcdWrites();
  },
};
