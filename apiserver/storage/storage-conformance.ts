/**
 * What every store must do: run by `memory/`, `sqlite/` and `etcd/`. Names follow upstream's RunTest functions
 * (`apiserver/pkg/storage/testing/store_tests.go`, `watcher_tests.go`).
 */
import { guaranteedUpdate } from "./guaranteed-update.ts";
import {
  CompactedError,
  FutureRevisionError,
  type Storage,
  type StorageEvent,
  type StorageWatch,
  type WriteResult,
} from "./storage.ts";

export interface StorageFixture {
  readonly storage: Storage;
  /** Lets time pass for TTLs: real seconds, or a simulated clock's. */
  passSeconds(seconds: number): Promise<void>;
  /** Breaks connections of watches, where there are any. */
  breakConnections?(): Promise<void>;
  close(): Promise<void>;
}

const bytes = (text: string): Buffer => Buffer.from(text);

function written(result: WriteResult): number {
  if (result.kind !== "written") throw new Error(`conflict at revision ${result.revision}`);
  return result.revision;
}

/** `put /registry/x@12=value` or `delete /registry/x@13`. */
function describeEvent(event: StorageEvent): string {
  if (event.type === "delete") return `delete ${event.key}@${event.revision}`;
  return `put ${event.item.key}@${event.item.modRevision}=${event.item.value.toString("utf8")}`;
}

/** Collects what a watch delivers. */
export class RecordingSink {
  readonly seen: string[] = [];
  readonly progressed: number[] = [];
  compactRevision: number | undefined;
  #check: (() => void) | undefined;

  events(events: readonly StorageEvent[]): void {
    this.seen.push(...events.map(describeEvent));
    this.#check?.();
  }

  progress(revision: number): void {
    this.progressed.push(revision);
    this.#check?.();
  }

  compacted(compactRevision: number): void {
    this.compactRevision = compactRevision;
    this.#check?.();
  }

  /** Resolves when the condition holds; the test's own timeout is what limits it. */
  until(condition: (sink: RecordingSink) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#check = () => {
        if (condition(this)) resolve();
      };
      this.#check();
    });
  }
}

