import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { alreadyExists, conflict, forbidden, notFound, StatusError } from "../../shared/errors/status-error.ts";
import { ObjectStore } from "../../shared/informer/store.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import { pods } from "../../shared/resources/catalog.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { execute, type ExecutorOptions, type Written } from "./executor.ts";
import { GATE_TIMEOUT_MS, PendingWrites } from "./pending-writes.ts";
import type { AnyAction } from "./plan.ts";
import { compareRevisions } from "./revision.ts";

const podOf = (name: string, resourceVersion = "1"): Pod => ({
  metadata: { name, namespace: "a", uid: `uid-${name}`, resourceVersion },
  spec: { containers: [] },
});
const creation = (name?: string): AnyAction => ({
  verb: "create",
  resource: "pods",
  object: { metadata: { namespace: "a", ...(name === undefined ? { generateName: "p-" } : { name }) } },
  onSuccess: { type: "Normal", reason: "Created", message: "Created pod: $name" },
  onFailure: { type: "Warning", reason: "FailedCreate", message: "Error creating: $error" },
});

describe("the executor", () => {
  let calls: string[];
  let atOnce: number[];
  let told: string[];
  let written: Written[];
  let answer: (call: string, count: number) => Error | undefined;
  let isOwnerLive: boolean;
  let running: number;
  beforeEach(() => {
    [calls, atOnce, told, written] = [[], [], [], []];
    answer = () => undefined;
    isOwnerLive = true;
    running = 0;
  });

  const run = (actions: readonly AnyAction[]) => {
    const call = async (text: string): Promise<Pod> => {
      calls.push(text);
      const count = calls.length;
      atOnce.push(++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      const err = answer(text, count);
      if (err !== undefined) throw err;
      return podOf(`p-${count}`, String(count));
    };
    const client = {
      create: () => call("create"),
      update: (_: unknown, object: Pod) => call(`update ${object.metadata.name}@${object.metadata.resourceVersion}`),
      patch: (_: unknown, at: { name: string }, type: string, patch: object) =>
        call(`patch ${at.name} ${type} ${JSON.stringify(patch)}`),
      delete: (_: unknown, at: { name: string }, options: object) =>
        call(`delete ${at.name} ${JSON.stringify(options)}`),
    } as unknown as ApiClient;
    const options: ExecutorOptions = {
      client,
      writes: { pods },
      signal: new AbortController().signal,
      onWritten: (each) => written.push(each),
      onEvent: ({ type, reason, message }) => told.push(`${type} ${reason}: ${message}`),
      isOwnerLive: () => Promise.resolve(isOwnerLive),
    };
    return execute(actions, options);
  };

  it("creates one, then two, then four at a time", async () => {
    expect(await run(Array.from({ length: 9 }, () => creation()))).toEqual({ kind: "done" });
    expect(atOnce).toEqual([1, 1, 2, 1, 2, 3, 4, 1, 2]);
    expect(told[0]).toBe("Normal Created: Created pod: p-1");
    expect(written).toHaveLength(9);
  });

  it("ends with the first batch that fails, and tells why", async () => {
    answer = (_, count) => (count === 3 ? forbidden(pods, "", "exceeded quota") : undefined);
    const outcome = await run(Array.from({ length: 100 }, () => creation()));
    expect(calls).toHaveLength(3);
    expect(outcome).toMatchObject({
      kind: "failed",
      failure: { verb: "create", resource: "pods", message: "pods is forbidden: exceeded quota" },
    });
    expect(told).toContain("Warning FailedCreate: Error creating: pods is forbidden: exceeded quota");
  });

  it("binds deletes and patches to the UID", async () => {
    await run([
      { verb: "delete", resource: "pods", target: podOf("x"), needsSameRevision: true, gracePeriodSeconds: 0 },
      {
        verb: "patch",
        resource: "pods",
        target: podOf("y"),
        patchType: "merge",
        patch: { metadata: { labels: { a: "b" } } },
      },
    ]);
    expect(calls).toEqual([
      'delete x {"preconditions":{"uid":"uid-x","resourceVersion":"1"},"gracePeriodSeconds":0}',
      'patch y merge {"metadata":{"labels":{"a":"b"},"uid":"uid-y"}}',
    ]);
  });

  it("takes what lies in the past for done: a delete of what is gone, a create in a namespace that ends", async () => {
    answer = () => notFound(pods, "x");
    expect(await run([{ verb: "delete", resource: "pods", target: podOf("x") }])).toEqual({ kind: "done" });
    answer = () => new StatusError("Forbidden", "no", { details: { causes: [{ reason: "NamespaceTerminating" }] } });
    expect(await run([creation()])).toEqual({ kind: "done" });
    expect(told).toEqual([]);
  });

  it("calls a plan stale, not failed, when somebody else was faster", async () => {
    answer = () => conflict(pods, "x", "changed");
    expect(await run([{ verb: "update", resource: "pods", object: podOf("x") }])).toMatchObject({ kind: "stale" });
    answer = () => notFound(pods, "x");
    expect(
      await run([{ verb: "patch", resource: "pods", target: podOf("x"), patchType: "merge", patch: {} }]),
    ).toMatchObject({ kind: "stale" });
    answer = () => alreadyExists(pods, "x");
    expect(await run([creation("x"), { verb: "delete", resource: "pods", target: podOf("y") }])).toMatchObject({
      kind: "stale",
    });
    expect(calls).not.toContainEqual(expect.stringContaining("delete y"));
    expect(told).toEqual([]);
  });

  it("adopts only after a live look at the owner", async () => {
    isOwnerLive = false;
    const adoption: AnyAction = {
      verb: "patch",
      resource: "pods",
      target: podOf("x"),
      patchType: "strategic",
      patch: {},
      needsLiveOwner: true,
    };
    expect(await run([adoption])).toMatchObject({ kind: "stale" });
    expect(calls).toEqual([]);
  });
});

describe("the read-your-writes gate", () => {
  const store = new ObjectStore<KubeObject>();
  let reached = "";
  const informer = { lister: store, lastSyncedResourceVersion: () => reached } as unknown as Informer<KubeObject>;
  const writeOf = (name: string, revision: string | undefined, isDeletion = false) => ({
    resource: pods,
    informer,
    namespace: "a",
    name,
    uid: `uid-${name}`,
    revision,
    isDeletion,
  });
  let gate: PendingWrites;
  beforeEach(() => {
    gate = new PendingWrites();
    reached = "";
    for (const key of [...store.keys()]) store.remove(key);
  });

  it("stays closed until the cache shows the object at the revision that was written", () => {
    gate.record("k", writeOf("x", "10"), 0);
    expect(gate.isOpen("k")).toBe(false);
    store.put(podOf("x", "9"));
    expect(gate.isOpen("k")).toBe(false);
    store.put(podOf("x", "10"));
    expect(gate.takeOpened()).toEqual(["k"]);
    expect(gate.isOpen("k")).toBe(true);
  });

  it("opens when the cache as a whole has passed the write", () => {
    gate.record("k", writeOf("x", "10"), 0);
    reached = "11";
    expect(gate.isOpen("k")).toBe(true);
  });

  it("waits for a deleted UID to leave the cache, also when its name is used again", () => {
    store.put(podOf("x"));
    gate.record("k", writeOf("x", undefined, true), 0);
    expect(gate.isOpen("k")).toBe(false);
    store.put({ metadata: { ...podOf("x").metadata, uid: "another" } });
    expect(gate.isOpen("k")).toBe(true);
  });

  it("asks the server when the cache does not come along, and waits on only for what is there", async () => {
    gate.record("k", writeOf("x", "10"), 0);
    gate.record("k", writeOf("gone", "11"), 0);
    const client = {
      get: async (_: unknown, { name }: { name: string }) => {
        if (name === "gone") throw notFound(pods, name);
        return podOf("x", "10");
      },
    } as unknown as ApiClient;
    const { signal } = new AbortController();
    await gate.verify("k", client, GATE_TIMEOUT_MS + 1, signal);
    expect(gate.isOpen("k")).toBe(false);
    const restored = { get: async () => podOf("x", "2") } as unknown as ApiClient;
    await gate.verify("k", restored, 3 * GATE_TIMEOUT_MS, signal);
    expect(gate.isOpen("k")).toBe(true);
  });

  it("orders revisions as numbers of any length", () => {
    expect([
      compareRevisions("9", "10") < 0,
      compareRevisions("10", "10"),
      compareRevisions("", "1") < 0,
      compareRevisions("99999999999999999999", "9") > 0,
    ]).toEqual([true, 0, true, true]);
  });
});
