import { type KubeObject, resource } from "../../shared/resources/resource.ts";
import { everything, parseSelector } from "../../shared/machinery/label-selector.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { serve } from "../registry/strategy.ts";
import { encodeStored } from "../storage/codec.ts";
import { MemoryStorage } from "../storage/memory/memory-storage.ts";
import { SqliteStorage } from "../storage/sqlite/sqlite-storage.ts";
import type { Storage } from "../storage/storage.ts";
import { storeSource } from "./cache-source.ts";
import { HISTORY_BYTES_MAX, HISTORY_REVISIONS_MAX, recentHistory } from "./recent-history.ts";
import type { WatchConsumer } from "./subscription.ts";
import { createWatchCaches, type WatchCaches } from "./watch-caches.ts";

const things = resource<KubeObject>({ group: "", version: "v1", kind: "Thing", plural: "things", scope: "Namespaced" });
const others = resource<KubeObject>({ group: "", version: "v1", kind: "Other", plural: "others", scope: "Namespaced" });
const strategies = [
  serve<KubeObject>({ resource: things, storagePrefix: "things", example: {} }),
  serve<KubeObject>({ resource: others, storagePrefix: "others", example: {} }),
];
const ROOT = "/registry/things/default/";
const clock = new ManualClock();
let stop: AbortController;

beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

async function put(storage: Storage, name: string, labels: Record<string, string> = {}, data = ""): Promise<number> {
  const value = encodeStored({
    kind: "Thing",
    apiVersion: "v1",
    metadata: { name, namespace: "default", labels },
    data,
  });
  const known = (await storage.get(ROOT + name)).item;
  const result = await (known === undefined
    ? storage.create(ROOT + name, value)
    : storage.update(ROOT + name, value, known.modRevision));
  return result.revision;
}

async function remove(storage: Storage, name: string): Promise<number> {
  const known = (await storage.get(ROOT + name)).item;
  return (await storage.delete(ROOT + name, known?.modRevision ?? 0)).revision;
}

async function started(storage: Storage, options: Partial<Parameters<typeof createWatchCaches>[0]> = {}) {
  const caches = createWatchCaches({ storage, strategies, clock, logger: silentLogger, ...options });
  await caches.start(stop.signal);
  return caches;
}

/** What a watch from that revision is told at once. */
function told(caches: WatchCaches, revision: number, selector = ""): string[] {
  const seen: string[] = [];
  const consumer: WatchConsumer = {
    deliver: ({ type, row }) => seen.push(`${type} ${row.name}@${row.revision}`) > 0,
    initialEnd: () => undefined,
    flush: () => undefined,
    expired: () => seen.push("410"),
  };
  const labels = selector === "" ? everything : parseSelector(selector);
  const cache = caches.cacheOf(things);
  cache.watch({ namespace: "", labels, fields: [] }, { from: "revision", revision }, consumer).resume();
  return seen;
}

const listed = (caches: WatchCaches): string[] =>
  Array.from(
    caches.cacheOf(things).list({ namespace: "", labels: everything, fields: [] }).rows(),
    ({ name, revision }) => `${name}@${revision}`,
  );

describe.each([
  ["memory", () => new MemoryStorage(clock)],
  ["SQLite", () => new SqliteStorage({ file: ":memory:", clock, logger: silentLogger })],
])("caches that are started on %s with a past", (_name, open) => {
  it("tell a watch of before exactly what it missed, and list the present", async () => {
    const storage = open();
    const before = await put(storage, "kept", { color: "red" });
    const gone = await put(storage, "gone", { color: "red" });
    const changed = await put(storage, "kept", { color: "blue" });
    const removed = await remove(storage, "gone");
    const made = await put(storage, "made");
    const caches = await started(storage);
    expect(told(caches, before)).toEqual([
      `ADDED gone@${gone}`,
      `MODIFIED kept@${changed}`,
      `DELETED gone@${removed}`,
      `ADDED made@${made}`,
    ]);
    expect(told(caches, gone, "color=red")).toEqual([`DELETED kept@${changed}`, `DELETED gone@${removed}`]);
    expect(told(caches, made)).toEqual([]);
    expect(listed(caches)).toEqual([`kept@${changed}`, `made@${made}`]);
    await storage.close();
  });

  it("answer 410 only for what the store itself has forgotten", async () => {
    const storage = open();
    for (let count = 0; count < 20; count++) await put(storage, `thing-${count % 3}`);
    const last = await put(storage, "last");
    await storage.compact(last - 5);
    const caches = await started(storage);
    expect(told(caches, last - 5)).toHaveLength(5);
    expect(() => told(caches, last - 6)).toThrow(`too old resource version: ${last - 6} (${last - 5})`);
    await storage.close();
  });

  it("hand their history on to the caches of other threads", async () => {
    const storage = open();
    const first = await put(storage, "a");
    await put(storage, "b");
    await remove(storage, "a");
    const caches = await started(storage);
    const contents = caches.contents();
    const source = { ...storeSource(storage, clock), load: async () => contents };
    const copy = await started(storage, { source });
    expect(told(copy, first)).toEqual(told(caches, first));
    expect(listed(copy)).toEqual(listed(caches));
    expect(copy.revision).toBe(caches.revision);
    await storage.close();
  });

  it("know the same with any history, however it was made", async () => {
    const storage = open();
    let seed = 7;
    const start = await put(storage, "first");
    const history: string[] = [];
    for (let count = 0; count < 200; count++) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      const name = `thing-${seed % 7}`;
      const isThere = (await storage.get(ROOT + name)).item !== undefined;
      if (isThere && seed % 3 === 0) history.push(`DELETED ${name}@${await remove(storage, name)}`);
      else history.push(`${isThere ? "MODIFIED" : "ADDED"} ${name}@${await put(storage, name)}`);
    }
    const caches = await started(storage);
    expect(told(caches, start)).toEqual(history);
    for (const length of [1, 50, 199]) expect(told(caches, start + 200 - length)).toEqual(history.slice(-length));
    await storage.close();
  });
});

describe("recentHistory", () => {
  it("leaves out what is too old or too much", async () => {
    const storage = new MemoryStorage(clock);
    const large = "x".repeat(HISTORY_BYTES_MAX / 8);
    for (let count = 0; count < 10; count++) await put(storage, "large", {}, large);
    const { since, changes, reached } = await recentHistory(storage, clock);
    expect(reached).toBe(await storage.currentRevision());
    expect(changes).toHaveLength(7);
    expect(since).toBe(reached - 7);
    for (let count = 0; count <= HISTORY_REVISIONS_MAX; count++) await put(storage, "small");
    const many = await recentHistory(storage, clock);
    expect(many.changes).toHaveLength(HISTORY_REVISIONS_MAX);
    expect(many.since).toBe(many.reached - HISTORY_REVISIONS_MAX);
  });

  it("does not wait for a store that tells nothing", async () => {
    const memory = new MemoryStorage(clock);
    await put(memory, "a");
    const silent = Object.create(memory, {
      currentRevision: { value: async () => 100 },
      watch: { value: () => ({ requestProgress: () => undefined, close: async () => undefined }) },
    }) as Storage;
    const found = recentHistory(silent, clock);
    await clock.advance(10_000);
    expect(await found).toEqual({ since: 100, changes: [], reached: 100 });
  });
});
