import { type Clock, systemClock } from "../process/clock.ts";
import { createWorkQueue, type WorkQueue } from "./work-queue.ts";

/** A clock that stands still until it is moved. */
function manualClock(): Clock & { advance(ms: number): void } {
  let now = 0;
  let timers: { atMs: number; callback: () => void }[] = [];
  return {
    ...systemClock,
    monotonicMs: () => now,
    after: (delayMs, callback) => {
      const timer = { atMs: now + delayMs, callback };
      timers.push(timer);
      return { cancel: () => (timers = timers.filter((each) => each !== timer)) };
    },
    advance(ms) {
      now += ms;
      const due = timers.filter((timer) => timer.atMs <= now).sort((a, b) => a.atMs - b.atMs);
      timers = timers.filter((timer) => timer.atMs > now);
      for (const timer of due) timer.callback();
    },
  };
}

describe("the work queue", () => {
  let clock: ReturnType<typeof manualClock>;
  let queue: WorkQueue<string>;
  beforeEach(() => {
    clock = manualClock();
    queue = createWorkQueue<string>({ clock });
  });

  it("hands out each key once, in order", async () => {
    for (const key of ["a", "b", "a"]) queue.add(key);
    expect(queue.length).toBe(2);
    expect([await queue.get(), await queue.get()]).toEqual(["a", "b"]);
  });

  it("keeps a key from a second worker, and gives it again after the first is done", async () => {
    queue.add("a");
    await queue.get();
    queue.add("a");
    queue.add("a");
    expect(queue.length).toBe(0);
    queue.done("a");
    expect(queue.length).toBe(1);
    expect(await queue.get()).toBe("a");
    queue.done("a");
    expect(queue.length).toBe(0);
  });

  it("wakes the worker that waits", async () => {
    const waiting = queue.get();
    queue.add("a");
    expect(await waiting).toBe("a");
  });

  it("adds later, at the earliest of the times asked for", () => {
    queue.addAfter("a", 1000);
    queue.addAfter("a", 100);
    queue.addAfter("a", 500);
    clock.advance(99);
    expect(queue.length).toBe(0);
    clock.advance(1);
    expect(queue.length).toBe(1);
    clock.advance(2000);
    expect(queue.length).toBe(1);
  });

  it("doubles the delay of a failing key up to 1000 s, until it is forgotten", async () => {
    const delays: number[] = [];
    for (let attempt = 0; attempt < 20; attempt++) {
      queue.addRateLimited("a");
      let waitedMs = 0;
      while (queue.length === 0) {
        const stepMs = waitedMs < 100 ? 5 : waitedMs < 10_000 ? 20 : 1000;
        clock.advance(stepMs);
        waitedMs += stepMs;
      }
      delays.push(waitedMs);
      queue.done((await queue.get()) ?? "");
    }
    expect(delays.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
    expect(delays.at(-1)).toBeGreaterThanOrEqual(1_000_000);
    expect(queue.retriesOf("a")).toBe(20);
    queue.forget("a");
    queue.addRateLimited("a");
    clock.advance(5);
    expect(queue.length).toBe(1);
  });

  it("retries all keys together at ten a second after a burst of a hundred", () => {
    for (let key = 0; key < 120; key++) queue.addRateLimited(`k${key}`);
    clock.advance(5);
    expect(queue.length).toBe(100);
    clock.advance(1000);
    expect(queue.length).toBeGreaterThanOrEqual(109);
    expect(queue.length).toBeLessThanOrEqual(111);
  });

  it("hands out what waits after the shutdown, then nothing", async () => {
    queue.add("a");
    queue.addAfter("b", 10);
    const second = createWorkQueue<string>({ clock });
    const waiting = second.get();
    second.shutDown();
    expect(await waiting).toBeUndefined();
    queue.shutDown();
    queue.add("c");
    clock.advance(100);
    expect([await queue.get(), await queue.get()]).toEqual(["a", undefined]);
  });
});
