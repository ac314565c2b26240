import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Etcd3 } from "etcd3";
import type { ServerSetup } from "../servers/setup.ts";
import { startEtcd } from "../../test/support/etcd.ts";

type StoreSetup = NonNullable<ServerSetup["store"]>;

/** Durable writes of fresh keys, each a commit of its own: the store's own client and nothing else. */
export interface BareWriter {
  put(value: Buffer): Promise<unknown>;
  close(): void;
}

/** A store that is on the disk and empty; it is removed afterwards. */
export interface BenchStore {
  readonly title: string;
  /** What the store's own client does for one write. */
  readonly bareTitle: string;
  use(body: (store: StoreSetup, openBare: () => BareWriter) => Promise<void>): Promise<void>;
}

const SQLITE: BenchStore = {
  title: "SQLite",
  bareTitle: "one INSERT a commit",
  use: async (body) => {
    const folder = mkdtempSync(join(tmpdir(), "kubernode-bench-"));
    try {
      const setup: StoreSetup = { backend: "sqlite", sqliteFile: join(folder, "bench.db") };
      await body(setup, () => bareSqlite(join(folder, "bare.db")));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const ETCD: BenchStore = {
  title: "etcd",
  bareTitle: "client.kv.put",
  use: async (body) => {
    const etcd = await startEtcd();
    try {
      await body({ backend: "etcd3", etcdServers: [etcd.url] }, () => bareEtcd(etcd.url));
    } finally {
      await etcd.stop();
    }
  },
};

export const STORES: readonly BenchStore[] = [SQLITE, ETCD];

function bareSqlite(file: string): BareWriter {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (k TEXT PRIMARY KEY, v BLOB)");
  const insert = database.prepare("INSERT INTO t VALUES (?, ?)");
  let serial = 0;
  return { put: async (value) => insert.run(`/bare/${serial++}`, value), close: () => database.close() };
}

function bareEtcd(url: string): BareWriter {
  const client = new Etcd3({ hosts: url });
  let serial = 0;
  return {
    put: (value) => client.kv.put({ key: Buffer.from(`/bare/${serial++}`), value }),
    close: () => client.close(),
  };
}
