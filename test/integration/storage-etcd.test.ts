import { jest } from "@jest/globals";
import { type Etcd3, Etcd3 as Etcd3Client } from "etcd3";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { answersProgressRightly } from "../../apiserver/storage/etcd/progress-reports.ts";
import { openEtcdStorage } from "../../apiserver/storage/etcd/etcd-storage.ts";
import { RecordingSink, storageConformance } from "../../apiserver/storage/storage-conformance.ts";
import { type Storage, StorageUnavailableError } from "../../apiserver/storage/storage.ts";
import { freePort, type RunningEtcd, startEtcd } from "../support/etcd.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

const SUITE_MS_MAX = 120_000;
// Real daemons: the slowest test restarts one twice.
jest.setTimeout(SUITE_MS_MAX);

let etcd: RunningEtcd;
beforeAll(async () => {
  etcd = await startEtcd();
});
afterAll(() => etcd.stop());

const open = (port: number): Storage =>
  openEtcdStorage({ servers: [`http://127.0.0.1:${port}`], clock: systemClock, logger: silentLogger });

/** Empties etcd: all tests share one. */
async function wipe(): Promise<void> {
  const client = new Etcd3Client({ hosts: etcd.url });
  await client.delete().all();
  client.close();
}

storageConformance("etcd storage", async () => {
  await wipe();
  const proxy = await startTcpProxy(etcd.port);
  const storage = open(proxy.port);
  return {
    storage,
    passSeconds: (seconds) => systemClock.sleep(seconds * 1000),
    breakConnections: async () => {
      proxy.cut();
      // Writes are not tried again by themselves (S5): wait until one gets through.
      await reachable(storage);
    },
    close: async () => {
      await storage.close();
      await proxy.close();
    },
  };
});

async function reachable(storage: Storage): Promise<void> {
  for (;;) {
    try {
      return await storage.checkHealth();
    } catch {
      await systemClock.sleep(50);
    }
  }
}

const MISSED = 5000;
const VALUE = Buffer.alloc(1000, 120);

/** Writes what a watcher is to miss: each key once. */
async function writeMissed(prefix: string): Promise<void> {
  const direct = open(etcd.port);
  for (let start = 0; start < MISSED; start += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => direct.create(`${prefix}${start + index}`, VALUE)));
  }
  await direct.close();
}

/**
 * Lets the watcher begin to catch up and cuts it in the middle, twice; returns how often. A watcher that skipped the
 * rest after the first cut gives no occasion for the second.
 */
async function breakCatchUpTwice(proxy: TcpProxy): Promise<number> {
  for (let cuts = 0; cuts < 2; cuts++) {
    const cut = proxy.cutAfter(1_500_000).then(() => true);
    proxy.open();
    const isCut = await Promise.race([cut, systemClock.sleep(8000).then(() => false)]);
    if (!isCut) return cuts;
  }
  return 2;
}

describe("a watch that is broken in the middle of catching up", () => {
  let proxy: TcpProxy;
  beforeEach(async () => {
    await wipe();
    proxy = await startTcpProxy(etcd.port);
  });
  afterEach(() => proxy.close());

  it("misses nothing with our watch", async () => {
    const prefix = "/registry/ours/";
    const storage = open(proxy.port);
    const sink = new RecordingSink();
    storage.watch(prefix, await storage.currentRevision(), sink);
    const direct = open(etcd.port);
    await direct.create(`${prefix}first`, VALUE);
    await sink.until(({ seen }) => seen.length === 1);
    proxy.shut();
    await writeMissed(prefix);
    expect(await breakCatchUpTwice(proxy)).toBe(2);
    await direct.create(`${prefix}last`, VALUE);
    await sink.until(({ seen }) => seen.some((text) => text.includes(`${prefix}last@`)));
    const keys = sink.seen.map((text) => text.split("@")[0]);
    expect(keys).toHaveLength(MISSED + 2);
    expect(new Set(keys).size).toBe(MISSED + 2);
    const revisions = sink.seen.map((text) => Number(/@(\d+)/.exec(text)?.[1]));
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    await direct.close();
    await storage.close();
  });

  it("loses events with etcd3's own watcher, which is why we have ours", async () => {
    const prefix = "/registry/stock/";
    const client: Etcd3 = new Etcd3Client({
      hosts: `http://127.0.0.1:${proxy.port}`,
      grpcOptions: { "grpc.max_receive_message_length": -1 },
    });
    const watcher = await client.watch().prefix(prefix).create();
    const seen = new Set<string>();
    const waiting = new Map<string, () => void>();
    watcher.on("put", ({ key }) => {
      const name = key.toString();
      seen.add(name);
      waiting.get(name)?.();
    });
    const see = (name: string): Promise<void> =>
      new Promise((resolve) => (seen.has(name) ? resolve() : void waiting.set(name, resolve)));
    const direct = open(etcd.port);
    await direct.create(`${prefix}first`, VALUE);
    await see(`${prefix}first`);
    proxy.shut();
    await writeMissed(prefix);
    await breakCatchUpTwice(proxy);
    await direct.create(`${prefix}last`, VALUE);
    await see(`${prefix}last`);
    expect(seen.size).toBeLessThan(MISSED + 2);
    await watcher.cancel();
    client.close();
    await direct.close();
  });
});

