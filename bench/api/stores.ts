import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEtcd } from "../../test/support/etcd.ts";
import type { StoreSetup } from "../support/bare-store.ts";

/** A store that is on the disk and empty; it is removed afterwards. */
export interface BenchStore {
  readonly title: string;
  /** What the store's own client does for one write. */
  readonly bareTitle: string;
  use(body: (store: StoreSetup) => Promise<void>): Promise<void>;
}

const SQLITE: BenchStore = {
  title: "SQLite",
  bareTitle: "one INSERT a commit",
  use: async (body) => {
    const folder = mkdtempSync(join(tmpdir(), "kubernode-bench-"));
    try {
      const setup: StoreSetup = { backend: "sqlite", sqliteFile: join(folder, "bench.db") };
      await body(setup);
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
      await body({ backend: "etcd3", etcdServers: [etcd.url] });
    } finally {
      await etcd.stop();
    }
  },
};

export const STORES: readonly BenchStore[] = [SQLITE, ETCD];
