import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import { NodeShutdown } from "./node-shutdown.ts";
import { byGroup, shutdownGroups } from "./plan-shutdown.ts";

const CRITICAL = 2_000_000_000;
const settings = { shutdownGracePeriod: 0, shutdownGracePeriodCriticalPods: 0, shutdownGracePeriodByPodPriority: [] };

describe("groups of a shutdown", () => {
  it("are ordinary and critical pods, or those that are configured, the lowest first", () => {
    expect(shutdownGroups(settings)).toEqual([]);
    const two = { ...settings, shutdownGracePeriod: 30_000, shutdownGracePeriodCriticalPods: 10_000 };
    expect(shutdownGroups(two)).toEqual([
      { priority: 0, graceMs: 20_000 },
      { priority: CRITICAL, graceMs: 10_000 },
    ]);
    const byPriority = [
      { priority: 1000, shutdownGracePeriodSeconds: 5 },
      { priority: 0, shutdownGracePeriodSeconds: 60 },
    ];
    expect(shutdownGroups({ ...settings, shutdownGracePeriodByPodPriority: byPriority })).toEqual([
      { priority: 0, graceMs: 60_000 },
      { priority: 1000, graceMs: 5000 },
    ]);
  });

  it("hold every pod once; what is below all of them goes with the lowest", () => {
    const groups = [
      { priority: 0, graceMs: 1 },
      { priority: 100, graceMs: 1 },
    ];
    expect(byGroup(groups, [-5, 0, 99, 100, CRITICAL], (item) => item).map(({ items }) => items)).toEqual([
      [-5, 0, 99],
      [100, CRITICAL],
    ]);
  });
});

function worker(name: string, priority: number, ended: string[], endsAtOnce: boolean): PodWorker {
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, uid: name },
    spec: { containers: [], priority, terminationGracePeriodSeconds: 30 },
  };
  const self = {
    pod,
    phase: "syncing",
    evict: ({ reason }: { reason: string }, graceSeconds: number) => {
      ended.push(`${name} ${reason} ${graceSeconds}`);
      self.phase = endsAtOnce ? "terminated" : "terminating";
      return true;
    },
  };
  return self as unknown as PodWorker;
}

describe("NodeShutdown", () => {
  const groups = shutdownGroups({
    ...settings,
    shutdownGracePeriod: 30_000,
    shutdownGracePeriodCriticalPods: 10_000,
  });

  it("ends the critical pods after the others have ended, and is not ready from the first moment", async () => {
    const ended: string[] = [];
    const workers = [worker("system", CRITICAL, ended, true), worker("app", 0, ended, true)];
    const begun: boolean[] = [];
    const shutdown: NodeShutdown = new NodeShutdown({
      groups,
      clock: new ManualClock(),
      logger: silentLogger,
      workers: () => ({ list: () => workers }),
      onBegin: () => begun.push(shutdown.isRunning),
    });
    expect(shutdown.problems).toEqual([]);
    await Promise.all([shutdown.begin(), shutdown.begin()]);
    expect(ended).toEqual(["app Terminated 20", "system Terminated 10"]);
    expect(begun).toEqual([true]);
    expect(shutdown.problems).toEqual(["node is shutting down"]);
  });

  it("does not wait longer for a group than its time", async () => {
    const ended: string[] = [];
    const clock = new ManualClock();
    const workers = [worker("stubborn", 0, ended, false), worker("system", CRITICAL, ended, true)];
    const shutdown = new NodeShutdown({
      groups,
      clock,
      logger: silentLogger,
      workers: () => ({ list: () => workers }),
      onBegin: () => undefined,
    });
    const over = shutdown.begin();
    await clock.advance(19_900);
    expect(ended).toHaveLength(1);
    await clock.advance(200);
    await over;
    expect(ended).toEqual(["stubborn Terminated 20", "system Terminated 10"]);
  });
});
