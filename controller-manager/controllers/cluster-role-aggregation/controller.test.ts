import type { ClusterRole, PolicyRule } from "../../../shared/api/generated/rbac/v1.ts";
import { PlanWorld } from "../../../test/support/plan-world.ts";
import { planAggregation } from "./controller.ts";

const may = (verb: string): PolicyRule => ({ apiGroups: [""], resources: ["pods"], verbs: [verb] });

function world(...roles: ClusterRole[]): {
  settle(): void;
  rulesOf(name: string): PolicyRule[] | undefined;
  writes: number;
} {
  const all = new PlanWorld();
  const store = all.store<ClusterRole>("clusterRoles");
  for (const role of roles) store.put(role);
  const lister = { list: () => roles.map((role) => store.getByKey(role.metadata.name) ?? role) };
  const counted = {
    writes: 0,
    rulesOf: (name: string) => store.getByKey(name)?.rules,
    settle: () => {
      for (const role of lister.list()) {
        const { actions } = planAggregation(role, { clusterRoles: lister, self: lister } as never);
        counted.writes += actions.length;
        all.apply(actions);
      }
    },
  };
  return counted;
}

const aggregated = (name: string, label: string, rules?: PolicyRule[]): ClusterRole => ({
  metadata: { name },
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label]: "true" } }] },
  ...(rules === undefined ? {} : { rules }),
});
const part = (name: string, label: string, rules: PolicyRule[]): ClusterRole => ({
  metadata: { name, labels: { [label]: "true" } },
  rules,
});

describe("an aggregated ClusterRole", () => {
  it("gets the rules of the roles that it selects, by name and each once", () => {
    const roles = world(
      aggregated("sum", "to-sum"),
      part("b", "to-sum", [may("get"), may("list")]),
      part("a", "to-sum", [may("list"), may("watch")]),
      part("other", "to-other", [may("delete")]),
    );
    roles.settle();
    expect(roles.rulesOf("sum")).toEqual([may("list"), may("watch"), may("get")]);
    roles.settle();
    expect(roles.writes).toBe(1);
  });

  it("loses rules that no role has any more, and never counts itself", () => {
    const self = aggregated("sum", "to-sum", [may("delete")]);
    self.metadata.labels = { "to-sum": "true" };
    const roles = world(self, part("a", "to-sum", [may("get")]));
    roles.settle();
    expect(roles.rulesOf("sum")).toEqual([may("get")]);
  });

  it("leaves roles with rules of their own alone", () => {
    const roles = world(part("a", "to-sum", [may("get")]));
    roles.settle();
    expect(roles.writes).toBe(0);
  });
});
