/** Opens the store that the flags name. The drivers are loaded only when they are used: gRPC alone costs 0.1 s. */
import { MemoryStorage } from "./memory/memory-storage.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { Storage } from "./storage.ts";

export interface StorageOptions {
  readonly backend: "etcd3" | "sqlite" | "memory";
  readonly clock: Clock;
  readonly logger: Logger;
  /** URLs, for `etcd3`. */
  readonly etcdServers?: readonly string[];
  /** PEM, for `etcd3` behind TLS. */
  readonly etcdTls?: EtcdTls;
  /** File of the database, for `sqlite`; its folder exists. */
  readonly sqliteFile?: string;
}

export interface EtcdTls {
  readonly ca: Buffer;
  readonly key?: Buffer;
  readonly cert?: Buffer;
}

/** Rejects when the options do not suffice or a database cannot be opened; an etcd that is down is not noticed here. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { clock, logger } = options;
  switch (options.backend) {
    case "memory":
      return new MemoryStorage(clock);
    case "sqlite": {
      if (options.sqliteFile === undefined) throw new Error("--sqlite-file must be set for the sqlite backend");
      const { SqliteStorage } = await import("./sqlite/sqlite-storage.ts");
      return new SqliteStorage({ file: options.sqliteFile, clock, logger });
    }
    case "etcd3": {
      const servers = options.etcdServers ?? [];
      if (servers.length === 0) throw new Error("--etcd-servers must be set");
      const { openEtcdStorage } = await import("./etcd/etcd-storage.ts");
      return openEtcdStorage({ servers, clock, logger, ...(options.etcdTls && { tls: options.etcdTls }) });
    }
  }
}
