/** Memory that the watch cache takes for each object, beside the object's JSON. */
import { encodeStored } from "../apiserver/storage/codec.ts";
import type { RangeResult, Storage } from "../apiserver/storage/storage.ts";
import { builtInStrategies } from "../apiserver/resources/all.ts";
import { createWatchCaches } from "../apiserver/watch-cache/watch-caches.ts";
import { systemClock } from "../shared/process/clock.ts";
import { silentLogger } from "../shared/process/logger.ts";
import { type Bench, report } from "./support/bench.ts";
import { samplePod } from "./support/sample-pod.ts";
import { spawnSync } from "node:child_process";

const COUNT = 20_000;
/** The first one: there is no history to read. */
const REVISION = 1;
const CHILD_MS_MAX = 120_000;
const SELF = import.meta.filename;

/** A store that has `COUNT` pods and keeps none of them itself. */
function virtualStore(podBytes: number): Storage {
  const range = async (_prefix: string, { limit = COUNT, after = "" } = {}): Promise<RangeResult> => {
    const start = after === "" ? 0 : Number(after.slice(-6)) + 1;
    const end = Math.min(COUNT, start + limit);
    const items = Array.from({ length: end - start }, (_, offset) => {
      const pod = samplePod(start + offset, podBytes);
      const name = String(start + offset).padStart(6, "0");
      return {
        key: `/registry/pods/default/web-${name}`,
        value: encodeStored(pod),
        modRevision: REVISION,
        createRevision: REVISION,
      };
    });
    return { items, revision: REVISION, hasMore: end < COUNT, remaining: COUNT - end };
  };
  const store: Partial<Storage> = {
    range,
    currentRevision: async () => REVISION,
    watch: () => ({ requestProgress: () => undefined, close: async () => undefined }),
  };
  return store as Storage;
}

async function bytesPerObject(podBytes: number): Promise<number> {
  const stop = new AbortController();
  const caches = createWatchCaches({
    storage: virtualStore(podBytes),
    strategies: builtInStrategies,
    clock: systemClock,
    logger: silentLogger,
  });
  const before = used();
  await caches.start(stop.signal);
  const bytes = (used() - before) / COUNT;
  stop.abort();
  // Everything must still be reachable when it was measured.
  if (caches.revision !== REVISION) throw new Error("the cache is empty");
  return bytes;
}

function used(): number {
  for (let round = 0; round < 3; round++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export const cacheMemory: Bench = {
  name: "memory",
  measures: `memory of the watch cache for each of ${COUNT} pods`,
  run: async () => {
    for (const podBytes of [2600, 14_400]) {
      // A process of its own, with a garbage collector that can be called.
      const options = { encoding: "utf8", timeout: CHILD_MS_MAX } as const;
      const child = spawnSync(process.execPath, ["--expose-gc", SELF, String(podBytes)], options);
      if (child.status !== 0) throw new Error(`nothing was measured: ${child.stderr}`);
      const json = JSON.stringify(samplePod(1, podBytes)).length;
      report(`cached pod of ${json} bytes beside its JSON`, Number(child.stdout), json, "bytes", "≤ 1.5×");
    }
  },
};

if (process.argv[1] === SELF) process.stdout.write(String(await bytesPerObject(Number(process.argv[2]))));