/** Declares the suite; `open` gives an empty store of its own to each test. */
export function storageConformance(name: string, open: () => Promise<StorageFixture>): void {
  describe(name, () => {
    let fixture: StorageFixture;
    let storage: Storage;
    const watches: StorageWatch[] = [];
    const watch = (prefix: string, from: number): { sink: RecordingSink; handle: StorageWatch } => {
      const sink = new RecordingSink();
      const handle = storage.watch(prefix, from, sink);
      watches.push(handle);
      return { sink, handle };
    };

    beforeEach(async () => {
      fixture = await open();
      storage = fixture.storage;
    });
    afterEach(async () => {
      for (const handle of watches.splice(0)) await handle.close();
      await fixture.close();
    });

    it("Create: stores the value under a new revision", async () => {
      const before = await storage.currentRevision();
      const revision = written(await storage.create("/registry/pods/ns/a", bytes("one")));
      expect(revision).toBeGreaterThan(before);
      const { item } = await storage.get("/registry/pods/ns/a");
      expect(item?.value.toString("utf8")).toBe("one");
      expect(item).toMatchObject({ key: "/registry/pods/ns/a", modRevision: revision, createRevision: revision });
    });

    it("CreateWithKeyExist: changes nothing and returns what is there", async () => {
      const revision = written(await storage.create("/registry/pods/ns/a", bytes("one")));
      const second = await storage.create("/registry/pods/ns/a", bytes("two"));
      expect(second.kind).toBe("conflict");
      if (second.kind === "conflict") {
        expect(second.current?.value.toString("utf8")).toBe("one");
        expect(second.current?.modRevision).toBe(revision);
      }
      expect((await storage.get("/registry/pods/ns/a")).item?.value.toString("utf8")).toBe("one");
    });

    it("Get: finds nothing under a missing key and tells the revision", async () => {
      const { item, revision } = await storage.get("/registry/pods/ns/missing");
      expect(item).toBeUndefined();
      expect(revision).toBe(await storage.currentRevision());
    });

    it("Get: reads values of an older revision, and refuses those of the future", async () => {
      const first = written(await storage.create("/registry/a/x", bytes("one")));
      const second = written(await storage.update("/registry/a/x", bytes("two"), first));
      written(await storage.delete("/registry/a/x", second));
      const at = async (revision: number): Promise<string | undefined> =>
        (await storage.get("/registry/a/x", { revision })).item?.value.toString("utf8");
      expect([await at(first), await at(second), await at(second + 1)]).toEqual(["one", "two", undefined]);
      await expect(storage.get("/registry/a/x", { revision: second + 100 })).rejects.toBeInstanceOf(
        FutureRevisionError,
      );
    });

    it("ConditionalDelete: deletes only what has the expected revision", async () => {
      const revision = written(await storage.create("/registry/pods/ns/a", bytes("one")));
      const refused = await storage.delete("/registry/pods/ns/a", revision + 7);
      expect(refused).toMatchObject({ kind: "conflict", current: { modRevision: revision } });
      written(await storage.delete("/registry/pods/ns/a", revision));
      expect((await storage.get("/registry/pods/ns/a")).item).toBeUndefined();
    });

    it("DeleteNonExisting: is a conflict with nothing", async () => {
      expect(await storage.delete("/registry/pods/ns/a", 5)).toMatchObject({ kind: "conflict", current: undefined });
    });

    it("Update: needs the revision it replaces, and keeps the create revision", async () => {
      const first = written(await storage.create("/registry/a/x", bytes("one")));
      const second = written(await storage.update("/registry/a/x", bytes("two"), first));
      expect(second).toBeGreaterThan(first);
      const late = await storage.update("/registry/a/x", bytes("three"), first);
      expect(late).toMatchObject({ kind: "conflict", current: { modRevision: second, createRevision: first } });
      expect(await storage.update("/registry/a/missing", bytes("x"), first)).toMatchObject({
        kind: "conflict",
        current: undefined,
      });
    });

    it("GuaranteedUpdate: no increment is lost under contention", async () => {
      const increment = (): Promise<unknown> =>
        guaranteedUpdate(storage, "/registry/a/counter", (current) =>
          bytes(String(Number(current?.value.toString("utf8") ?? "0") + 1)),
        );
      await Promise.all(Array.from({ length: 40 }, increment));
      expect((await storage.get("/registry/a/counter")).item?.value.toString("utf8")).toBe("40");
    });

    it("GuaranteedUpdateWithNoChange: writes nothing", async () => {
      const revision = written(await storage.create("/registry/a/x", bytes("same")));
      const result = await guaranteedUpdate(storage, "/registry/a/x", () => bytes("same"));
      expect(result).toMatchObject({ revision, wasWritten: false });
    });

    it("GuaranteedUpdateWithSuggestionAndConflict: believes the store, not the suggestion", async () => {
      const first = written(await storage.create("/registry/a/x", bytes("one")));
      const { item: suggestion } = await storage.get("/registry/a/x");
      written(await storage.update("/registry/a/x", bytes("two"), first));
      const seen: string[] = [];
      await guaranteedUpdate(
        storage,
        "/registry/a/x",
        (current) => {
          seen.push(current?.value.toString("utf8") ?? "");
          return bytes(`${current?.value.toString("utf8")}!`);
        },
        suggestion === undefined ? {} : { suggestion },
      );
      expect(seen).toEqual(["one", "two"]);
      expect((await storage.get("/registry/a/x")).item?.value.toString("utf8")).toBe("two!");
    });

    it("List: keys of the prefix only, sorted by bytes", async () => {
      for (const key of ["b/x", "a/y", "a/x", "aa/x", "a/x-1", "a0", "a/\u{1f600}", "a/\uffee"]) {
        written(await storage.create(`/registry/${key}`, bytes(key)));
      }
      const { items, hasMore, remaining } = await storage.range("/registry/a/");
      expect(items.map((item) => item.key.slice("/registry/a/".length))).toEqual([
        "x",
        "x-1",
        "y",
        "\uffee",
        "\u{1f600}",
      ]);
      expect([hasMore, remaining, await storage.count("/registry/a/")]).toEqual([false, 0, 5]);
    });

    it("ListContinuation: pages tell what remains", async () => {
      for (const name of ["a", "b", "c", "d", "e"]) written(await storage.create(`/registry/p/${name}`, bytes(name)));
      const first = await storage.range("/registry/p/", { limit: 2 });
      expect([first.items.map((item) => item.value.toString("utf8")), first.hasMore, first.remaining]).toEqual([
        ["a", "b"],
        true,
        3,
      ]);
      const second = await storage.range("/registry/p/", { limit: 3, after: "/registry/p/b" });
      expect([second.items.map((item) => item.value.toString("utf8")), second.hasMore, second.remaining]).toEqual([
        ["c", "d", "e"],
        false,
        0,
      ]);
    });

    it("ConsistentList: later pages are at the revision of the first", async () => {
      for (const name of ["a", "b", "c"]) written(await storage.create(`/registry/p/${name}`, bytes(name)));
      const { revision, items } = await storage.range("/registry/p/", { limit: 1 });
      written(await storage.delete("/registry/p/c", (await storage.get("/registry/p/c")).item?.modRevision ?? 0));
      written(await storage.create("/registry/p/bb", bytes("new")));
      written(
        await storage.update(
          "/registry/p/b",
          bytes("changed"),
          (await storage.get("/registry/p/b")).item?.modRevision ?? 0,
        ),
      );
      const rest = await storage.range("/registry/p/", { revision, after: items[0]?.key ?? "" });
      expect(rest.items.map((item) => item.value.toString("utf8"))).toEqual(["b", "c"]);
      const limited = await storage.range("/registry/p/", { revision, after: items[0]?.key ?? "", limit: 1 });
      expect([limited.items.length, limited.remaining, limited.hasMore]).toEqual([1, 1, true]);
    });

    it("Watch: delivers creates, updates and deletes in order, of its prefix only", async () => {
      const { sink } = watch("/registry/a/", await storage.currentRevision());
      const first = written(await storage.create("/registry/a/x", bytes("one")));
      written(await storage.create("/registry/b/x", bytes("other")));
      const second = written(await storage.update("/registry/a/x", bytes("two"), first));
      const third = written(await storage.delete("/registry/a/x", second));
      await sink.until(({ seen }) => seen.length >= 3);
      expect(sink.seen).toEqual([
        `put /registry/a/x@${first}=one`,
        `put /registry/a/x@${second}=two`,
        `delete /registry/a/x@${third}`,
      ]);
    });

    it("WatchFromNonZero: delivers what came after the revision", async () => {
      const first = written(await storage.create("/registry/a/x", bytes("one")));
      const second = written(await storage.update("/registry/a/x", bytes("two"), first));
      const { sink } = watch("/registry/", first);
      const third = written(await storage.update("/registry/a/x", bytes("three"), second));
      await sink.until(({ seen }) => seen.length >= 2);
      expect(sink.seen).toEqual([`put /registry/a/x@${second}=two`, `put /registry/a/x@${third}=three`]);
    });

    it("WatchDispatch: catches up over thousands of revisions exactly once and in order", async () => {
      const from = await storage.currentRevision();
      const revisions = await Promise.all(
        Array.from({ length: 2500 }, async (_, index) =>
          written(await storage.create(`/registry/m/${index}`, bytes("x"))),
        ),
      );
      const { sink } = watch("/registry/m/", from);
      await sink.until(({ seen }) => seen.length >= revisions.length);
      const order = sink.seen.map((text) => Number(/@(\d+)/.exec(text)?.[1]));
      expect(order).toEqual(revisions.toSorted((a, b) => a - b));
    });

    it("WatchAfterBreak: goes on without loss or repetition", async () => {
      const { sink } = watch("/registry/a/", await storage.currentRevision());
      let revision = written(await storage.create("/registry/a/x", bytes("0")));
      for (let count = 1; count <= 30; count++) {
        if (count % 10 === 0) await fixture.breakConnections?.();
        revision = written(await storage.update("/registry/a/x", bytes(String(count)), revision));
      }
      await sink.until(({ seen }) => seen.length >= 31);
      expect(sink.seen.map((text) => text.split("=")[1])).toEqual(
        Array.from({ length: 31 }, (_, count) => String(count)),
      );
    });

    it("WatchProgress: reports that nothing is missing", async () => {
      const { sink, handle } = watch("/registry/", await storage.currentRevision());
      const revision = written(await storage.create("/registry/a/x", bytes("one")));
      const ask = (): void => handle.requestProgress();
      ask();
      await sink.until(({ seen, progressed }) => {
        if (seen.length > 0 && (progressed.at(-1) ?? 0) < revision) queueMicrotask(ask);
        return (progressed.at(-1) ?? 0) >= revision;
      });
      expect(sink.seen).toEqual([`put /registry/a/x@${revision}=one`]);
    });

    it("ClientSideWatchClose: delivers nothing after close", async () => {
      const { sink, handle } = watch("/registry/", await storage.currentRevision());
      await handle.close();
      written(await storage.create("/registry/a/x", bytes("one")));
      const other = watch("/registry/", (await storage.currentRevision()) - 1);
      await other.sink.until(({ seen }) => seen.length > 0);
      expect(sink.seen).toEqual([]);
    });

    it("Compaction: older reads and watches are refused with the revision that is left", async () => {
      const first = written(await storage.create("/registry/a/x", bytes("one")));
      const second = written(await storage.update("/registry/a/x", bytes("two"), first));
      const third = written(await storage.update("/registry/a/x", bytes("three"), second));
      await storage.compact(third);
      await expect(storage.get("/registry/a/x", { revision: first })).rejects.toBeInstanceOf(CompactedError);
      await expect(storage.range("/registry/", { revision: second })).rejects.toBeInstanceOf(CompactedError);
      expect((await storage.get("/registry/a/x", { revision: third })).item?.value.toString("utf8")).toBe("three");
      const { sink } = watch("/registry/", first);
      await sink.until(({ compactRevision }) => compactRevision !== undefined);
      expect([sink.compactRevision, sink.seen]).toEqual([third, []]);
    });

    it("Compaction: keeps what is still the newest at the revision", async () => {
      const kept = written(await storage.create("/registry/a/kept", bytes("kept")));
      const gone = written(await storage.create("/registry/a/gone", bytes("gone")));
      const deleted = written(await storage.delete("/registry/a/gone", gone));
      const later = written(await storage.update("/registry/a/kept", bytes("later"), kept));
      await storage.compact(deleted);
      const at = async (revision: number): Promise<string[]> =>
        (await storage.range("/registry/a/", { revision })).items.map((item) => item.value.toString("utf8"));
      expect([await at(deleted), await at(later)]).toEqual([["kept"], ["later"]]);
      await expect(storage.compact(deleted)).rejects.toBeInstanceOf(CompactedError);
    });

    it("TTL: the key goes away by itself, as a delete event", async () => {
      const { sink } = watch("/registry/events/", await storage.currentRevision());
      const revision = written(await storage.create("/registry/events/e", bytes("e"), { ttlSeconds: 1 }));
      written(await storage.create("/registry/events/kept", bytes("k")));
      await fixture.passSeconds(3);
      await sink.until(({ seen }) => seen.some((text) => text.startsWith("delete ")));
      expect(sink.seen[0]).toBe(`put /registry/events/e@${revision}=e`);
      expect(sink.seen.at(-1)).toMatch(/^delete \/registry\/events\/e@/);
      expect(await storage.count("/registry/events/")).toBe(1);
    });

    it("TTL: an update without one keeps the key for good", async () => {
      const revision = written(await storage.create("/registry/events/e", bytes("e"), { ttlSeconds: 1 }));
      written(await storage.update("/registry/events/e", bytes("f"), revision));
      await fixture.passSeconds(3);
      expect((await storage.get("/registry/events/e")).item?.value.toString("utf8")).toBe("f");
    });

    it("concurrent creates of one key: exactly one wins", async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, index) => storage.create("/registry/a/one", bytes(String(index)))),
      );
      expect(results.filter((result) => result.kind === "written")).toHaveLength(1);
    });

    it("health and size are answered", async () => {
      await storage.checkHealth();
      written(await storage.create("/registry/a/x", bytes("value")));
      expect(await storage.sizeBytes()).toBeGreaterThan(0);
    });
  });
}
