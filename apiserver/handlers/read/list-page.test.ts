import { silentLogger } from "../../../shared/process/logger.ts";
import { type KubeObject, resource } from "../../../shared/resources/resource.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { serve } from "../../registry/strategy.ts";
import { encodeStored } from "../../storage/codec.ts";
import { MemoryStorage } from "../../storage/memory/memory-storage.ts";
import { createWatchCaches } from "../../watch-cache/watch-caches.ts";
import { parseListOptions } from "./list-options.ts";
import { ListPages } from "./list-page.ts";

const things = resource<KubeObject>({ group: "", version: "v1", kind: "Thing", plural: "things", scope: "Namespaced" });
const strategies = [serve<KubeObject>({ resource: things, storagePrefix: "things", example: {} })];

it("a consistent list comes from the store when the cache does not get there in time", async () => {
  const clock = new ManualClock();
  const storage = new MemoryStorage(clock);
  // The watch is there but says nothing any more.
  const deaf = Object.create(storage, {
    tellsWatchesFirst: { value: false },
    watch: { value: () => ({ requestProgress: () => undefined, close: async () => undefined }) },
    currentRevision: { value: storage.currentRevision.bind(storage) },
    range: { value: storage.range.bind(storage) },
  }) as MemoryStorage;
  const caches = createWatchCaches({ storage: deaf, strategies, clock, logger: silentLogger });
  const stop = new AbortController();
  await caches.start(stop.signal);
  for (const name of ["a", "b", "c"]) {
    const object = { kind: "Thing", apiVersion: "v1", metadata: { name, namespace: "default" } };
    await storage.create(`/registry/things/default/${name}`, encodeStored(object));
  }
  const pages = new ListPages(deaf, clock);
  const reading = pages.read(caches.cacheOf(things), "", parseListOptions(new URLSearchParams("limit=2"), false));
  await clock.advance(0);
  await clock.advance(3000);
  const result = await reading;
  expect(result.kind === "page" && result.page.rows.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(result.kind === "page" && [result.page.revision, result.page.remainingItemCount]).toEqual([
    await storage.currentRevision(),
    1,
  ]);
  stop.abort();
});
