import { jest } from "@jest/globals";
import { openEtcdStorage } from "../../apiserver/storage/etcd/etcd-storage.ts";
import type { Storage } from "../../apiserver/storage/storage.ts";
import type { ConfigMap } from "../../shared/api/generated/core/v1.ts";
import type { WatchEvent } from "../../shared/client/api-client.ts";
import { isExpired, StatusError } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { configMaps } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { type RunningEtcd, startEtcd } from "../support/etcd.ts";

// Real daemons, killed and started again.
jest.setTimeout(120_000);

const NAMESPACE = "default";
const WRITERS = 4;

let etcd: RunningEtcd;
let storage: Storage;
let api: TestApiServer;

const openStorage = (): Storage => openEtcdStorage({ servers: [etcd.url], clock: systemClock, logger: silentLogger });

beforeEach(async () => {
  etcd = await startEtcd();
  storage = openStorage();
  api = await startTestApiServer({ storage });
});
afterEach(async () => {
  await api.stop();
  await etcd.stop();
});

/** What a client that follows the watch believes; goes on from its last revision whenever the watch ends. */
class Follower {
  readonly state = new Map<string, string>();
  readonly revisions: number[] = [];
  relists = 0;
  readonly #stop = new AbortController();
  #resourceVersion = "";

  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#resourceVersion === "") await this.#list();
        const options = { namespace: NAMESPACE, resourceVersion: this.#resourceVersion, signal: this.#stop.signal };
        for await (const event of api.client.watch(configMaps, options)) this.#take(event);
      } catch (error) {
        if (isExpired(error)) this.#resourceVersion = "";
        await systemClock.sleep(50);
      }
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #list(): Promise<void> {
    const list = await api.client.list(configMaps, { namespace: NAMESPACE });
    this.state.clear();
    for (const { metadata } of list.items) this.state.set(metadata.name, metadata.resourceVersion ?? "");
    this.#resourceVersion = list.metadata.resourceVersion ?? "";
    this.relists++;
  }

  #take(event: WatchEvent<ConfigMap & { metadata: { name: string } }>): void {
    if (event.type === "ERROR") throw new StatusError("Expired", "the watch ended");
    const { name, resourceVersion = "" } = event.object.metadata;
    this.#resourceVersion = resourceVersion;
    if (event.type === "BOOKMARK") return;
    this.revisions.push(Number(resourceVersion));
    if (event.type === "DELETED") this.state.delete(name);
    else this.state.set(name, resourceVersion);
  }
}

/** Creates, changes and deletes until it is told to stop; returns the names that were acknowledged to be there. */
async function write(writer: number, signal: AbortSignal): Promise<{ kept: string[]; failures: number }> {
  const kept: string[] = [];
  let failures = 0;
  for (let count = 0; !signal.aborted; count++) {
    const name = `w${writer}-${count}`;
    try {
      const made = await api.client.create(
        configMaps,
        { metadata: { name, namespace: NAMESPACE } },
        { namespace: NAMESPACE },
      );
      kept.push(name);
      await api.client.update(configMaps, { ...made, data: { count: String(count) } });
      if (count % 3 === 0) {
        kept.pop();
        await api.client.delete(configMaps, { namespace: NAMESPACE, name });
      }
    } catch {
      failures++;
      await systemClock.sleep(20);
    }
  }
  return { kept, failures };
}

/** What etcd itself has, read around the server. */
async function stored(): Promise<Map<string, string>> {
  const { items } = await storage.range(`/registry/configmaps/${NAMESPACE}/`);
  return new Map(items.map((item) => [item.key.split("/").at(-1) ?? "", String(item.modRevision)]));
}

async function untilEqual(follower: Follower, expected: Map<string, string>): Promise<void> {
  const { state } = follower;
  const isEqual = (): boolean =>
    state.size === expected.size && [...expected].every(([name, revision]) => state.get(name) === revision);
  while (!isEqual()) await systemClock.sleep(50);
}

function expectOnceInOrder(follower: Follower): void {
  const { revisions } = follower;
  expect(revisions.every((revision, index) => index === 0 || revision > (revisions[index - 1] ?? 0))).toBe(true);
}

