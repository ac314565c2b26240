import type { ApiClient, ListOptions, ListResult, WatchEvent, WatchOptions } from "../client/api-client.ts";
import type { ConfigMap } from "../api/generated/core/v1.ts";
import { StatusError } from "../errors/status-error.ts";
import { type Clock, systemClock } from "../process/clock.ts";
import { silentLogger } from "../process/logger.ts";
import { configMaps } from "../resources/catalog.ts";
import { createInformer } from "./informer.ts";
import type { Informer } from "./lister.ts";

type Line = WatchEvent<ConfigMap> | Error;
type Step =
  | { on: "list"; give: ListResult<ConfigMap> | Error; check?: (options: ListOptions) => void }
  /** Lines, then the stream ends; with `hang` it stays open until it is cancelled. */
  | { on: "watch"; give: Line[]; hang?: boolean; check?: (options: WatchOptions) => void };

const map = (name: string, resourceVersion: string, uid = name): ConfigMap => ({
  metadata: { name, namespace: "a", uid, resourceVersion },
});
const added = (object: ConfigMap): Line => ({ type: "ADDED", object });
const modified = (object: ConfigMap): Line => ({ type: "MODIFIED", object });
const deleted = (object: ConfigMap): Line => ({ type: "DELETED", object });
const bookmark = (resourceVersion: string, isEnd = false): Line => ({
  type: "BOOKMARK",
  object: {
    metadata: { name: "", resourceVersion, ...(isEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}) },
  },
});
const error = (code: number, reason: string): Line => ({
  type: "ERROR",
  object: { kind: "Status", code, reason, message: reason },
});
const expired = (): Error => new StatusError("Expired", "too old resource version: 1 (9)");
const noInitialEvents = (): Step => ({
  on: "watch",
  give: [new StatusError("Invalid", "sendInitialEvents is forbidden")],
});

/** A server that plays one script, and then hangs. */
function scripted(steps: Step[], played: string[]): ApiClient {
  const next = (on: Step["on"], text: string): Step | undefined => {
    const step = steps[0];
    played.push(text);
    if (step === undefined) return undefined;
    if (step.on !== on) throw new Error(`the script wants a ${step.on}, but this is: ${text}`);
    steps.shift();
    return step;
  };
  const untilAborted = (signal: AbortSignal | undefined): Promise<never> =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  const watch = async function* (_: unknown, options: WatchOptions): AsyncGenerator<WatchEvent<ConfigMap>> {
    const step = next(
      "watch",
      `watch from "${options.resourceVersion}"${options.sendInitialEvents === true ? " with initial events" : ""}`,
    );
    if (step === undefined) return untilAborted(options.signal);
    if (step.on !== "watch") return;
    step.check?.(options);
    for (const line of step.give) {
      if (line instanceof Error) throw line;
      yield await Promise.resolve(structuredClone(line));
    }
    if (step.hang === true) await untilAborted(options.signal);
  };
  const list = async (_: unknown, options: ListOptions): Promise<ListResult<ConfigMap>> => {
    const step = next("list", `list${options.continueToken === undefined ? "" : ` after ${options.continueToken}`}`);
    if (step?.on !== "list") return untilAborted(options.signal);
    step.check?.(options);
    if (step.give instanceof Error) throw step.give;
    return step.give;
  };
  return { watch, list } as unknown as ApiClient;
}

interface Run {
  played: string[];
  heard: string[];
  informer: Informer<ConfigMap>;
  sleeps: number[];
  state: () => string[];
}

/** Runs the script to its end and until the informer is quiet. */
async function play(steps: Step[], clockParts: Partial<Clock> = {}): Promise<Run> {
  const played: string[] = [];
  const heard: string[] = [];
  const sleeps: number[] = [];
  const wanted = steps.length;
  const clock: Clock = {
    ...systemClock,
    random: () => 0,
    after: () => ({ cancel: () => undefined }),
    sleep: async (delayMs) => {
      sleeps.push(delayMs);
      await new Promise((resolve) => setImmediate(resolve));
    },
    ...clockParts,
  };
  const informer = createInformer<ConfigMap>({
    client: scripted(steps, played),
    resource: configMaps,
    clock,
    logger: silentLogger,
    indexes: { uid: (object) => [object.metadata.uid ?? ""] },
  });
  informer.addHandlers({
    onAdd: (object, isInitial) =>
      heard.push(`${isInitial ? "has" : "add"} ${object.metadata.name}@${object.metadata.resourceVersion}`),
    onUpdate: (object, previous) =>
      heard.push(
        `update ${object.metadata.name}@${previous.metadata.resourceVersion}→${object.metadata.resourceVersion}`,
      ),
    onDelete: (object) => heard.push(`delete ${object.metadata.name}`),
  });
  const controller = new AbortController();
  const running = informer.run(controller.signal);
  for (let turn = 0; turn < 2000 && played.length <= wanted; turn++)
    await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  await running;
  const state = (): string[] =>
    informer.lister.list().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
  return { played, heard, informer, sleeps, state };
}

