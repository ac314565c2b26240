import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { PodDisruptionBudget } from "../../../shared/api/generated/policy/v1.ts";
import { StatusError } from "../../../shared/errors/status-error.ts";
import { budgetsOf, isBeyondBudget, isUnhealthyAndFree, spendBudget } from "./disruption-budget.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

const DENIED = { type: "DisruptionAllowed", status: "False", lastTransitionTime: "2026-01-01T00:00:00Z" };

function pod(ready = true, phase = "Running"): Pod {
  return {
    metadata: { name: "p", namespace: "web", labels: { app: "web" } },
    spec: { containers: [] },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}
function budget(status: PodDisruptionBudget["status"], spec: PodDisruptionBudget["spec"] = {}): PodDisruptionBudget {
  return {
    metadata: { name: "b", generation: 2 },
    spec: { selector: { matchLabels: { app: "web" } }, ...spec },
    status,
  };
}
function refusalOf(act: () => unknown): StatusError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

describe("disruption budgets", () => {
  it("cover pods by selector, an empty one covering all with labels", () => {
    const all = budget({}, { selector: {} });
    const none: PodDisruptionBudget = { metadata: { name: "n" }, spec: {} };
    const other = budget({}, { selector: { matchLabels: { app: "db" } } });
    expect(budgetsOf(pod(), [all, none, other, budget({})])).toHaveLength(2);
    expect(budgetsOf({ metadata: { name: "bare" }, spec: { containers: [] } }, [all])).toEqual([]);
  });

  it("count down and name the pod", () => {
    const spent = spendBudget(budget({ observedGeneration: 2, disruptionsAllowed: 1 }), "p", NOW);
    expect(spent.status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { p: "2026-01-01T00:00:00Z" },
      conditions: [{ type: "DisruptionAllowed", status: "False", reason: "InsufficientPods" }],
    });
  });

  it("refuse with 429 and a cause when they are used up", () => {
    const used = budget({ observedGeneration: 2, disruptionsAllowed: 0, desiredHealthy: 3, currentHealthy: 3 });
    expect(refusalOf(() => spendBudget(used, "p", NOW))?.toStatus()).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      reason: "TooManyRequests",
      details: {
        causes: [
          { reason: "DisruptionBudget", message: "The disruption budget b needs 3 healthy pods and has 3 currently" },
        ],
      },
      code: 429,
    });
  });

  it.each<[string, PodDisruptionBudget["status"], string]>([
    [
      "could not be worked out",
      { conditions: [{ ...DENIED, reason: "SyncFailed", message: "no owner" }], desiredHealthy: 1 },
      "does not allow evicting pods currently because it failed sync: no owner",
    ],
    ["lacks pods", { desiredHealthy: 2, currentHealthy: 1 }, "needs 2 healthy pods and has 1 currently"],
    [
      "says why",
      { conditions: [{ ...DENIED, reason: "Odd", message: "because" }], currentHealthy: 2 },
      "does not allow evicting pods currently (Odd): because",
    ],
    ["does not say why", { currentHealthy: 2 }, "does not allow evicting pods currently"],
  ])("give a cause when one %s", (_, status, why) => {
    const refusal = refusalOf(() => spendBudget(budget({ observedGeneration: 2, ...status }), "p", NOW));
    expect(refusal?.details?.causes).toEqual([
      { reason: "DisruptionBudget", message: `The disruption budget b ${why}` },
    ]);
  });

  it.each<[PodDisruptionBudget["status"], string]>([
    [{ disruptionsAllowed: -1 }, "pdb disruptions allowed is negative"],
    [
      {
        disruptionsAllowed: 1,
        disruptedPods: Object.fromEntries(
          Array.from({ length: 2001 }, (_, index) => [`p${index}`, "2026-01-01T00:00:00Z"]),
        ),
      },
      "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
    ],
  ])("are forbidden ground when they are broken", (status, why) => {
    const refusal = refusalOf(() => spendBudget(budget({ observedGeneration: 2, ...status }), "p", NOW));
    expect(refusal?.code).toBe(403);
    expect(refusal?.message).toBe(`poddisruptionbudget.policy "b" is forbidden: ${why}`);
  });

  it("ask to come back while the controller has not seen them", () => {
    const refusal = refusalOf(() => spendBudget(budget({ observedGeneration: 1, disruptionsAllowed: 5 }), "p", NOW));
    expect(refusal?.details).toMatchObject({
      retryAfterSeconds: 10,
      causes: [{ message: "The disruption budget b is still being processed by the server." }],
    });
  });

  it("do not hold pods that do not serve", () => {
    expect([pod(true, "Succeeded"), pod(true, "Pending"), pod()].map(isBeyondBudget)).toEqual([true, true, false]);
    const healthy = { desiredHealthy: 2, currentHealthy: 2 };
    expect(isUnhealthyAndFree(pod(false), budget(healthy))).toBe(true);
    expect(isUnhealthyAndFree(pod(true), budget(healthy))).toBe(false);
    expect(isUnhealthyAndFree(pod(false), budget({ desiredHealthy: 2, currentHealthy: 1 }))).toBe(false);
    expect(
      isUnhealthyAndFree(
        pod(false),
        budget({ desiredHealthy: 2, currentHealthy: 1 }, { unhealthyPodEvictionPolicy: "AlwaysAllow" }),
      ),
    ).toBe(true);
  });
});
