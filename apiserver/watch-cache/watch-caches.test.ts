import type { KubeObject } from "../../shared/resources/resource.ts";
import { resource } from "../../shared/resources/resource.ts";
import { parseFieldSelector } from "../../shared/machinery/field-selector.ts";
import { parseSelector } from "../../shared/machinery/label-selector.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { serve } from "../registry/strategy.ts";
import { encodeStored } from "../storage/codec.ts";
import { MemoryStorage } from "../storage/memory/memory-storage.ts";
import type { ListRequest, WatchStart } from "./resource-cache.ts";
import type { Change } from "./selection.ts";
import type { Subscription, WatchConsumer } from "./subscription.ts";
import { createWatchCaches, type WatchCaches } from "./watch-caches.ts";

interface Thing extends KubeObject {
  spec?: { nodeName?: string; size?: number };
}

const things = resource<Thing>({ group: "", version: "v1", kind: "Thing", plural: "things", scope: "Namespaced" });
const renamed = resource<Thing>({
  group: "other",
  version: "v1",
  kind: "Thing",
  plural: "things",
  scope: "Namespaced",
});
const strategies = [
  serve<Thing>({
    resource: renamed,
    storagePrefix: "things",
    conversion: {
      fromStored: (stored) => ({ ...(stored as Thing), apiVersion: "other/v1", spec: { size: 99 } }),
      toStored: (object) => object,
    },
    selectableFields: { "spec.size": (thing) => String(thing.spec?.size) },
    example: {},
  }),
  serve<Thing>({
    resource: things,
    storagePrefix: "things",
    selectableFields: { "spec.nodeName": (thing) => thing.spec?.nodeName ?? "" },
    fieldAliases: { "spec.host": "spec.nodeName" },
    example: {},
  }),
];

/** Takes changes until it is told to be full. */
class Consumer implements WatchConsumer {
  readonly seen: string[] = [];
  room = Number.POSITIVE_INFINITY;
  isExpired = false;
  flushes = 0;

  deliver({ type, row }: Change): boolean {
    this.seen.push(`${type} ${row.name}@${row.revision}`);
    return --this.room > 0;
  }
  initialEnd(revision: number): void {
    this.seen.push(`END@${revision}`);
  }
  flush(): void {
    this.flushes++;
  }
  expired(): void {
    this.isExpired = true;
  }
}

let clock: ManualClock;
let storage: MemoryStorage;
let caches: WatchCaches;
let stop: AbortController;

beforeEach(async () => {
  clock = new ManualClock();
  storage = new MemoryStorage(clock);
  stop = new AbortController();
  caches = createWatchCaches({ storage, strategies, clock, logger: silentLogger });
  await storage.compact(await put("a/before", {}));
  await caches.start(stop.signal);
});
afterEach(() => stop.abort());

async function put(path: string, fields: { labels?: Record<string, string>; spec?: Thing["spec"] }): Promise<number> {
  const [namespace = "", name = ""] = path.split("/");
  const key = `/registry/things/${path}`;
  const labels = fields.labels ?? {};
  const object = { kind: "Thing", apiVersion: "v1", metadata: { name, namespace, labels }, spec: fields.spec ?? {} };
  const { item } = await storage.get(key);
  const value = encodeStored(object);
  return (await (item === undefined ? storage.create(key, value) : storage.update(key, value, item.modRevision)))
    .revision;
}

async function remove(path: string): Promise<number> {
  const key = `/registry/things/${path}`;
  return (await storage.delete(key, (await storage.get(key)).item?.modRevision ?? 0)).revision;
}

function about(options: { namespace?: string; labels?: string; fields?: string }): ListRequest {
  return {
    namespace: options.namespace ?? "",
    labels: parseSelector(options.labels ?? ""),
    fields: parseFieldSelector(options.fields ?? ""),
  };
}

function watch(
  options: Parameters<typeof about>[0],
  start: WatchStart,
  consumer = new Consumer(),
): [Consumer, Subscription] {
  const subscription = caches.cacheOf(things).watch(about(options), start, consumer);
  subscription.resume();
  return [consumer, subscription];
}

const names = (options: Parameters<typeof about>[0]): string[] =>
  Array.from(caches.cacheOf(things).list(about(options)).rows(), (row) => `${row.namespace}/${row.name}`);

