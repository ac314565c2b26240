/**
 * R06: a thousand watches while the server is ended six times, three times without warning. What each of them was told,
 * joined over its connections, is the store's history of what it selects: every revision once, in order.
 */
import { openStorage } from "../../apiserver/storage/open-storage.ts";
import type { Storage } from "../../apiserver/storage/storage.ts";
import { StatusError } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { configMaps } from "../../shared/resources/catalog.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { type RunningEtcd, startEtcd } from "../support/etcd.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { until } from "../support/until.ts";
import { historyOf, type StoredChange } from "./store-history.ts";
import { startAll, WatchFollower } from "./watch-follower.ts";

const SEED = Number(process.env["SEED"] ?? "1");
const WATCHES = 1000;
/** Of these watches, so many see everything; the others one group each. */
const WATCHES_OF_ALL = 20;
const GROUPS = 49;
const OBJECTS = 200;
const RESTARTS = ["SIGTERM", "SIGKILL", "SIGTERM", "SIGKILL", "SIGTERM", "SIGKILL"] as const;
const WRITES_PER_SECOND = 200;
const RUN_MS = 8000;
const KEYS = "/registry/configmaps/default/";
/** Written when everything else is. */
const LAST = "object-last";
const PATH = "/api/v1/namespaces/default/configmaps";

let etcd: RunningEtcd;
let server: ApiServerProcess;
let storage: Storage;

beforeAll(async () => {
  etcd = await startEtcd();
  server = await startApiServerProcess({ storageFlags: ["--storage-backend=etcd3", `--etcd-servers=${etcd.url}`] });
  storage = await openStorage({ backend: "etcd3", etcdServers: [etcd.url], clock: systemClock, logger: silentLogger });
});

afterAll(async () => {
  await storage?.close();
  await server?.close();
  await etcd?.stop();
});

/** Creates, changes and deletes until told to end; what the server refuses or does not answer is nobody's history. */
async function write(isOver: () => boolean): Promise<void> {
  const random = seededRandom(SEED);
  while (!isOver()) {
    const index = random.below(OBJECTS);
    const at = { namespace: "default", name: `object-${index}` };
    const labels = { group: `g${index % GROUPS}` };
    const data = { round: String(random.below(1_000_000)) };
    try {
      if (random.next() < 0.1) await server.client.delete(configMaps, at);
      else
        await server.client.patch(configMaps, at, "apply", applied(at.name, labels, data), { fieldManager: "writer" });
    } catch (error) {
      // Not there to be deleted, or the server was just ended.
      if (error instanceof StatusError && error.code < 500 && error.code !== 404 && error.code !== 429) throw error;
    }
    await systemClock.sleep(1000 / WRITES_PER_SECOND);
  }
}

function applied(name: string, labels: object, data: object): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels }, data };
}

function told(follower: WatchFollower): string[] {
  return follower.events.map(({ type, name, revision }) => `${revision} ${type} ${name}`);
}

function happened(changes: readonly StoredChange[]): string[] {
  return changes.map(({ type, key, revision }) => `${revision} ${type} ${key.split("/").at(-1) ?? ""}`);
}

test(`R06: ${WATCHES} watches through ${RESTARTS.length} restarts tell exactly what happened (seed ${SEED})`, async () => {
  const start = await storage.currentRevision();
  const followers = Array.from({ length: WATCHES }, (_, index) => {
    const group = index < WATCHES_OF_ALL ? undefined : `g${index % GROUPS}`;
    const path = group === undefined ? PATH : `${PATH}?labelSelector=group%3D${group}`;
    return { group, follower: new WatchFollower(server.access, path, start) };
  });
  let isOver = false;
  await startAll(followers.map(({ follower }) => follower));
  const writing = write(() => isOver);
  try {
    for (const signal of RESTARTS) {
      await systemClock.sleep(RUN_MS);
      await server.end(signal);
      await server.start();
    }
    await systemClock.sleep(RUN_MS);
  } finally {
    isOver = true;
    await writing;
  }
  await server.client.create(configMaps, { metadata: { name: LAST } }, { namespace: "default" });
  const history = await historyOf(storage, `${KEYS}object-`, start, KEYS + LAST);
  const expected = (group: string | undefined): string[] =>
    happened(group === undefined ? history : history.filter(({ labels }) => labels["group"] === group));
  try {
    // Slow is no failure here; wrong is.
    await until(() => {
      if (followers.some(({ follower }) => follower.refusals.length > 0)) return;
      for (const { follower, group } of followers) expect(follower.events).toHaveLength(expected(group).length);
    });
  } finally {
    await Promise.all(followers.map(({ follower }) => follower.stop()));
  }
  expect(history.length).toBeGreaterThan(1000);
  for (const { follower, group } of followers) {
    expect(follower.refusals).toEqual([]);
    expect(follower.breaches).toEqual([]);
    expect(told(follower)).toEqual(expected(group));
    expect(follower.endings).toBeGreaterThanOrEqual(RESTARTS.length);
  }
}, 240_000);
