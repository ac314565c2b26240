import fc from "fast-check";
import { CompactedError, type StorageEvent, type StorageWatch, type WatchSink } from "../storage/storage.ts";
import type { CacheContents, CacheSource } from "../watch-cache/cache-source.ts";
import { CacheRelay } from "./cache-relay.ts";
import type { FeedMessage } from "./messages.ts";
import { RelayedSource } from "./relayed-source.ts";

/** A store of small objects that changes when it is told to. */
class FakeStore implements CacheSource {
  readonly objects = new Map<string, number>();
  revision = 1;
  sink: WatchSink | undefined;

  async load(): Promise<CacheContents> {
    const items = [...this.objects].map(([key, revision]) => stored(key, revision));
    return { items, revision: this.revision, changes: [], reached: this.revision };
  }

  watch(_fromRevision: number, sink: WatchSink): StorageWatch {
    this.sink = sink;
    return { requestProgress: () => sink.progress(this.revision), close: async () => undefined };
  }

  change(key: string): void {
    const revision = ++this.revision;
    const isThere = this.objects.has(key) && revision % 3 === 0;
    if (isThere) this.objects.delete(key);
    else this.objects.set(key, revision);
    this.sink?.events([isThere ? { type: "delete", key, revision } : { type: "put", item: stored(key, revision) }]);
  }

  compact(): void {
    const { sink } = this;
    this.sink = undefined;
    sink?.compacted(++this.revision);
  }
}

function stored(key: string, revision: number) {
  const value = Buffer.from(`{"kind":"Thing","apiVersion":"v1","metadata":{"name":"${key}"},"at":${revision}}`);
  return { key, value, modRevision: revision, createRevision: revision };
}

function wire(key: string, revision: number) {
  const value = Buffer.from(
    `{"kind":"Thing","apiVersion":"v1","metadata":{"resourceVersion":"${revision}","name":"${key}"},"at":${revision}}`,
  );
  return { key, value, modRevision: revision, createRevision: 0 };
}

/** What watch caches do with a source. */
class Caches {
  readonly objects = new Map<string, number>();
  readonly seen: number[] = [];
  revision = 0;
  readonly #source: CacheSource;

  constructor(source: CacheSource) {
    this.#source = source;
  }

  /** The last change is handed over as one. */
  contents(): CacheContents {
    const items = Array.from(this.objects, ([key, revision]) => wire(key, revision));
    const last = items.filter((item) => item.modRevision === this.revision);
    if (last.length === 0) return { items, revision: this.revision, changes: [], reached: this.revision };
    const changes = last.map((item): StorageEvent => ({ type: "put", item }));
    const others = items.filter((item) => item.modRevision < this.revision);
    return { items: others, revision: this.revision - 1, changes, reached: this.revision };
  }

  async start(): Promise<void> {
    const { items, changes, reached } = await this.#source.load();
    this.objects.clear();
    for (const item of [...items, ...changes.map((change) => (change.type === "put" ? change.item : undefined))]) {
      if (item !== undefined) this.objects.set(item.key, revisionIn(item.value));
    }
    this.revision = reached;
    this.#source.watch(reached, {
      events: (events) => events.forEach((event) => this.#apply(event)),
      progress: (reached) => (this.revision = reached),
      compacted: (at) => {
        if (!(new CompactedError(at).compactRevision > 0)) throw new Error("no revision");
        void this.start();
      },
    });
  }

  #apply(event: StorageEvent): void {
    this.revision = event.type === "put" ? event.item.modRevision : event.revision;
    this.seen.push(this.revision);
    if (event.type === "delete") this.objects.delete(event.key);
    else this.objects.set(event.item.key, revisionIn(event.item.value));
  }
}

function revisionIn(value: Buffer): number {
  const { metadata } = JSON.parse(value.toString("utf8")) as { metadata: { resourceVersion: string } };
  return Number(metadata.resourceVersion);
}

/** A follower whose messages wait until it is let run, as between threads. */
function follower(relay: CacheRelay): {
  caches: Caches;
  start(): Promise<void>;
  deliver(count: number): Promise<void>;
} {
  const queue: FeedMessage[] = [];
  const send = (message: FeedMessage): void => void queue.push(structuredClone(message));
  const source = new RelayedSource({ load: () => relay.follow(send), wantProgress: () => relay.requestProgress() });
  const caches = new Caches(source);
  return {
    caches,
    start: () => caches.start(),
    deliver: async (count) => {
      for (const message of queue.splice(0, count)) {
        source.receive(message);
        await settled();
      }
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("change" as const), key: fc.constantFrom("a", "b", "c", "d") }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("deliver" as const), to: fc.nat(1), count: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("compact" as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("progress" as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("follow" as const) }) },
  ),
  { maxLength: 40 },
);

describe("CacheRelay", () => {
  it("brings every follower to what the main thread has, in order, whenever it joined and whatever happened", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const store = new FakeStore();
        store.change("a");
        let published = 0;
        const relay = new CacheRelay((revision) => (published = revision));
        const main = new Caches(relay.of(store));
        relay.fills(main);
        const others = [follower(relay), follower(relay)] as const;
        const started = [others[0].start()];
        await main.start();
        for (const step of script) {
          if (step.do === "change") store.change(step.key);
          if (step.do === "compact") store.compact();
          if (step.do === "progress") relay.requestProgress();
          if (step.do === "follow" && started.length === 1) started.push(others[1].start());
          if (step.do === "deliver") await others[step.to]?.deliver(step.count);
          if (step.do === "compact") await settled();
          expect(published).toBeGreaterThanOrEqual(main.revision);
        }
        for (const other of others) await other.deliver(Number.POSITIVE_INFINITY);
        for (const other of others) await other.deliver(Number.POSITIVE_INFINITY);
        await Promise.all(started);
        for (const { caches } of others.slice(0, started.length)) {
          expect(Object.fromEntries(caches.objects)).toEqual(Object.fromEntries(main.objects));
          expect(caches.revision).toBe(main.revision);
          expect(caches.seen).toEqual(caches.seen.toSorted((left, right) => left - right));
          expect(new Set(caches.seen).size).toBe(caches.seen.length);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("shares one copy of an object's bytes", async () => {
    const store = new FakeStore();
    store.change("a");
    const relay = new CacheRelay(() => undefined);
    const source = relay.of(store);
    const { items } = await source.load();
    const buffer = items[0]?.value.buffer;
    expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    relay.fills({ contents: () => ({ items, revision: 2, changes: [], reached: 2 }) });
    source.watch(2, { events: () => undefined, progress: () => undefined, compacted: () => undefined });
    const seen: FeedMessage[] = [];
    relay.follow((message) => seen.push(message));
    expect(seen[0]?.kind === "contents" && seen[0].items[0]?.bytes).toBe(buffer);
  });
});
