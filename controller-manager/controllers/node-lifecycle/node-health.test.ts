import type { Node, Taint, Toleration } from "../../../shared/api/generated/core/v1.ts";
import { evictionAtMs } from "../taint-eviction/plan.ts";
import { observe, unknownConditions } from "./health-plan.ts";
import { wantedTaints, waitsForEviction } from "./taints-plan.ts";
import { EvictionBudget, evictionsPerSecond, zoneState } from "./zones.ts";

const NOW_MS = Date.parse("2026-01-01T00:10:00Z");
const ready = (status: string) => ({
  type: "Ready",
  status,
  lastHeartbeatTime: "2026-01-01T00:00:00Z",
  lastTransitionTime: "2026-01-01T00:00:00Z",
});
const nodeOf = (
  status: string | undefined,
  spec: Node["spec"] = {},
  more: { type: string; status: string }[] = [],
): Node => ({
  metadata: { name: "n", uid: "u", creationTimestamp: "2025-12-31T00:00:00Z" },
  spec,
  status: { conditions: [...more, ...(status === undefined ? [] : [ready(status)])] },
});
const lease = (renewTime: string) => ({ metadata: { name: "n" }, spec: { renewTime } });
const usual = { mayStart: true, areStopped: false };
const keys = (taints: Taint[] | undefined): string[] => (taints ?? []).map(({ key, effect }) => `${key}:${effect}`);

describe("the health of a node", () => {
  it("is seen by changes, measured by our own clock", () => {
    const first = observe(undefined, nodeOf("True"), lease("00:00:01"), 1000);
    expect(observe(first, nodeOf("True"), lease("00:00:01"), 9000).seenAtMs).toBe(1000);
    expect(observe(first, nodeOf("True"), lease("00:00:11"), 9000).seenAtMs).toBe(9000);
    // A node whose clock is years behind lives as well as any other.
    expect(observe(first, nodeOf("True"), lease("1999"), 9000).seenAtMs).toBe(9000);
  });

  it("is not refreshed by our own mark", () => {
    const first = observe(undefined, nodeOf("True"), lease("1"), 1000);
    expect(observe(first, nodeOf("Unknown"), lease("1"), 9000).seenAtMs).toBe(1000);
  });

  it("becomes unknown in upstream's words", () => {
    const conditions =
      unknownConditions(nodeOf("True", {}, [{ type: "MemoryPressure", status: "False" }]), NOW_MS) ?? [];
    const of = (type: string) => conditions.find((condition) => condition.type === type);
    expect(of("Ready")).toMatchObject({
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastHeartbeatTime: "2026-01-01T00:00:00Z",
      lastTransitionTime: "2026-01-01T00:10:00Z",
    });
    expect(of("MemoryPressure")).toMatchObject({ status: "Unknown", reason: "NodeStatusUnknown" });
    expect(of("DiskPressure")).toMatchObject({
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastHeartbeatTime: "2025-12-31T00:00:00Z",
    });
    const after = nodeOf(undefined);
    expect(unknownConditions({ ...after, status: { conditions } }, NOW_MS)).toBeUndefined();
  });
});

describe("the taints of a node", () => {
  it("follow its conditions", () => {
    expect(wantedTaints(nodeOf("True"), usual, NOW_MS)).toBeUndefined();
    expect(keys(wantedTaints(nodeOf("False"), usual, NOW_MS))).toEqual([
      "node.kubernetes.io/not-ready:NoSchedule",
      "node.kubernetes.io/not-ready:NoExecute",
    ]);
    expect(keys(wantedTaints(nodeOf("Unknown"), usual, NOW_MS))).toEqual([
      "node.kubernetes.io/unreachable:NoSchedule",
      "node.kubernetes.io/unreachable:NoExecute",
    ]);
    const pressed = nodeOf("True", { unschedulable: true }, [
      { type: "DiskPressure", status: "True" },
      { type: "PIDPressure", status: "True" },
      { type: "MemoryPressure", status: "True" },
    ]);
    expect(new Set(keys(wantedTaints(pressed, usual, NOW_MS)))).toEqual(
      new Set(
        ["disk-pressure", "pid-pressure", "memory-pressure", "unschedulable"].map(
          (key) => `node.kubernetes.io/${key}:NoSchedule`,
        ),
      ),
    );
  });

  it("keep what others put, and go when the reason is gone", () => {
    const foreign = { key: "gpu", effect: "NoSchedule" };
    const sick = nodeOf("Unknown", { taints: [foreign] });
    const taints = wantedTaints(sick, usual, NOW_MS) ?? [];
    expect(taints).toContainEqual(foreign);
    expect(wantedTaints({ ...sick, spec: { taints } }, usual, NOW_MS)).toBeUndefined();
    expect(wantedTaints(nodeOf("True", { taints }), usual, NOW_MS)).toEqual([foreign]);
  });

  it("drive no pod away before its turn, or while all nodes are silent", () => {
    const sick = nodeOf("Unknown");
    expect(keys(wantedTaints(sick, { mayStart: false, areStopped: false }, NOW_MS))).toEqual([
      "node.kubernetes.io/unreachable:NoSchedule",
    ]);
    expect(waitsForEviction(sick)).toBe(true);
    const taints = wantedTaints(sick, usual, NOW_MS) ?? [];
    expect(keys(wantedTaints({ ...sick, spec: { taints } }, { mayStart: false, areStopped: true }, NOW_MS))).toEqual([
      "node.kubernetes.io/unreachable:NoSchedule",
    ]);
  });

  it("are put at the rate of the zone", () => {
    const nodes = (healthy: number, sick: number): Node[] => [
      ...Array.from({ length: healthy }, () => nodeOf("True")),
      ...Array.from({ length: sick }, () => nodeOf("Unknown")),
    ];
    expect([zoneState(nodes(0, 3)), zoneState(nodes(4, 5)), zoneState(nodes(5, 4)), zoneState(nodes(1, 2))]).toEqual([
      "FullDisruption",
      "PartialDisruption",
      "Normal",
      "Normal",
    ]);
    expect([
      evictionsPerSecond("Normal", 10),
      evictionsPerSecond("PartialDisruption", 10),
      evictionsPerSecond("PartialDisruption", 51),
    ]).toEqual([0.1, 0, 0.01]);
    const budget = new EvictionBudget(0);
    expect([0, 1, 5000, 10_000, 15_000].map((atMs) => budget.take(0.1, atMs))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});

describe("eviction by taint", () => {
  const taint = { key: "node.kubernetes.io/unreachable", effect: "NoExecute" };
  const at = (...tolerations: Toleration[]) => evictionAtMs(tolerations, [taint], () => 1000);

  it("is at once without a toleration, never with one for ever, and after its seconds otherwise", () => {
    expect(at()).toBe(1000);
    expect(at({ operator: "Exists" })).toBeUndefined();
    expect(at({ key: taint.key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 })).toBe(301_000);
    expect(
      at({ key: taint.key, operator: "Exists", tolerationSeconds: 300 }, { operator: "Exists", tolerationSeconds: 10 }),
    ).toBe(11_000);
    expect(at({ key: taint.key, value: "x", tolerationSeconds: 300 })).toBe(1000);
    expect(at({ key: taint.key, effect: "NoSchedule", operator: "Exists" })).toBe(1000);
  });
});
