import { rulesOf } from "../../../test/support/kind-rules.ts";
import { leaseStrategy } from "./lease.ts";

type Part = Record<string, unknown>;

const rules = rulesOf(leaseStrategy);
const lease = (spec: Part): Part => ({ spec });

describe("the rules of leases", () => {
  it.each<[string, Part, unknown[]]>([
    [
      "no time at all",
      { leaseDurationSeconds: 0 },
      ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"],
    ],
    [
      "fewer than no transitions",
      { leaseTransitions: -1 },
      ["spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"],
    ],
  ])("refuse %s", (_, spec, problems) => {
    expect(rules.creation(lease(spec))).toEqual(problems);
  });

  it("look at a strategy that is stored", () => {
    const old = lease({ strategy: "OldestEmulationVersion", preferredHolder: "a" });
    expect(rules.change(old, lease({ strategy: "Mine" }))).toEqual([
      'spec.strategy.strategy: Unsupported value: "Mine": supported values: "OldestEmulationVersion"',
    ]);
    expect(rules.change(old, lease({ strategy: "example.com/mine" }))).toEqual([]);
    expect(rules.change(old, lease({ strategy: "a b/c" }))).toHaveLength(1);
    expect(rules.change(old, lease({ preferredHolder: "b" }))).toEqual([
      "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined",
    ]);
  });

  it("drop the fields of coordinated election unless they are stored", () => {
    const draft = lease({ strategy: "OldestEmulationVersion", preferredHolder: "a", holderIdentity: "b" });
    expect(rules.created(draft)).toMatchObject({ spec: { holderIdentity: "b" } });
    expect(rules.created(draft)).not.toHaveProperty("spec.strategy");
    expect(rules.changed(lease({}), draft)).not.toHaveProperty("spec.preferredHolder");
    expect(rules.changed(draft, draft)).toHaveProperty("spec.preferredHolder", "a");
  });
});
