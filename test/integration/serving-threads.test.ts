/**
 * Two serving threads over the real stores. A server process starts its second thread by itself when it is busy; how
 * a thread dies is tried on a server in this process, where it can be reached.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage } from "../../apiserver/storage/open-storage.ts";
import type { ClusterAccess } from "../../shared/client/kubeconfig.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { startAll, WatchFollower } from "../reliability/watch-follower.ts";
import { startTestApiServer } from "../support/api-server.ts";
import { startApiServerProcess } from "../support/api-server-process.ts";
import { startEtcd } from "../support/etcd.ts";
import { HttpConnection } from "../support/http-connection.ts";
import { until } from "../support/until.ts";

/** All on one thread has a chance of 2^-23. */
const CONNECTIONS = 24;
const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
const COUNTER = `${CONFIG_MAPS}/counter`;
const BUSY_OBJECTS = 300;
/** Rows are made for each request: work for the server and hardly any for us. */
const TABLE = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
const WRITES = 150;
const FOLLOWERS = 40;
const THREAD_MS_MAX = 20_000;

interface Body {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data: { readonly value: string };
  readonly items: readonly Body[];
}

type Connection = HttpConnection<Body>;

const configMap = (name: string, value = "0"): object => ({ metadata: { name }, data: { value } });
const revisionOf = ({ metadata }: Body): number => Number(metadata.resourceVersion);

let cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.reverse()) await clean();
  cleanUp = [];
});

function connect(access: ClusterAccess, count: number): Connection[] {
  const connections = Array.from({ length: count }, () => new HttpConnection<Body>(access));
  cleanUp.push(() => connections.forEach((one) => one.close()));
  return connections;
}

/** Calls back with each connection in turn until it says that it is enough. */
async function rotate(connections: readonly Connection[], next: (one: Connection) => Promise<boolean>): Promise<void> {
  for (;;) for (const one of connections) if (await next(one)) return;
}

/** Keeps the server busy until `isEnough`. */
async function load(connections: readonly Connection[], isEnough: () => boolean): Promise<void> {
  const path = `${CONFIG_MAPS}?resourceVersion=0`;
  await Promise.all(
    connections.map(async (one) => {
      while (!isEnough()) expect((await one.send("GET", path, undefined, TABLE)).code).toBe(200);
    }),
  );
}

/** Replaces the counter again and again, each time over another connection; returns the revisions. */
async function count(connections: readonly Connection[], times: number, from: number): Promise<number[]> {
  const revisions: number[] = [];
  await rotate(connections, async (one) => {
    const { code, body } = await one.send("PUT", COUNTER, configMap("counter", String(from + revisions.length)));
    expect(code).toBe(200);
    revisions.push(revisionOf(body));
    return revisions.length === times;
  });
  return revisions;
}

/** Reads the counter over one connection after the other; what a read showed, the next ones show too. */
async function readForward(connections: readonly Connection[], query: string, isOver: () => boolean): Promise<number> {
  let [newest, reads] = [0, 0];
  await rotate(connections, async (one) => {
    const { code, body } = await one.send("GET", `${COUNTER}${query}`);
    expect(code).toBe(200);
    expect(revisionOf(body)).toBeGreaterThanOrEqual(newest);
    newest = revisionOf(body);
    reads++;
    return isOver();
  });
  return reads;
}

const STORES = [
  {
    title: "SQLite",
    open: async () => {
      const folder = mkdtempSync(join(tmpdir(), "serving-threads-"));
      cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
      const sqliteFile = join(folder, "state.db");
      return {
        flags: ["--storage-backend=sqlite", `--sqlite-file=${sqliteFile}`],
        options: { backend: "sqlite", sqliteFile },
      } as const;
    },
  },
  {
    title: "etcd",
    open: async () => {
      const etcd = await startEtcd();
      cleanUp.push(() => etcd.stop());
      return {
        flags: ["--storage-backend=etcd3", `--etcd-servers=${etcd.url}`],
        options: { backend: "etcd3", etcdServers: [etcd.url] },
      } as const;
    },
  },
];