describe("watch caches", () => {
  it("have what was there, and every write by the time it is acknowledged", async () => {
    const revision = await put("a/x", { labels: { l: "1" } });
    expect(names({})).toEqual(["a/before", "a/x"]);
    expect(caches.revision).toBe(revision);
    const row = caches.cacheOf(things).get("a", "x");
    expect(JSON.parse(row?.bytes.toString() ?? "")).toMatchObject({
      metadata: { name: "x", resourceVersion: String(revision) },
    });
    await remove("a/x");
    expect(caches.cacheOf(things).get("a", "x")).toBeUndefined();
  });

  it("lists through the index of nodes, as it was when the list began", async () => {
    await put("b/2", { spec: { nodeName: "n1" } });
    await put("a/1", { spec: { nodeName: "n1" } });
    await put("a/3", { spec: { nodeName: "n2" } });
    expect(names({ fields: "spec.nodeName=n1" })).toEqual(["a/1", "b/2"]);
    expect(names({ fields: "spec.host=n1", namespace: "b" })).toEqual(["b/2"]);
    const view = caches.cacheOf(things).list(about({ fields: "spec.nodeName=n2" }));
    await put("a/3", { spec: { nodeName: "n1" } });
    expect([...view.rows()].map((row) => row.name)).toEqual(["3"]);
    expect(names({ fields: "spec.nodeName=n2" })).toEqual([]);
  });

  it("offer events by name, node and namespace to those who can match", async () => {
    const now: WatchStart = { from: "now" };
    const [all] = watch({}, now);
    const [byNode] = watch({ fields: "spec.nodeName=n1" }, now);
    const [byName] = watch({ fields: "metadata.name=x", namespace: "a" }, now);
    const [byNameAnywhere] = watch({ fields: "metadata.name=x" }, now);
    const [byNamespace] = watch({ namespace: "b" }, now);
    const first = await put("a/x", { spec: { nodeName: "n1" } });
    const second = await put("b/x", {});
    const third = await put("a/x", { spec: { nodeName: "n2" } });
    const fourth = await remove("b/x");
    expect(all.seen).toEqual([`ADDED x@${first}`, `ADDED x@${second}`, `MODIFIED x@${third}`, `DELETED x@${fourth}`]);
    expect(byNode.seen).toEqual([`ADDED x@${first}`, `DELETED x@${third}`]);
    expect(byName.seen).toEqual([`ADDED x@${first}`, `MODIFIED x@${third}`]);
    expect(byNameAnywhere.seen).toEqual(all.seen);
    expect(byNamespace.seen).toEqual([`ADDED x@${second}`, `DELETED x@${fourth}`]);
  });

  it("go on where a full consumer stopped, without loss or repetition", async () => {
    const consumer = new Consumer();
    consumer.room = 2;
    const [, subscription] = watch({}, { from: "state" }, consumer);
    const expected = [consumer.seen[0]];
    for (let count = 0; count < 10; count++) expected.push(`ADDED ${count}@${await put(`a/${count}`, {})}`);
    expect(subscription.isLive).toBe(false);
    for (let rounds = 0; !subscription.isLive && rounds < 20; rounds++) {
      consumer.room = 3;
      subscription.resume();
    }
    const seen = consumer.seen.filter((text) => !text.startsWith("END"));
    expect(seen).toEqual(expected);
  });

  it("end a consumer that takes nothing for half a minute, and no other", async () => {
    const full = new Consumer();
    full.room = 1;
    watch({}, { from: "now" }, full);
    const [other] = watch({}, { from: "now" });
    await put("a/1", {});
    await clock.advance(25_000);
    expect(full.isExpired).toBe(false);
    await clock.advance(15_000);
    expect([full.isExpired, other.isExpired]).toEqual([true, false]);
    const before = full.seen.length;
    await put("a/2", {});
    expect(full.seen).toHaveLength(before);
  });

  it("end a consumer whose place in history is gone", async () => {
    const full = new Consumer();
    full.room = 1;
    const [, subscription] = watch({}, { from: "now" }, full);
    for (let count = 0; count < 300; count++) await put("a/x", { spec: { size: count } });
    // Old enough to be forgotten; the check for stalled watchers must not be what ends it.
    subscription.resume();
    full.room = 1;
    await put("a/x", { spec: { size: -1 } });
    await clock.advance(4000);
    for (let minute = 0; minute < 20; minute++) {
      subscription.resume();
      full.room = 1;
      await clock.advance(4000);
    }
    for (let count = 0; count < 1000; count++) await put("a/x", { spec: { size: count } });
    full.room = 1;
    subscription.resume();
    expect(full.isExpired).toBe(true);
    expect(() => watch({}, { from: "revision", revision: 3 })).toThrow(/^too old resource version: 3 \(\d+\)$/);
  });

  it("watch from any revision that is still known", async () => {
    const first = await put("a/x", {});
    const second = await put("a/y", {});
    const [fromFirst] = watch({}, { from: "revision", revision: first });
    const [fromFuture] = watch({}, { from: "revision", revision: second + 1 });
    const third = await put("a/z", {});
    const fourth = await put("a/zz", {});
    expect(fromFirst.seen).toEqual([`ADDED y@${second}`, `ADDED z@${third}`, `ADDED zz@${fourth}`]);
    expect(fromFuture.seen).toEqual([`ADDED zz@${fourth}`]);
    expect(() => watch({}, { from: "revision", revision: 1 })).toThrow("too old resource version: 1 (2)");
  });

  it("load again when the store's history is gone, and end all watchers with 410", async () => {
    // A store whose watch breaks off: compacted while nobody looked.
    const sinks: { compacted(revision: number): void }[] = [];
    const original = storage.watch.bind(storage);
    const flaky = Object.create(storage, {
      watch: {
        value: (...args: Parameters<typeof original>) => {
          sinks.push(args[2]);
          return original(...args);
        },
      },
      range: { value: storage.range.bind(storage) },
      currentRevision: { value: storage.currentRevision.bind(storage) },
    }) as MemoryStorage;
    caches = createWatchCaches({ storage: flaky, strategies, clock, logger: silentLogger });
    await caches.start(stop.signal);
    const [consumer] = watch({}, { from: "now" });
    let changes = 0;
    caches.reader.onChange(things, () => changes++);
    await put("a/x", {});
    sinks.at(-1)?.compacted(5);
    await clock.advance(1000);
    expect(consumer.isExpired).toBe(true);
    expect(changes).toBeGreaterThan(1);
    const again = await put("a/y", {});
    expect(names({})).toEqual(["a/before", "a/x", "a/y"]);
    const [next] = watch({}, { from: "revision", revision: again - 1 });
    expect(next.seen).toEqual([`ADDED y@${again}`]);
  });

  it("need not ask a store that has told them before it answers", async () => {
    const revision = await put("a/x", {});
    storage.currentRevision = () => Promise.reject(new Error("asked"));
    expect(await caches.cacheOf(things).latest()).toBe(revision);
  });

  it("read consistently though others write elsewhere in the store", async () => {
    const other = Object.create(storage, {
      tellsWatchesFirst: { value: false },
      currentRevision: { value: storage.currentRevision.bind(storage) },
      range: { value: storage.range.bind(storage) },
      watch: { value: storage.watch.bind(storage) },
    }) as MemoryStorage;
    const others = createWatchCaches({ storage: other, strategies, clock, logger: silentLogger });
    await others.start(stop.signal);
    const { revision } = await storage.create("/elsewhere/x", Buffer.from("{}"));
    let isDone = false;
    const latest = others
      .cacheOf(things)
      .latest()
      .then((reached) => {
        isDone = true;
        return reached;
      });
    await clock.advance(0);
    expect(isDone).toBe(false);
    await clock.advance(100);
    expect(await latest).toBeGreaterThanOrEqual(revision);
  });

  it("wait three seconds for a revision of the future", async () => {
    const failed = caches.waitForRevision(1000).catch((error: unknown) => error);
    await clock.advance(2900);
    await clock.advance(200);
    expect(await failed).toMatchObject({
      code: 504,
      message: `Too large resource version: 1000, current: ${caches.revision}`,
    });
    const waited = caches.waitForRevision(caches.revision + 1);
    await put("a/x", {});
    await waited;
  });

  it("leave out what cannot be decoded, and nothing else", async () => {
    await storage.create("/registry/things/a/broken", Buffer.from("{no json"));
    const [consumer] = watch({}, { from: "now" });
    const revision = await put("a/x", {});
    expect(names({})).toEqual(["a/before", "a/x"]);
    const { item } = await storage.get("/registry/things/a/x");
    const broken = await storage.update("/registry/things/a/x", Buffer.from("[]"), item?.modRevision ?? 0);
    expect(consumer.seen).toEqual([`ADDED x@${revision}`, `DELETED x@${broken.revision}`]);
  });

  it("show one store in two forms", async () => {
    const revision = await put("a/x", { spec: { size: 1 } });
    const row = caches.cacheOf(renamed).get("a", "x");
    expect(JSON.parse(row?.bytes.toString() ?? "")).toMatchObject({
      apiVersion: "other/v1",
      metadata: { resourceVersion: String(revision) },
      spec: { size: 99 },
    });
    expect(caches.cacheOf(renamed).get("a", "x")).toBe(row);
    expect([
      ...caches
        .cacheOf(renamed)
        .list(about({ fields: "spec.size=99" }))
        .rows(),
    ]).toHaveLength(2);
    expect(() => caches.cacheOf(things).list(about({ fields: "spec.size=99" }))).toThrow(
      "field label not supported: spec.size",
    );
  });

  it("read decoded objects once", async () => {
    await put("a/x", {});
    const list = caches.reader.list(things, "a");
    expect(list.map((thing) => thing.metadata.name)).toEqual(["before", "x"]);
    expect(caches.reader.list(things, "a")).toBe(list);
    expect(caches.reader.get(things, "a", "x")).toBe(list[1]);
    await put("a/x", { spec: { size: 2 } });
    expect(caches.reader.get(things, "a", "x")?.spec?.size).toBe(2);
    expect(caches.reader.list(things, "a")).not.toBe(list);
  });
});
