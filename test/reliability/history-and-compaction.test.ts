/**
 * R08: what is older than the history that is kept is refused and never skipped silently. The store is compacted all
 * the time while watches start before, at and behind the present, and long lists go on page by page.
 * R10: bookmarks keep their promise: nothing at or before them comes after.
 */
import { openStorage } from "../../apiserver/storage/open-storage.ts";
import type { Storage } from "../../apiserver/storage/storage.ts";
import type { ConfigMap } from "../../shared/api/generated/core/v1.ts";
import type { ListResult } from "../../shared/client/api-client.ts";
import { StatusError } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { configMaps } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { type RunningEtcd, startEtcd } from "../support/etcd.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { until } from "../support/until.ts";
import { type SeenEvent, startAll, WatchFollower } from "./watch-follower.ts";

const SEED = Number(process.env["SEED"] ?? "1");
const WATCHES = 100;
const COMPACT_EVERY_MS = 200;
const RUN_MS = 8000;
/** Watches start so far from the present at most. */
const OFFSET_MAX = 100;
const OBJECTS = 60;
const PAGE = 7;
/** More lists than the server remembers the state of. */
const KEPT_VIEWS_MAX = 40;
const NAMESPACE = "default";
const PATH = "/api/v1/namespaces/default/configmaps";

