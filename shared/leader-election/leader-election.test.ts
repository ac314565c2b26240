import type { Lease } from "../api/generated/coordination/v1.ts";
import type { ApiClient } from "../client/api-client.ts";
import { alreadyExists, conflict, notFound } from "../errors/status-error.ts";
import { type Clock, systemClock } from "../process/clock.ts";
import { silentLogger } from "../process/logger.ts";
import { leases } from "../resources/catalog.ts";
import { type Leadership, LeadershipLostError, runLeaderElection } from "./leader-election.ts";

/** A server with one lease and a clock that moves only by `advance`. */
class Scene {
  lease: Lease | undefined;
  isDown = false;
  #nowMs = 0;
  #revision = 0;
  #sleepers: { atMs: number; wake: () => void }[] = [];
  readonly clock: Clock = {
    ...systemClock,
    nowMs: () => this.#nowMs,
    monotonicMs: () => this.#nowMs,
    random: () => 0,
    after: (delayMs, callback) => {
      const sleeper = { atMs: this.#nowMs + delayMs, wake: callback };
      this.#sleepers.push(sleeper);
      return { cancel: () => (this.#sleepers = this.#sleepers.filter((each) => each !== sleeper)) };
    },
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        this.#sleepers.push({ atMs: this.#nowMs + delayMs, wake: resolve });
        signal?.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
  readonly client = {
    get: async () => {
      this.#mayFail();
      if (this.lease === undefined) throw notFound(leases, "l");
      return structuredClone(this.lease);
    },
    create: async (_: unknown, draft: Lease) => {
      this.#mayFail();
      if (this.lease !== undefined) throw alreadyExists(leases, "l");
      return this.#store(draft);
    },
    update: async (_: unknown, next: Lease) => {
      this.#mayFail();
      if (this.lease?.metadata.resourceVersion !== next.metadata.resourceVersion)
        throw conflict(leases, "l", "changed");
      return this.#store(next);
    },
  } as unknown as ApiClient;

  /** Lets time pass second by second, with all that it wakes. */
  async advance(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.#nowMs += 1000;
      await this.settle();
    }
  }
  /** The process was suspended: time passes, and nothing of it runs. */
  suspend(seconds: number): void {
    this.#nowMs += seconds * 1000;
  }
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) {
      const due = this.#sleepers.filter(({ atMs }) => atMs <= this.#nowMs);
      this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { wake } of due) wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  #mayFail(): void {
    if (this.isDown) throw new Error("connect ECONNREFUSED");
  }
  #store(lease: Lease): Lease {
    this.#revision += 1;
    this.lease = {
      ...structuredClone(lease),
      metadata: { ...lease.metadata, resourceVersion: String(this.#revision) },
    };
    return structuredClone(this.lease);
  }
}

interface Candidate {
  leadership: Leadership | undefined;
  stop: () => void;
  end: Promise<unknown>;
}

function join(scene: Scene, identity: string, events: string[]): Candidate {
  const stopping = new AbortController();
  const candidate: Candidate = { leadership: undefined, stop: () => stopping.abort(), end: Promise.resolve() };
  candidate.end = runLeaderElection({
    client: scene.client,
    lease: { namespace: "kube-system", name: "l" },
    identity,
    clock: scene.clock,
    logger: silentLogger,
    signal: stopping.signal,
    onLeading: async (leadership) => {
      candidate.leadership = leadership;
      events.push(`${identity} leads`);
      await new Promise<void>((resolve) =>
        leadership.signal.addEventListener("abort", () => resolve(), { once: true }),
      );
      events.push(`${identity} ends`);
    },
  }).catch((err: unknown) => err);
  return candidate;
}

describe("leader election", () => {
  let scene: Scene;
  let events: string[];
  beforeEach(() => {
    scene = new Scene();
    events = [];
  });

  it("lets one of two lead, and the other only when the first is gone and its lease has run out", async () => {
    const first = join(scene, "a", events);
    await scene.settle();
    const second = join(scene, "b", events);
    await scene.advance(60);
    expect(events).toEqual(["a leads"]);
    expect(scene.lease?.spec).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 });
    // The first dies without a word: it renews no more.
    scene.lease = {
      metadata: { ...scene.lease?.metadata, name: "l", resourceVersion: "900" },
      spec: { ...scene.lease?.spec, holderIdentity: "dead" },
    };
    await scene.advance(13);
    expect(events).not.toContain("b leads");
    await scene.advance(10);
    expect(events).toContain("b leads");
    expect(scene.lease?.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    second.stop();
    await Promise.all([second.end, first.end, scene.settle()]);
  });

  it("gives the lease back when it is stopped, after the work has ended", async () => {
    const first = join(scene, "a", events);
    await scene.settle();
    const second = join(scene, "b", events);
    await scene.advance(3);
    first.stop();
    await first.end;
    expect(scene.lease?.spec.holderIdentity).toBe("");
    await scene.advance(5);
    expect(events).toEqual(["a leads", "a ends", "b leads"]);
    second.stop();
    await Promise.all([second.end, scene.settle()]);
  });

  it("stops leading at the renew deadline when the server cannot be reached, before anybody may take over", async () => {
    const first = join(scene, "a", events);
    await scene.advance(4);
    scene.isDown = true;
    await scene.advance(8);
    expect(first.leadership?.signal.aborted).toBe(false);
    await scene.advance(4);
    expect(first.leadership?.signal.aborted).toBe(true);
    expect(await first.end).toBeInstanceOf(LeadershipLostError);
  });

  it("survives a short outage", async () => {
    const first = join(scene, "a", events);
    await scene.advance(4);
    scene.isDown = true;
    await scene.advance(5);
    scene.isDown = false;
    await scene.advance(30);
    expect(events).toEqual(["a leads"]);
    expect(first.leadership?.isLeading()).toBe(true);
    first.stop();
    await Promise.all([first.end, scene.settle()]);
  });

  it("knows after a suspension that it leads no more, before any timer has run", async () => {
    const first = join(scene, "a", events);
    await scene.advance(4);
    expect(first.leadership?.isLeading()).toBe(true);
    scene.suspend(20);
    expect(first.leadership?.isLeading()).toBe(false);
    scene.lease = {
      metadata: { name: "l", resourceVersion: "900" },
      spec: { holderIdentity: "b", leaseDurationSeconds: 15 },
    };
    await scene.advance(12);
    expect(await first.end).toBeInstanceOf(LeadershipLostError);
    expect(scene.lease.spec.holderIdentity).toBe("b");
  });

  it("does not trust the times that others wrote", async () => {
    scene.lease = {
      metadata: { name: "l", resourceVersion: "1" },
      spec: { holderIdentity: "z", leaseDurationSeconds: 15, renewTime: "1999-01-01T00:00:00.000000Z" },
    };
    const first = join(scene, "a", events);
    await scene.advance(14);
    expect(events).toEqual([]);
    await scene.advance(6);
    expect(events).toEqual(["a leads"]);
    first.stop();
    await Promise.all([first.end, scene.settle()]);
  });
});
