import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerSetup } from "../servers/setup.ts";
import { startEtcd } from "../../test/support/etcd.ts";

type StoreSetup = NonNullable<ServerSetup["store"]>;

/** A store that is on the disk and empty; it is removed afterwards. */
export interface BenchStore {
  readonly title: string;
  use(body: (store: StoreSetup) => Promise<void>): Promise<void>;
}

export const STORES: readonly BenchStore[] = [
  {
    title: "SQLite",
    use: async (body) => {
      const folder = mkdtempSync(join(tmpdir(), "kubernode-bench-"));
      try {
        await body({ backend: "sqlite", sqliteFile: join(folder, "bench.db") });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
  {
    title: "etcd",
    use: async (body) => {
      const etcd = await startEtcd();
      try {
        await body({ backend: "etcd3", etcdServers: [etcd.url] });
      } finally {
        await etcd.stop();
      }
    },
  },
];
