import { ManualClock } from "../../test/support/manual-clock.ts";
import { aContainer, aPod, aRun } from "../../test/support/pod-builders.ts";
import type { Container, Probe } from "../../shared/api/generated/core/v1.ts";
import type { ContainerRuntime } from "../runtime/runtime.ts";
import { RuntimeCallError } from "../runtime/runtime-error.ts";
import { ProbeManager } from "./probe-manager.ts";
import type { ToldHealth } from "./told-health.ts";

const RUN = aRun("main", "running", { startedAtMs: 1_700_000_000_000 });

/** A container whose commands end as `answers` says by their first word; a missing one cannot be run at all. */
function probed(more: Partial<Container>, told?: ToldHealth) {
  const clock = new ManualClock();
  const answers = new Map<string, number>();
  const calls: string[] = [];
  const outcomes: string[] = [];
  const unhealthy: string[] = [];
  const exec = (_id: string, [word = ""]: readonly string[]) => {
    calls.push(`${(clock.nowMs() - RUN.startedAtMs) / 1000}:${word}`);
    const exitCode = answers.get(word);
    if (exitCode === undefined) return Promise.reject(new RuntimeCallError("other", "broken"));
    return Promise.resolve({ exitCode, output: Buffer.from("said") });
  };
  const manager = new ProbeManager({
    runtime: { exec } as unknown as ContainerRuntime,
    clock,
    onChange: () => undefined,
    onUnhealthy: (_pod, _container, message) => unhealthy.push(message),
    onOutcome: (kind, _pod, _container, outcome) => outcomes.push(`${kind} ${outcome}`),
  });
  const container = aContainer("main", more);
  manager.track(aPod({ containers: [container] }), container, RUN, "127.0.0.1", told);
  return { manager, clock, answers, calls, outcomes, unhealthy };
}

const probe = (word: string, more: Partial<Probe> = {}): Probe => ({
  exec: { command: [word] },
  periodSeconds: 5,
  failureThreshold: 2,
  ...more,
});

describe("probes of a container", () => {
  it("wait for the startup probe, then run at once", async () => {
    const { manager, clock, answers, calls } = probed({
      startupProbe: probe("start", { failureThreshold: 10 }),
      livenessProbe: probe("live"),
      readinessProbe: probe("ready"),
    });
    answers.set("start", 1).set("live", 0).set("ready", 0);
    await clock.advance(12_000);
    expect(calls).toEqual(["0:start", "5:start", "10:start"]);
    expect([manager.isStarted(RUN.id), manager.isReady(RUN.id)]).toEqual([false, false]);
    answers.set("start", 0);
    await clock.advance(3000);
    expect(calls.slice(3)).toEqual(["15:start", "15:live", "15:ready"]);
    expect([manager.isStarted(RUN.id), manager.isReady(RUN.id)]).toEqual([true, true]);
    manager.close();
  });

  it("count delays from the start and periods from start to start", async () => {
    const { manager, clock, answers, calls } = probed({ readinessProbe: probe("ready", { initialDelaySeconds: 3 }) });
    answers.set("ready", 0);
    await clock.advance(14_000);
    expect(calls).toEqual(["3:ready", "8:ready", "13:ready"]);
    manager.close();
  });

  it("only count as failed at the threshold, and again as good at the other", async () => {
    const { manager, clock, answers, unhealthy } = probed({
      readinessProbe: probe("ready", { successThreshold: 2 }),
    });
    const readiness: boolean[] = [];
    for (const exitCode of [0, 0, 1, 0, 1, 1, 0, 0]) {
      answers.set("ready", exitCode);
      await clock.advance(readiness.length === 0 ? 0 : 5000);
      readiness.push(manager.isReady(RUN.id));
    }
    expect(readiness).toEqual([false, true, true, true, true, false, false, true]);
    expect(unhealthy).toEqual(Array.from({ length: 3 }, () => "Readiness probe failed: said"));
    manager.close();
  });

  it("that cannot be made are tried three times and say nothing about the container", async () => {
    const { manager, clock, calls, outcomes, unhealthy } = probed({ livenessProbe: probe("gone") });
    await clock.advance(20_000);
    expect(calls.filter((call) => call === "0:gone")).toHaveLength(3);
    expect(new Set(outcomes)).toEqual(new Set(["liveness unknown"]));
    expect(unhealthy[0]).toBe("Liveness probe errored and resulted in unknown state: broken");
    expect(manager.hasFailed(RUN.id)).toBeUndefined();
    manager.close();
  });

  it("go on from what was told of a container that was there before the kubelet", async () => {
    const { manager, clock, answers, calls } = probed(
      { startupProbe: probe("start"), readinessProbe: probe("ready") },
      { isStarted: true, isReady: true },
    );
    expect([manager.isStarted(RUN.id), manager.isReady(RUN.id)]).toEqual([true, true]);
    answers.set("start", 1).set("ready", 1);
    await clock.advance(4000);
    expect([calls, manager.isReady(RUN.id)]).toEqual([["0:ready"], true]);
    await clock.advance(2000);
    expect(manager.isReady(RUN.id)).toBe(false);
    manager.close();
  });

  it("stop with the container", async () => {
    const { manager, clock, answers, calls } = probed({ livenessProbe: probe("live") });
    answers.set("live", 1);
    await clock.advance(0);
    manager.untrack(RUN.id);
    await clock.advance(60_000);
    expect(calls).toEqual(["0:live"]);
  });
});
