import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import type { ClusterEvent } from "../framework/plugin.ts";
import { backoffMs, type QueuedPod, SchedulingQueue } from "./scheduling-queue.ts";

const pod = (name: string, priority = 0, gates: string[] = []): Pod => ({
  metadata: { name, namespace: "default", uid: name },
  spec: { containers: [], priority, schedulingGates: gates.map((gate) => ({ name: gate })) },
});

const ON: ReadonlySet<ClusterEvent> = new Set<ClusterEvent>(["NodeAdded"]);

function setUp() {
  const clock = new ManualClock();
  const queue = new SchedulingQueue(clock);
  const never = new AbortController().signal;
  const pop = async (): Promise<QueuedPod> => {
    const queued = await queue.pop(never);
    if (queued === undefined) throw new Error("nothing was handed out");
    return queued;
  };
  return { clock, queue, pop };
}

it("hands out by priority, then by age", async () => {
  const { clock, queue, pop } = setUp();
  queue.put(pod("first"));
  await clock.advance(1);
  queue.put(pod("second"));
  queue.put(pod("important", 10));
  expect([(await pop()).pod, (await pop()).pod, (await pop()).pod].map(({ metadata }) => metadata.name)).toEqual([
    "important",
    "first",
    "second",
  ]);
});

it("waits until there is something, and gives nothing once it is aborted", async () => {
  const { queue, pop } = setUp();
  const waiting = pop();
  queue.put(pod("late"));
  expect((await waiting).pod.metadata.name).toBe("late");
  const controller = new AbortController();
  const aborted = queue.pop(controller.signal);
  controller.abort();
  expect(await aborted).toBeUndefined();
});

it("doubles the back-off from 1 s to 10 s", () => {
  expect([1, 2, 3, 4, 5, 6].map(backoffMs)).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
});

it("lets an unschedulable pod wait for an event that may help, and then for its back-off", async () => {
  const { clock, queue, pop } = setUp();
  queue.put(pod("a"));
  queue.returnUnschedulable(await pop(), ON);
  expect(queue.sizeOf("unschedulable")).toBe(1);
  queue.wake(["NodeTaintsChanged"]);
  expect(queue.sizeOf("unschedulable")).toBe(1);
  queue.wake(["NodeAdded"]);
  expect(queue.sizeOf("backoff")).toBe(1);
  await clock.advance(999);
  expect(queue.sizeOf("active")).toBe(0);
  await clock.advance(1);
  expect(queue.sizeOf("active")).toBe(1);
  expect((await pop()).attempts).toBe(2);
});

it("skips the back-off when it is over before the event comes", async () => {
  const { clock, queue, pop } = setUp();
  queue.put(pod("a"));
  queue.returnUnschedulable(await pop(), ON);
  await clock.advance(5000);
  queue.wake(["NodeAdded"]);
  expect(queue.sizeOf("active")).toBe(1);
});

it("does not lose an event that comes while the pod is in flight", async () => {
  const { queue, pop } = setUp();
  queue.put(pod("a"));
  const queued = await pop();
  queue.wake(["NodeAdded"]);
  queue.returnUnschedulable(queued, ON);
  expect(queue.sizeOf("unschedulable")).toBe(0);
  expect(queue.sizeOf("backoff")).toBe(1);
});

it("tries a pod again after five minutes without any event", async () => {
  const { clock, queue, pop } = setUp();
  const stop = new AbortController();
  const flushing = queue.runFlush(stop.signal);
  queue.put(pod("a"));
  queue.returnUnschedulable(await pop(), ON);
  await clock.advance(4 * 60_000);
  expect(queue.sizeOf("unschedulable")).toBe(1);
  await clock.advance(90_000);
  expect(queue.sizeOf("active")).toBe(1);
  stop.abort();
  await flushing;
});

it("keeps gated pods apart until the last gate is gone", async () => {
  const { queue, pop } = setUp();
  queue.put(pod("a", 0, ["one", "two"]));
  expect(queue.sizeOf("gated")).toBe(1);
  queue.wake(["NodeAdded"]);
  queue.put(pod("a", 0, ["two"]));
  expect(queue.sizeOf("gated")).toBe(1);
  queue.put(pod("a"));
  expect(queue.sizeOf("gated")).toBe(0);
  expect((await pop()).pod.metadata.name).toBe("a");
});

it("forgets removed pods wherever they are, in flight included", async () => {
  const { queue, pop } = setUp();
  queue.put(pod("a"));
  queue.put(pod("b", 1));
  const inFlight = await pop();
  queue.remove(pod("b"));
  queue.remove(pod("a"));
  expect(queue.isGone(inFlight.pod)).toBe(true);
  queue.returnUnschedulable(inFlight, ON);
  expect([...queue.entries()]).toEqual([]);
});

it("tries the newest state of a pod that changed in flight", async () => {
  const { queue, pop } = setUp();
  queue.put(pod("a"));
  const queued = await pop();
  const changed: Pod = { ...pod("a"), spec: { containers: [], nodeSelector: { disk: "ssd" } } };
  queue.put(changed);
  queue.returnUnschedulable(queued, ON);
  expect([...queue.entries()]).toEqual([["backoff", expect.objectContaining({ pod: changed })]]);
});

it("tries a waiting pod again when its own change may help, and only then", async () => {
  const { clock, queue, pop } = setUp();
  queue.put(pod("a"));
  queue.returnUnschedulable(await pop(), ON);
  await clock.advance(2000);
  queue.put({ ...pod("a"), status: { phase: "Pending" } });
  expect(queue.sizeOf("unschedulable")).toBe(1);
  queue.put({ ...pod("a"), spec: { containers: [], tolerations: [{ operator: "Exists" }] } });
  expect(queue.sizeOf("active")).toBe(1);
});