describe("an informer", () => {
  it("takes the initial events of a watch, and goes on with the same stream", async () => {
    const run = await play([
      {
        on: "watch",
        give: [
          added(map("x", "1")),
          added(map("y", "2")),
          bookmark("5", true),
          modified(map("x", "6")),
          deleted(map("y", "7")),
          bookmark("9"),
        ],
        hang: true,
      },
    ]);
    expect(run.played).toEqual(['watch from "" with initial events']);
    expect(run.heard).toEqual(["has x@1", "has y@2", "update x@1→6", "delete y"]);
    expect(run.state()).toEqual(["x@6"]);
    expect(run.informer.lastSyncedResourceVersion()).toBe("9");
    expect(run.informer.hasSynced()).toBe(true);
  });

  it("asks for bookmarks and a watch of 5 to 10 minutes", async () => {
    const options: WatchOptions[] = [];
    const check = (seen: WatchOptions): void => void options.push(seen);
    await play(
      [
        { on: "watch", give: [bookmark("5", true)], check },
        { on: "watch", give: [], hang: true, check },
      ],
      { random: () => 0.999 },
    );
    expect(options[0]).toMatchObject({
      sendInitialEvents: true,
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: true,
      timeoutSeconds: 599,
    });
    expect(options[1]).toMatchObject({ resourceVersion: "5", allowWatchBookmarks: true });
    expect(options[1]?.sendInitialEvents).toBeUndefined();
  });

  it("lists in pages where the server knows no initial events, and never asks for them again", async () => {
    const run = await play([
      noInitialEvents(),
      { on: "list", give: { metadata: { resourceVersion: "5", continue: "t" }, items: [map("x", "1")] } },
      { on: "list", give: { metadata: { resourceVersion: "5" }, items: [map("y", "2")] } },
      { on: "watch", give: [added(map("z", "6")), error(410, "Expired")] },
      { on: "list", give: { metadata: { resourceVersion: "8" }, items: [] } },
    ]);
    expect(run.played.slice(1)).toEqual(["list", "list after t", 'watch from "5"', "list", 'watch from "8"']);
    expect(run.heard).toEqual(["has x@1", "has y@2", "add z@6", "delete x", "delete y", "delete z"]);
  });

  it("resumes from the last event after the connection was cut, and shows nobody half a list", async () => {
    const run = await play([
      { on: "watch", give: [added(map("x", "1")), new Error("socket closed")] },
      {
        on: "watch",
        give: [added(map("y", "2")), bookmark("5", true), added(map("z", "6")), new Error("socket closed")],
      },
      { on: "watch", give: [modified(map("y", "7"))], hang: true },
    ]);
    expect(run.played).toEqual([
      'watch from "" with initial events',
      'watch from "" with initial events',
      'watch from "6"',
    ]);
    expect(run.heard).toEqual(["has y@2", "add z@6", "update y@2→7"]);
  });

  it("starts anew when its revision was compacted, with the deletes it missed", async () => {
    const run = await play([
      { on: "watch", give: [added(map("x", "1")), added(map("y", "2")), added(map("w", "3")), bookmark("5", true)] },
      { on: "watch", give: [expired()] },
      {
        on: "watch",
        give: [added(map("y", "2")), added(map("x", "8", "x-made-again")), bookmark("9", true)],
        hang: true,
      },
    ]);
    expect(run.played[2]).toBe('watch from "" with initial events');
    expect(run.heard).toEqual(["has x@1", "has y@2", "has w@3", "delete x", "add x@8", "delete w"]);
    expect(run.state().sort()).toEqual(["x@8", "y@2"]);
  });

  it("starts anew on an expiry in the middle of the stream", async () => {
    const run = await play([
      { on: "watch", give: [bookmark("5", true), added(map("x", "6")), error(410, "Gone")] },
      { on: "watch", give: [added(map("x", "6")), bookmark("7", true)], hang: true },
    ]);
    expect(run.heard).toEqual(["add x@6"]);
    expect(run.sleeps).toEqual([]);
  });

  it("lists at the newest revision when the server was restored to an older state", async () => {
    const tooLarge = new StatusError("Timeout", "Too large resource version: 90, current: 3", {
      details: { causes: [{ reason: "ResourceVersionTooLarge" }] },
    });
    const run = await play([
      { on: "watch", give: [added(map("x", "80")), bookmark("90", true)] },
      { on: "watch", give: [tooLarge] },
      { on: "watch", give: [added(map("x", "2")), bookmark("3", true)], hang: true },
    ]);
    expect(run.heard).toEqual(["has x@80", "update x@80→2"]);
  });

  it("drops duplicates and events from the past", async () => {
    const run = await play([
      {
        on: "watch",
        give: [
          added(map("x", "10")),
          bookmark("10", true),
          modified(map("x", "12")),
          modified(map("x", "12")),
          modified(map("x", "9")),
          deleted(map("x", "8")),
          deleted(map("never-seen", "13")),
          added(map("x", "14")),
        ],
        hang: true,
      },
    ]);
    expect(run.heard).toEqual(["has x@10", "update x@10→12", "update x@12→14"]);
  });

  it("tells delete and add, not update, when an object was made again under its name", async () => {
    const run = await play([
      {
        on: "watch",
        give: [added(map("x", "1", "first")), bookmark("1", true), added(map("x", "5", "second"))],
        hang: true,
      },
    ]);
    expect(run.heard).toEqual(["has x@1", "delete x", "add x@5"]);
    expect(run.informer.lister.byIndex("uid", "first")).toEqual([]);
    expect(run.informer.lister.byIndex("uid", "second")).toHaveLength(1);
  });

  it("waits longer and longer while the server cannot be reached, up to half a minute", async () => {
    const down = (): Step => ({ on: "watch", give: [new Error("connect ECONNREFUSED")] });
    const run = await play([
      ...Array.from({ length: 8 }, down),
      { on: "watch", give: [bookmark("5", true)], hang: true },
    ]);
    expect(run.sleeps).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    expect(run.informer.hasSynced()).toBe(true);
  });

  it("does not hammer a server that ends every watch at once", async () => {
    const end = (): Step => ({ on: "watch", give: [] });
    const run = await play([
      { on: "watch", give: [bookmark("5", true)] },
      end(),
      end(),
      { on: "watch", give: [], hang: true },
    ]);
    expect(run.sleeps.length).toBeGreaterThanOrEqual(3);
    expect(run.played.slice(1)).toEqual(['watch from "5"', 'watch from "5"', 'watch from "5"']);
  });

  it("lists when the end of the initial events is never marked", async () => {
    const timers: (() => void)[] = [];
    const run = await play(
      [
        {
          on: "watch",
          give: [added(map("x", "1"))],
          hang: true,
          check: () => setImmediate(() => setImmediate(() => timers.at(-1)?.())),
        },
        { on: "list", give: { metadata: { resourceVersion: "5" }, items: [map("x", "1")] } },
      ],
      {
        after: (_, callback) => {
          timers.push(callback);
          return { cancel: () => undefined };
        },
      },
    );
    expect(run.played.slice(0, 2)).toEqual(['watch from "" with initial events', "list"]);
    expect(run.heard).toEqual(["has x@1"]);
  });

  it("goes on when a handler fails", async () => {
    const played: string[] = [];
    const informer = createInformer<ConfigMap>({
      client: scripted(
        [{ on: "watch", give: [added(map("x", "1")), bookmark("1", true), added(map("y", "2"))], hang: true }],
        played,
      ),
      resource: configMaps,
      clock: systemClock,
      logger: silentLogger,
    });
    const heard: string[] = [];
    informer.addHandlers({
      onAdd: () => {
        throw new Error("a bad handler");
      },
    });
    informer.addHandlers({ onAdd: (object) => heard.push(object.metadata.name) });
    const controller = new AbortController();
    const running = informer.run(controller.signal);
    await informer.waitForSync(controller.signal);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual(["x", "y"]);
    const late: string[] = [];
    informer.addHandlers({ onAdd: (object) => late.push(object.metadata.name) });
    expect(late).toEqual(["x", "y"]);
    expect(informer.lister.get("a", "x")).toMatchObject({ kind: "ConfigMap", apiVersion: "v1" });
    controller.abort();
    await running;
    await expect(
      createInformer<ConfigMap>({
        client: scripted([], []),
        resource: configMaps,
        clock: systemClock,
        logger: silentLogger,
      }).waitForSync(controller.signal),
    ).rejects.toThrow();
  });
});