it("kill -9 of etcd: nothing acknowledged is lost, caches and watches end equal to etcd", async () => {
  const followers = Array.from({ length: 5 }, () => new Follower());
  const following = Promise.all(followers.map((follower) => follower.run()));
  const stop = new AbortController();
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, index) => write(index, stop.signal)));
  for (let round = 0; round < 3; round++) {
    await systemClock.sleep(700);
    await etcd.kill();
    await systemClock.sleep(300);
    await etcd.restart();
  }
  await systemClock.sleep(1500);
  stop.abort();
  const results = await writing;
  const expected = await stored();
  expect(results.reduce((sum, { failures }) => sum + failures, 0)).toBeGreaterThan(0);
  expect(results.flatMap(({ kept }) => kept).filter((name) => !expected.has(name))).toEqual([]);
  const list = await api.client.list(configMaps, { namespace: NAMESPACE });
  expect(new Map(list.items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]))).toEqual(expected);
  for (const follower of followers) {
    await untilEqual(follower, expected);
    expectOnceInOrder(follower);
    expect(follower.relists).toBe(1);
  }
  for (const follower of followers) follower.stop();
  await following;
});

it("compaction under watches and paged lists: 410 or the truth, never a gap", async () => {
  const follower = new Follower();
  const following = follower.run();
  const stop = new AbortController();
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, index) => write(index, stop.signal)));
  let pagesExpired = 0;
  for (let round = 0; round < 15; round++) {
    await systemClock.sleep(100);
    await storage.compact(await storage.currentRevision()).catch(() => undefined);
    const first = await api.client.list(configMaps, { namespace: NAMESPACE, limit: 5 });
    const { resourceVersion = "" } = first.metadata;
    await api.client
      .list(configMaps, {
        namespace: NAMESPACE,
        resourceVersion: String(Number(resourceVersion) - 50),
        resourceVersionMatch: "Exact",
      })
      .catch((error: unknown) => {
        expect(isExpired(error)).toBe(true);
        pagesExpired++;
      });
    const names = new Set(first.items.map(({ metadata }) => metadata.name));
    for (let token = first.metadata.continue; token !== undefined; ) {
      const page = await api.client.list(configMaps, { namespace: NAMESPACE, limit: 50, continueToken: token });
      for (const { metadata } of page.items) {
        expect(names.has(metadata.name)).toBe(false);
        names.add(metadata.name);
      }
      expect(page.metadata.resourceVersion).toBe(resourceVersion);
      token = page.metadata.continue;
    }
  }
  stop.abort();
  await writing;
  expect(pagesExpired).toBeGreaterThan(0);
  await untilEqual(follower, await stored());
  expectOnceInOrder(follower);
  follower.stop();
  await following;
});

it("writes beside the registry do not hold up consistent reads", async () => {
  const other = openStorage();
  for (let count = 0; count < 20; count++) {
    await other.create(`/elsewhere/${count}`, Buffer.from("x"));
    const list = await api.client.list(configMaps, { namespace: NAMESPACE });
    expect(Number(list.metadata.resourceVersion)).toBeGreaterThanOrEqual((await other.currentRevision()) - 1);
  }
  await other.close();
});

it("300 increments by 10 writers of one object: none is lost", async () => {
  await api.client.create(
    configMaps,
    { metadata: { name: "counter", namespace: NAMESPACE }, data: { n: "0" } },
    { namespace: NAMESPACE },
  );
  const at = { namespace: NAMESPACE, name: "counter" };
  let left = 300;
  const increment = async (): Promise<void> => {
    while (left > 0) {
      left--;
      for (;;) {
        const current = await api.client.get(configMaps, at);
        try {
          await api.client.update(configMaps, { ...current, data: { n: String(Number(current.data?.["n"]) + 1) } });
          break;
        } catch (error) {
          expect(error).toMatchObject({ reason: "Conflict" });
        }
      }
    }
  };
  await Promise.all(Array.from({ length: 10 }, increment));
  expect((await api.client.get(configMaps, at)).data?.["n"]).toBe("300");
});