describe("an etcd that dies", () => {
  it("fails writes while it is away, keeps all that it acknowledged, and the watch goes on", async () => {
    await wipe();
    const storage = open(etcd.port);
    const sink = new RecordingSink();
    storage.watch("/registry/", await storage.currentRevision(), sink);
    const acknowledged: string[] = [];
    let failures = 0;
    const stop = new AbortController();
    const writer = async (name: string): Promise<void> => {
      for (let count = 0; !stop.signal.aborted; count++) {
        const key = `/registry/a/${name}-${count}`;
        try {
          const { kind, revision } = await storage.create(key, VALUE);
          if (kind === "written") acknowledged.push(`put ${key}@${revision}=${VALUE.toString()}`);
        } catch (error) {
          expect(error).toBeInstanceOf(StorageUnavailableError);
          failures++;
          await systemClock.sleep(50);
        }
      }
    };
    const writers = Promise.all([writer("x"), writer("y"), writer("z")]);
    for (let round = 0; round < 2; round++) {
      await systemClock.sleep(300);
      await etcd.kill();
      await systemClock.sleep(500);
      await etcd.restart();
      await reachable(storage);
    }
    await systemClock.sleep(300);
    stop.abort();
    await writers;
    const { revision } = await storage.create("/registry/a/last", VALUE);
    await sink.until(({ seen }) => seen.some((text) => text.includes(`/registry/a/last@${revision}=`)));
    const delivered = new Set(sink.seen);
    expect(delivered.size).toBe(sink.seen.length);
    expect(failures).toBeGreaterThan(0);
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(acknowledged.filter((text) => !delivered.has(text))).toEqual([]);
    await storage.close();
  });

  it("is reported by the health check, within seconds", async () => {
    const storage = open(await freePort());
    await expect(storage.checkHealth()).rejects.toBeInstanceOf(StorageUnavailableError);
    await expect(storage.create("/registry/a/x", VALUE)).rejects.toBeInstanceOf(StorageUnavailableError);
    await storage.close();
  });
});

describe("progress requests", () => {
  it.each([
    ["3.4.23", false],
    ["3.4.25", true],
    ["3.5.7", false],
    ["3.5.8", true],
    ["3.6.0", true],
    ["4.0.0", true],
    ["3.3.27", false],
  ])("etcd %s answers them rightly: %s", (version, isRight) => {
    expect(answersProgressRightly(version)).toBe(isRight);
  });
});

describe("leases", () => {
  it("are shared by keys of the same time to live", async () => {
    await wipe();
    const storage = open(etcd.port);
    const client = new Etcd3Client({ hosts: etcd.url });
    const before = (await client.leaseClient.leaseLeases()).leases.length;
    const create = (index: number) => storage.create(`/registry/events/${index}`, VALUE, { ttlSeconds: 3600 });
    await Promise.all(Array.from({ length: 50 }, (_, index) => create(index)));
    expect((await client.leaseClient.leaseLeases()).leases.length - before).toBe(1);
    client.close();
    await storage.close();
  });

  it("that are gone are replaced", async () => {
    await wipe();
    const storage = open(etcd.port);
    await storage.create("/registry/events/a", VALUE, { ttlSeconds: 3600 });
    const client = new Etcd3Client({ hosts: etcd.url });
    for (const { ID } of (await client.leaseClient.leaseLeases()).leases) await client.leaseClient.leaseRevoke({ ID });
    expect((await storage.create("/registry/events/b", VALUE, { ttlSeconds: 3600 })).kind).toBe("written");
    client.close();
    await storage.close();
  });
});
