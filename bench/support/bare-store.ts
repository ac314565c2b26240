/** A store's own client and nothing else. */
import { DatabaseSync } from "node:sqlite";
import { Etcd3 } from "etcd3";
import type { ServerSetup } from "../servers/setup.ts";

export type StoreSetup = NonNullable<ServerSetup["store"]>;

export interface BareStore {
  /** Durable write of a fresh key, a commit of its own. */
  put(value: Buffer): Promise<unknown>;
  /** Linearizable. */
  revision(): Promise<unknown>;
  close(): void;
}

/** Beside the store of `setup`: a file of SQLite has one owner, and keys elsewhere in etcd disturb nobody. */
export function openBareStore({ sqliteFile, etcdServers }: StoreSetup): BareStore {
  const [url] = etcdServers ?? [];
  if (sqliteFile !== undefined) return openSqlite(`${sqliteFile}-${process.pid}`);
  if (url !== undefined) return openEtcd(url);
  throw new Error("there is no bare client of a store in memory");
}

function openSqlite(file: string): BareStore {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (k TEXT PRIMARY KEY, v BLOB)");
  const insert = database.prepare("INSERT INTO t VALUES (?, ?)");
  let serial = 0;
  return {
    put: async (value) => insert.run(`/bare/${serial++}`, value),
    // One process owns the file: it knows its revision.
    revision: async () => serial,
    close: () => database.close(),
  };
}

function openEtcd(url: string): BareStore {
  const client = new Etcd3({ hosts: url });
  const prefix = `/bare/${process.pid}`;
  let serial = 0;
  return {
    put: (value) => client.kv.put({ key: Buffer.from(`${prefix}/${serial++}`), value }),
    revision: () => client.kv.range({ key: Buffer.from(prefix) }),
    close: () => client.close(),
  };
}
