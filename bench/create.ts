/** ConfigMaps of 2 KB created through the API, beside the same number of writers on the store alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeStored } from "../apiserver/storage/codec.ts";
import { openStorage, type StorageOptions } from "../apiserver/storage/open-storage.ts";
import { systemClock } from "../shared/process/clock.ts";
import { silentLogger } from "../shared/process/logger.ts";
import { configMaps } from "../shared/resources/catalog.ts";
import { startApiServerProcess } from "../test/support/api-server-process.ts";
import { startEtcd } from "../test/support/etcd.ts";
import { type Bench, median, report } from "./support/bench.ts";
import { rate } from "./support/rate.ts";

const TEXT = "x".repeat(1800);
const ROUNDS = 3;
const WRITERS = [1, 32];

const draft = (name: string): { metadata: { name: string; namespace: string }; data: Record<string, string> } => ({
  metadata: { name, namespace: "default" },
  data: { text: TEXT },
});

interface Store {
  readonly title: string;
  readonly flags: readonly string[];
  /** Of a second store of the same kind, which nobody else uses. */
  readonly options: Omit<StorageOptions, "clock" | "logger">;
}

async function compare({ title, flags, options }: Store): Promise<void> {
  const api = await startApiServerProcess({ storageFlags: flags });
  const storage = await openStorage({ ...options, clock: systemClock, logger: silentLogger });
  let serial = 0;
  const create = (): Promise<unknown> => api.client.create(configMaps, draft(`bench-${serial++}`));
  const put = (): Promise<unknown> => {
    const name = `bench-${serial++}`;
    return storage.create(
      `/registry/bench/${name}`,
      encodeStored({ kind: "ConfigMap", apiVersion: "v1", ...draft(name) }),
    );
  };
  try {
    for (const writers of WRITERS) {
      const rates: [number[], number[]] = [[], []];
      for (let round = 0; round <= ROUNDS; round++) {
        const [ours, bare] = [await rate(writers, create), await rate(writers, put)];
        // The first round warms up.
        if (round > 0) rates.forEach((list, index) => void list.push(index === 0 ? ours : bare));
      }
      report(`${title}, ${writers} writers, beside the store`, median(rates[0]), median(rates[1]), "/s", "≥ 0.7×");
    }
  } finally {
    await storage.close();
    await api.close();
  }
}

async function onSqlite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kubernode-bench-"));
  const file = (name: string): string => join(folder, name);
  try {
    await compare({
      title: "SQLite",
      flags: ["--storage-backend=sqlite", `--sqlite-file=${file("api.db")}`],
      options: { backend: "sqlite", sqliteFile: file("bare.db") },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onEtcd(): Promise<void> {
  const etcd = await startEtcd();
  try {
    await compare({
      title: "etcd",
      flags: ["--storage-backend=etcd3", `--etcd-servers=${etcd.url}`],
      options: { backend: "etcd3", etcdServers: [etcd.url] },
    });
  } finally {
    await etcd.stop();
  }
}

export const createThroughApi: Bench = {
  name: "create",
  measures: "objects created through the API a second, beside the store's own writes at the same concurrency",
  run: async () => {
    await onSqlite();
    await onEtcd();
    await compare({ title: "memory", flags: ["--storage-backend=memory"], options: { backend: "memory" } });
  },
};
