import { silentLogger } from "../shared/process/logger.ts";
import { createMetrics } from "../shared/process/metrics.ts";
import { ManualClock } from "../test/support/manual-clock.ts";
import type { Iptables } from "./iptables/iptables.ts";
import { Proxier } from "./proxier.ts";
import { ProxyHealth } from "./proxy-health.ts";
import { createProxyMetrics } from "./proxy-metrics.ts";
import { chainNames } from "./rules/chain-names.ts";
import { ServiceTracker } from "./state/service-tracker.ts";
import { SyncLoop } from "./sync-loop.ts";

/** A loop over a kernel that remembers what it was given, and may refuse or lose it. */
function setUp() {
  const clock = new ManualClock();
  const kernel = { inputs: [] as string[], refuses: 0, isFlushed: false };
  const iptables: Iptables = {
    save: () => Promise.resolve(""),
    restore: (input) => {
      if (kernel.refuses-- > 0) return Promise.reject(new Error("resource temporarily unavailable"));
      kernel.inputs.push(input);
      kernel.isFlushed = false;
      return Promise.resolve();
    },
    hasRule: () => Promise.resolve(!kernel.isFlushed),
  };
  const tracker = new ServiceTracker("node");
  const rules = {
    chains: chainNames("KUBE"),
    clusterCidr: undefined,
    masqueradeAll: false,
    masqueradeMark: 0x4000,
    isRandomFully: true,
    hasRecent: true,
    localhostNodePorts: false,
  };
  const conntrack = { clearStale: () => Promise.resolve(0) };
  const metrics = createProxyMetrics(createMetrics("test"));
  const logger = silentLogger;
  const proxier = new Proxier({ tracker, rules, iptables, conntrack, metrics, clock, logger });
  const health = new ProxyHealth(clock, 60_000);
  const timing = { minSyncPeriodMs: 100, syncPeriodMs: 30_000, onSynced: () => undefined };
  const loop = new SyncLoop({ proxier, health, clock, logger, ...timing });
  const stopping = new AbortController();
  const running = loop.run(stopping.signal);
  const putService = (name: string): void => {
    const ports = [{ port: 80, protocol: "TCP" }];
    tracker.putService({ metadata: { name, namespace: "ns" }, spec: { clusterIP: "10.96.0.9", ports } });
    loop.trigger();
  };
  const stop = async (): Promise<void> => {
    stopping.abort();
    await clock.advance(0);
    await running;
  };
  return { clock, kernel, loop, health, putService, stop };
}

it("writes everything at first, then only what changes, and nothing when nothing does", async () => {
  const { clock, kernel, loop, putService, stop } = setUp();
  loop.trigger();
  await clock.advance(200);
  expect(kernel.inputs[0]).toContain(":KUBE-FORWARD - [0:0]");
  putService("a");
  await clock.advance(200);
  expect(kernel.inputs[1]).toContain("ns/a has no endpoints");
  expect(kernel.inputs[1]).not.toContain("KUBE-FORWARD");
  loop.trigger();
  await clock.advance(200);
  expect(kernel.inputs).toHaveLength(2);
  await stop();
});

it("writes changes that come close together at once", async () => {
  const { clock, kernel, putService, stop } = setUp();
  putService("a");
  await clock.advance(0);
  for (let index = 0; index < 50; index++) putService(`more-${index}`);
  await clock.advance(300);
  expect(kernel.inputs).toHaveLength(2);
  await stop();
});

it("tries again when the rules were refused, with everything that was to be written", async () => {
  const { clock, kernel, health, putService, stop } = setUp();
  kernel.refuses = 2;
  putService("a");
  await clock.advance(400);
  expect(kernel.inputs).toEqual([]);
  await clock.advance(2000);
  expect(kernel.inputs).toHaveLength(1);
  expect(kernel.inputs[0]).toContain("ns/a has no endpoints");
  expect(health.report("/healthz").code).toBe(200);
  await stop();
});

it("writes everything again when somebody flushed our rules", async () => {
  const { clock, kernel, putService, stop } = setUp();
  putService("a");
  await clock.advance(200);
  kernel.isFlushed = true;
  await clock.advance(31_000);
  expect(kernel.inputs).toHaveLength(2);
  expect(kernel.inputs[1]).toContain("ns/a has no endpoints");
  await clock.advance(120_000);
  expect(kernel.inputs).toHaveLength(2);
  await stop();
});
