/**
 * R09: a hundred of a thousand watchers stop reading. Only those are ended; the others are told everything, and who
 * comes back misses nothing or is told that history is gone.
 */
import { readFileSync } from "node:fs";
import { configMaps } from "../../shared/resources/catalog.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { until } from "../support/until.ts";
import { startAll, WatchFollower } from "./watch-follower.ts";

const WATCHES = 1000;
const STALLED = 100;
const GROUPS = 45;
/** What the kernel takes for a connection whose reader hangs is some megabytes: large objects fill it soon. */
const LARGE_BYTES = 500_000;
const LARGE_WRITES = 60;
const SMALL_WRITES = 6000;
const SMALL_OBJECTS = 200;
const WRITERS = 10;
/** What stalled watchers may cost the server. */
const GROWTH_BYTES_MAX = 300 * 1024 * 1024;
const PATH = "/api/v1/namespaces/default/configmaps";

let server: ApiServerProcess;

beforeAll(async () => {
  // A second thread, which comes while the writers are busy, has memory of its own that no watcher is to blame for.
  server = await startApiServerProcess({ flags: ["--serving-threads=1"] });
});

afterAll(async () => {
  await server?.close();
});

/** An object stays in its group. */
const groupOf = (index: number): number => (index % SMALL_OBJECTS) % GROUPS;

async function terminatedWatchers(): Promise<number> {
  const { body } = await server.client.raw({ method: "GET", path: "/metrics" });
  const lines = body.toString("utf8").matchAll(/^apiserver_terminated_watchers_total\{[^}]*\} (\d+)/gmu);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Resident memory of the server's process. */
function residentBytes(): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${server.pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1024;
}

async function write(name: string, labels: Record<string, string>, data: Record<string, string>): Promise<void> {
  const applied = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels }, data };
  await server.client.patch(configMaps, { namespace: "default", name }, "apply", applied, { fieldManager: "writer" });
}

async function writeAll(): Promise<void> {
  let small = 0;
  let large = 0;
  const work = async (): Promise<void> => {
    while (small < SMALL_WRITES) {
      const index = small++;
      // The hundred are told of large objects only, everybody else of small ones.
      if (index % (SMALL_WRITES / LARGE_WRITES) === 0) {
        const data = { text: `${large++}`.padEnd(LARGE_BYTES, "x") };
        await write("large", { kind: "large" }, data);
      }
      await write(`small-${index % SMALL_OBJECTS}`, { group: `g${groupOf(index)}` }, { round: String(index) });
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, work));
}

const revisionsOf = ({ events }: WatchFollower): number[] => events.map(({ revision }) => revision);

test(`R09: ${STALLED} of ${WATCHES} watchers that hang are ended, and nobody else notices`, async () => {
  const start = Number((await server.client.list(configMaps, { namespace: "default" })).metadata.resourceVersion);
  const follow = (selector: string): WatchFollower =>
    new WatchFollower(server.access, `${PATH}?labelSelector=${encodeURIComponent(selector)}`, start);
  const stalled = Array.from({ length: STALLED }, () => follow("kind=large"));
  const others = Array.from({ length: WATCHES - STALLED }, (_, index) => follow(`group=g${index % GROUPS}`));
  const judgeOfLarge = follow("kind=large");
  const everyone = [...stalled, ...others, judgeOfLarge];
  try {
    await startAll(everyone);
    const before = residentBytes();
    for (const one of stalled) one.pause();
    await writeAll();
    await until(async () => {
      expect(await terminatedWatchers()).toBe(STALLED);
    }, 90_000);
    expect(residentBytes() - before).toBeLessThan(GROWTH_BYTES_MAX);
    // The others: everything, on the connection they began with.
    await until(() => expect(others.reduce((sum, { events }) => sum + events.length, 0)).toBe(expectedOfOthers()));
    for (const one of [...others, judgeOfLarge]) expect([one.endings, one.breaches, one.refusals]).toEqual([0, [], []]);
    // Those who hung come back, and go on where they were or learn that they must list again.
    for (const one of stalled) one.resume();
    const all = revisionsOf(judgeOfLarge);
    expect(all).toHaveLength(LARGE_WRITES);
    await until(() => stalled.every((one) => one.refusals.length > 0 || one.events.length === all.length));
    for (const one of stalled) {
      expect(one.breaches).toEqual([]);
      expect(revisionsOf(one)).toEqual(all.slice(0, one.events.length));
      expect(one.refusals.map(({ code }) => code).filter((code) => code !== 410)).toEqual([]);
      expect(one.endings + one.refusals.length).toBeGreaterThan(0);
    }
  } finally {
    await Promise.all(everyone.map((one) => one.stop()));
  }
}, 240_000);

/** Each small write is told to all watchers of its group. */
function expectedOfOthers(): number {
  const watchersOf = Array.from({ length: GROUPS }, (_, group) => Math.ceil((WATCHES - STALLED - group) / GROUPS));
  return Array.from({ length: SMALL_WRITES }, (_, index) => watchersOf[groupOf(index)] ?? 0).reduce((a, b) => a + b);
}
