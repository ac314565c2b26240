import type { Event } from "../api/generated/core/v1.ts";
import type { ApiClient } from "../client/api-client.ts";
import { forbidden, notFound } from "../errors/status-error.ts";
import { systemClock } from "../process/clock.ts";
import { events } from "../resources/catalog.ts";
import { createEventRecorder, type EventRecorder } from "./event-recorder.ts";

const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "a", uid: "u", resourceVersion: "7" } };

describe("the event recorder", () => {
  let created: Event[];
  let patched: object[];
  let fail: Error | undefined;
  let nowMs: number;
  let waits: number[];
  let isAway: boolean;
  let recorder: EventRecorder;
  beforeEach(() => {
    created = [];
    patched = [];
    fail = undefined;
    nowMs = Date.parse("2026-01-01T00:00:00Z");
    waits = [];
    isAway = false;
    const take = (): void => {
      const err = fail;
      fail = undefined;
      if (isAway) throw new Error("ECONNREFUSED");
      if (err !== undefined) throw err;
    };
    const client = {
      create: async (_: unknown, event: Event) => {
        take();
        created.push(event);
        return event;
      },
      patch: async (_: unknown, at: { name: string }, type: string, patch: object) => {
        take();
        patched.push({ type, ...patch });
        return { ...created.find(({ metadata }) => metadata.name === at.name), ...patch };
      },
    } as unknown as ApiClient;
    const sleep = async (ms: number): Promise<void> => void waits.push(ms);
    const clock = { ...systemClock, nowMs: () => nowMs, random: () => 0.5, sleep };
    recorder = createEventRecorder({ client, component: "kubelet", host: "n1", clock });
  });

  it("writes who, what, about whom and when", async () => {
    recorder.event(pod, "Normal", "Started", "Started container c", "spec.containers{c}");
    await recorder.flush();
    expect(created[0]).toMatchObject({
      metadata: { namespace: "a" },
      involvedObject: {
        kind: "Pod",
        apiVersion: "v1",
        namespace: "a",
        name: "p",
        uid: "u",
        resourceVersion: "7",
        fieldPath: "spec.containers{c}",
      },
      type: "Normal",
      reason: "Started",
      message: "Started container c",
      count: 1,
      firstTimestamp: "2026-01-01T00:00:00Z",
      lastTimestamp: "2026-01-01T00:00:00Z",
      source: { component: "kubelet", host: "n1" },
      reportingComponent: "kubelet",
      reportingInstance: "n1",
    });
    expect(created[0]?.metadata.name).toMatch(/^p\.[0-9a-f]{16}$/);
  });

  it("counts the same event on the first one", async () => {
    for (let time = 0; time < 3; time++) {
      recorder.event(pod, "Warning", "BackOff", "Back-off restarting");
      nowMs += 10_000;
    }
    await recorder.flush();
    expect(created).toHaveLength(1);
    expect(patched).toEqual([
      { type: "strategic", count: 2, lastTimestamp: "2026-01-01T00:00:10Z", message: "Back-off restarting" },
      { type: "strategic", count: 3, lastTimestamp: "2026-01-01T00:00:20Z", message: "Back-off restarting" },
    ]);
  });

  it("writes a counted event anew when the server has dropped it", async () => {
    recorder.event(pod, "Warning", "BackOff", "m");
    await recorder.flush();
    fail = notFound(events, "p.1");
    recorder.event(pod, "Warning", "BackOff", "m");
    await recorder.flush();
    expect(created.map(({ count }) => count)).toEqual([1, 2]);
  });

  it("combines more than ten messages of one reason", async () => {
    for (let index = 0; index < 14; index++)
      recorder.event(pod, "Normal", "SuccessfulCreate", `Created pod: p-${index}`);
    await recorder.flush();
    expect(created).toHaveLength(11);
    expect(created.at(-1)?.message).toBe("(combined from similar events): Created pod: p-10");
    expect(patched.at(-1)).toMatchObject({ count: 4, message: "(combined from similar events): Created pod: p-13" });
  });

  it("drops what one source says too often about one object, until time has passed", async () => {
    for (let index = 0; index < 40; index++) recorder.event(pod, "Normal", `Reason${index}`, "m");
    await recorder.flush();
    expect(created).toHaveLength(25);
    nowMs += 300_000;
    recorder.event(pod, "Normal", "Later", "m");
    recorder.event({ ...pod, metadata: { ...pod.metadata, name: "other", uid: "v" } }, "Normal", "Other", "m");
    await recorder.flush();
    expect(created).toHaveLength(27);
  });

  it("tries again while the server is away, and gives up what it refuses", async () => {
    fail = new Error("ECONNREFUSED");
    recorder.event(pod, "Normal", "A", "m");
    await recorder.flush();
    expect(created).toHaveLength(1);
    fail = forbidden(events, "e", "the namespace is being terminated");
    recorder.event(pod, "Normal", "B", "m");
    recorder.event(pod, "Normal", "C", "m");
    await recorder.flush();
    expect(created.map(({ reason }) => reason)).toEqual(["A", "C"]);
  });

  it("waits longer each time, and gives up a server that does not come", async () => {
    isAway = true;
    recorder.event(pod, "Normal", "A", "m");
    await recorder.flush();
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000, 10_000]);
    isAway = false;
    recorder.event(pod, "Normal", "B", "m");
    await recorder.flush();
    expect(created.map(({ reason }) => reason)).toEqual(["B"]);
  });

  it("puts events about cluster-scoped objects into the default namespace", async () => {
    recorder.event({ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } }, "Normal", "NodeReady", "m");
    await recorder.flush();
    expect(created[0]?.metadata.namespace).toBe("default");
  });
});