describe.each(["memory", "etcd"] as const)("on %s", (backend) => {
  let etcd: RunningEtcd | undefined;
  let storage: Storage;
  let api: TestApiServer;

  beforeAll(async () => {
    etcd = backend === "etcd" ? await startEtcd() : undefined;
    storage = await openStorage({
      backend: etcd === undefined ? "memory" : "etcd3",
      clock: systemClock,
      logger: silentLogger,
      ...(etcd && { etcdServers: [etcd.url] }),
    });
    api = await startTestApiServer({ storage });
  });

  afterAll(async () => {
    await api?.stop();
    await etcd?.stop();
  });

  /** Creates, replaces and deletes until told to end. */
  async function write(isOver: () => boolean): Promise<void> {
    const random = seededRandom(SEED);
    while (!isOver()) {
      const at = { namespace: NAMESPACE, name: `object-${random.below(OBJECTS)}` };
      try {
        if (random.next() < 0.3) await api.client.delete(configMaps, at);
        else await api.client.create(configMaps, { metadata: at }, { namespace: NAMESPACE });
      } catch (error) {
        if (!(error instanceof StatusError) || (error.code !== 404 && error.code !== 409)) throw error;
      }
    }
  }

  async function compactAgainAndAgain(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await storage.compact(await storage.currentRevision());
      await systemClock.sleep(COMPACT_EVERY_MS);
    }
  }

  /** Lists page by page; an expired token gives one to go on with, and the pages say when the snapshot changed. */
  async function readPages(isOver: () => boolean): Promise<{ rounds: number; expired: number }> {
    const counts = { rounds: 0, expired: 0 };
    for (; !isOver(); counts.rounds++) {
      const names: string[] = [];
      let revision: string | undefined;
      let continueToken: string | undefined;
      do {
        const page: ListResult<ConfigMap> | string = await nextPage(continueToken);
        if (typeof page === "string") {
          counts.expired++;
          // Going on means another snapshot: names only go up, and the revision is a new one.
          continueToken = page;
          revision = undefined;
          continue;
        }
        expect(page.items.length).toBeLessThanOrEqual(PAGE);
        if (revision !== undefined) expect(page.metadata.resourceVersion).toBe(revision);
        revision = page.metadata.resourceVersion;
        names.push(...page.items.map(({ metadata }) => metadata.name));
        continueToken = page.metadata.continue;
        if (counts.rounds % 5 === 0) await crowdOut();
      } while (continueToken !== undefined && continueToken !== "");
      expect(names).toEqual([...new Set(names)].toSorted());
    }
    return counts;
  }

  /** Other lists, begun while a reader takes its time, until the server keeps its snapshot no longer. */
  async function crowdOut(): Promise<void> {
    for (let round = 0; round < KEPT_VIEWS_MAX; round++) {
      await api.client.list(configMaps, { namespace: NAMESPACE, limit: 1 });
      await systemClock.sleep((2 * COMPACT_EVERY_MS) / KEPT_VIEWS_MAX);
    }
  }

  /** A page, or the token to go on with when the one given has expired. */
  async function nextPage(continueToken: string | undefined): Promise<ListResult<ConfigMap> | string> {
    const options = { namespace: NAMESPACE, limit: PAGE, ...(continueToken && { continueToken }) };
    try {
      return await api.client.list(configMaps, options);
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 410) throw error;
      const status = error.toStatus() as { reason?: string; metadata?: { continue?: string } };
      expect(status.reason).toBe("Expired");
      expect(status.metadata?.continue ?? "").not.toBe("");
      return status.metadata?.continue ?? "";
    }
  }

  test(`R08: compaction every ${COMPACT_EVERY_MS} ms hides nothing from ${WATCHES} watches (seed ${SEED})`, async () => {
    const random = seededRandom(SEED + 1);
    let isOver = false;
    const start = api.server.caches.revision;
    const judge = new WatchFollower(api.access, PATH, start);
    await judge.start();
    const writing = write(() => isOver);
    const compacting = compactAgainAndAgain(() => isOver);
    const reading = readPages(() => isOver);
    const followers: { from: number; follower: WatchFollower }[] = [];
    try {
      await systemClock.sleep(RUN_MS / 4);
      for (let index = 0; index < WATCHES; index++) {
        const from = (await storage.currentRevision()) - OFFSET_MAX + random.below(2 * OFFSET_MAX);
        const follower = new WatchFollower(api.access, PATH, from);
        followers.push({ from, follower });
        void follower.start();
        await systemClock.sleep(RUN_MS / 2 / WATCHES);
      }
      await systemClock.sleep(RUN_MS / 4);
    } finally {
      isOver = true;
      await Promise.all([writing, compacting, reading]);
    }
    await api.client.create(configMaps, { metadata: { name: "z-last" } }, { namespace: NAMESPACE });
    const all = [judge, ...followers.map(({ follower }) => follower)];
    const isDone = (one: WatchFollower): boolean => one.events.at(-1)?.name === "z-last" || one.refusals.length > 0;
    await until(() => all.every(isDone));
    await Promise.all(all.map((one) => one.stop()));

    expect(judge.breaches).toEqual([]);
    expect(judge.refusals).toEqual([]);
    const told = ({ type, name, revision }: SeenEvent): string => `${revision} ${type} ${name}`;
    for (const { from, follower } of followers) {
      expect(follower.breaches).toEqual([]);
      const [refusal] = follower.refusals;
      if (refusal === undefined) {
        expect(follower.events.map(told)).toEqual(judge.events.filter(({ revision }) => revision > from).map(told));
      } else if (refusal.code === 504) expect(refusal.message).toContain("Too large resource version");
      else {
        expect(refusal.code).toBe(410);
        expect(refusal.message).toContain("too old resource version");
      }
    }
    expect(judge.events.length).toBeGreaterThan(500);
    expect(judge.events.filter(({ type }) => type === "DELETED").length).toBeGreaterThan(100);
    const { rounds, expired } = await reading;
    expect(rounds).toBeGreaterThan(10);
    expect(expired).toBeGreaterThan(0);
  }, 120_000);

  test("R10: a watch gets a bookmark before its time is over, and nothing at or before it afterwards", async () => {
    let isOver = false;
    const start = api.server.caches.revision;
    const path = `${PATH}?timeoutSeconds=4`;
    const followers = Array.from({ length: 20 }, () => new WatchFollower(api.access, path, start));
    await startAll(followers);
    const writing = write(() => isOver);
    await until(() => followers.every(({ endings }) => endings >= 2));
    isOver = true;
    await writing;
    await Promise.all(followers.map((follower) => follower.stop()));
    for (const follower of followers) {
      expect(follower.breaches).toEqual([]);
      expect(follower.refusals).toEqual([]);
      expect(follower.bookmarks).toBeGreaterThanOrEqual(follower.endings - 1);
    }
  }, 60_000);
});
