import { ManualClock } from "../test/support/manual-clock.ts";
import { ProxyHealth } from "./proxy-health.ts";

function setUp() {
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  return { clock, health: new ProxyHealth(clock, 60_000) };
}

it("is not healthy before the first sync", () => {
  expect(setUp().health.report("/healthz").code).toBe(503);
});

it("answers as upstream does", () => {
  const { health } = setUp();
  health.queued();
  health.synced();
  expect(health.report("/healthz")).toEqual({
    code: 200,
    body: '{"lastUpdated": "2026-01-02 03:04:05.000 +0000 UTC","currentTime": "2026-01-02 03:04:05.000 +0000 UTC", "nodeEligible": true}',
  });
  expect(JSON.parse(health.report("/healthz").body)).toHaveProperty("nodeEligible", true);
});

it("falls ill when a change waits too long, and recovers", async () => {
  const { clock, health } = setUp();
  health.synced();
  health.queued();
  await clock.advance(59_000);
  expect(health.report("/healthz").code).toBe(200);
  await clock.advance(2000);
  expect(health.report("/healthz").code).toBe(503);
  health.synced();
  expect(health.report("/healthz").code).toBe(200);
});

it("lets a node that goes away lose its traffic, but lives on", () => {
  const { health } = setUp();
  health.synced();
  health.setNodeEligible(false);
  expect(health.report("/healthz").code).toBe(503);
  expect(health.report("/livez").code).toBe(200);
});