describe.each(STORES)("two serving threads over $title", ({ open }) => {
  test("come when the server is busy, show one state on all connections, and stop in an orderly way", async () => {
    const { flags } = await open();
    const server = await startApiServerProcess({ storageFlags: flags, flags: ["--serving-threads=2"] });
    cleanUp.push(() => server.close());
    const [first, ...busy] = connect(server.access, 5) as [Connection, ...Connection[]];
    for (let index = 0; index < BUSY_OBJECTS; index++)
      expect((await first.send("POST", CONFIG_MAPS, configMap(`busy-${index}`))).code).toBe(201);
    const hasTwo = (): boolean => server.log.includes("a further thread serves");
    const isLate = new AbortController();
    const timer = systemClock.after(THREAD_MS_MAX, () => isLate.abort());
    await load(busy, () => hasTwo() || isLate.signal.aborted);
    timer.cancel();
    expect(hasTwo()).toBe(true);

    const made = await first.send("POST", CONFIG_MAPS, configMap("counter"));
    const all = connect(server.access, CONNECTIONS);
    const start = revisionOf(made.body);
    const followers = Array.from(
      { length: FOLLOWERS },
      () => new WatchFollower(server.access, `${CONFIG_MAPS}?fieldSelector=metadata.name%3Dcounter`, start),
    );
    cleanUp.push(() => Promise.all(followers.map((one) => one.stop())));
    await startAll(followers);
    let isWritten = false;
    const written = count(all, WRITES, 1).finally(() => {
      isWritten = true;
    });
    const readers = ["", "?resourceVersion=0"].map((query) =>
      readForward(connect(server.access, CONNECTIONS), query, () => isWritten),
    );
    const [revisions] = await Promise.all([written, ...readers]);
    // A read that comes after a write on any other connection sees it.
    await Promise.all(
      all.map(async (one, index) => {
        const name = `after-${index}`;
        expect((await one.send("POST", CONFIG_MAPS, configMap(name))).code).toBe(201);
        const reader = all[(index * 7 + 5) % CONNECTIONS] as Connection;
        expect((await reader.send("GET", `${CONFIG_MAPS}/${name}`)).code).toBe(200);
        const list = await (all[(index + 3) % CONNECTIONS] as Connection).send("GET", CONFIG_MAPS);
        expect(list.body.items.map((item) => item.metadata.name)).toContain(name);
      }),
    );
    await until(() => followers.every((one) => one.revision >= (revisions.at(-1) ?? 0)));
    for (const follower of followers) {
      expect(follower.breaches).toEqual([]);
      expect(follower.events.map(({ revision }) => revision)).toEqual(revisions);
    }

    const streams = await Promise.all(all.map((one) => one.open("GET", `${CONFIG_MAPS}?watch=1`)));
    const ends = streams.map(async (stream) => {
      for await (const _chunk of stream) continue;
      return stream.complete;
    });
    await Promise.all([...followers.map((one) => one.stop()), server.end("SIGTERM")]);
    expect(await Promise.all(ends)).toEqual(streams.map(() => true));
    expect(server.exitCode).toBe(0);
  });

  test("lose the connections of one that dies and nothing else", async () => {
    const { options } = await open();
    const storage = await openStorage({ ...options, clock: systemClock, logger: silentLogger });
    const api = await startTestApiServer({ storage, servingThreads: 2 });
    cleanUp.push(() => api.stop());
    const { threads } = api.server;
    const thread = await threads?.start();
    const all = connect(api.access, CONNECTIONS);
    const made = await (all[0] as Connection).send("POST", CONFIG_MAPS, configMap("counter"));
    const followers = Array.from(
      { length: FOLLOWERS },
      () =>
        new WatchFollower(api.access, `${CONFIG_MAPS}?fieldSelector=metadata.name%3Dcounter`, revisionOf(made.body)),
    );
    cleanUp.push(() => Promise.all(followers.map((one) => one.stop())));
    await startAll(followers);
    const acknowledged: number[] = [];
    let isDead = false;
    // Whoever loses the answer does not know whether the write happened, and writes anew.
    const write = async (): Promise<void> => {
      for (let done = 1; done <= WRITES; ) {
        const one = all[(done + acknowledged.length) % CONNECTIONS] as Connection;
        const put = one.send("PUT", COUNTER, configMap("counter", String(done)));
        const answer = await put.catch(() => undefined);
        done++;
        if (answer?.code === 200) acknowledged.push(revisionOf(answer.body));
        else expect(isDead).toBe(true);
      }
    };
    const die = async (): Promise<void> => {
      await until(() => acknowledged.length >= WRITES / 3);
      isDead = true;
      await thread?.terminate();
    };
    await Promise.all([write(), die()]);
    expect(acknowledged.length).toBeGreaterThan(WRITES - CONNECTIONS - 1);
    const { body } = await (connect(api.access, 1)[0] as Connection).send("GET", COUNTER);
    expect(revisionOf(body)).toBeGreaterThanOrEqual(acknowledged.at(-1) ?? 0);
    await until(() => followers.every((one) => one.revision === revisionOf(body)));
    for (const follower of followers) {
      expect(follower.breaches).toEqual([]);
      expect(follower.refusals).toEqual([]);
      const seen = new Set(follower.events.map(({ revision }) => revision));
      expect(acknowledged.filter((revision) => !seen.has(revision))).toEqual([]);
    }
    const ended = followers.filter(({ endings }) => endings > 0).length;
    expect(ended).toBeGreaterThan(0);
    expect(ended).toBeLessThan(FOLLOWERS);
    await until(() => threads?.all.length === 1);
  });
});
