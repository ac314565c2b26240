import { rulesOf } from "../../../test/support/kind-rules.ts";
import { podDisruptionBudgetStrategy } from "./pod-disruption-budget.ts";

type Fields = Record<string, unknown>;

const rules = rulesOf(podDisruptionBudgetStrategy);
const budget = (spec: Fields, status?: Fields): object => ({ spec, ...(status === undefined ? {} : { status }) });
const NEGATIVE = "must be greater than or equal to 0";

describe("a disruption budget", () => {
  it.each<[Fields]>([
    [{}],
    [{ minAvailable: 1, selector: {} }],
    [{ maxUnavailable: "100%" }],
    [{ minAvailable: "0%", unhealthyPodEvictionPolicy: "AlwaysAllow" }],
  ])("may be %j", (spec) => {
    expect(rules.creation(budget(spec))).toEqual([]);
    expect(rules.change(budget({ minAvailable: 5 }), budget(spec))).toEqual([]);
  });

  it.each<[Fields, string]>([
    [
      { minAvailable: 1, maxUnavailable: 1 },
      'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
    ],
    [{ minAvailable: -1 }, `spec.minAvailable: Invalid value: -1: ${NEGATIVE}`],
    [
      { minAvailable: "some" },
      "spec.minAvailable: Invalid value: \"some\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
    [{ maxUnavailable: "101%" }, 'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    [
      { selector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] } },
      "spec.selector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    ],
    [
      { unhealthyPodEvictionPolicy: "Never" },
      'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ],
  ])("may not be %j", (spec, problem) => {
    expect(rules.creation(budget(spec))).toEqual([problem]);
  });

  it("keeps spec and status apart", () => {
    const counts = (disruptionsAllowed: number): Fields => ({
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
      disruptionsAllowed,
    });
    const [before, after] = [budget({ minAvailable: 1 }, counts(1)), budget({ minAvailable: 2 }, counts(2))];
    expect(rules.created(after)).toMatchObject({ status: counts(0) });
    expect(rules.changed(before, after)).toMatchObject({ spec: { minAvailable: 2 }, status: counts(1) });
    expect(rules.changed(before, after, "status")).toMatchObject({ spec: { minAvailable: 1 }, status: counts(2) });
  });

  it.each(["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"])(
    "does not count %s below none",
    (name) => {
      expect(rules.change(budget({}), budget({}, { [name]: -1 }), "status")).toEqual([
        `status.${name}: Invalid value: -1: ${NEGATIVE}`,
      ]);
    },
  );

  it("has conditions that are whole", () => {
    const conditions = [
      {
        type: "DisruptionAllowed",
        status: "Maybe",
        reason: "A",
        message: "",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ];
    expect(rules.change(budget({}), budget({}, { conditions }), "status")).toEqual([
      'status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
    ]);
  });
});
