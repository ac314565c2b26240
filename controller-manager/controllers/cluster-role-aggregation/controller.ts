/**
 * Fills ClusterRoles that are made of others (`aggregationRule`): their rules are those of all roles that the
 * selectors match (upstream: `pkg/controller/clusterroleaggregation`).
 */
import type { ClusterRole, PolicyRule } from "../../../shared/api/generated/rbac/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { selectorOf } from "../../../shared/machinery/label-selector.ts";
import { clusterRoles } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { defineController } from "../../runtime/define-controller.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";
import type { RunnableController } from "../../runtime/services.ts";

type Roles = { readonly clusterRoles: typeof clusterRoles };

/** The rules of the matching roles: selector by selector, each by name, every rule once. */
function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const labelSelector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selector = selectorOf(labelSelector);
    const matching = all
      .filter((one) => one.metadata.name !== role.metadata.name && selector.matches(one.metadata.labels))
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    for (const rule of matching.flatMap((one) => one.rules ?? [])) {
      if (!rules.some((present) => deepEqual(present, rule))) rules.push(rule);
    }
  }
  return rules;
}

export function planAggregation(role: ClusterRole, world: World<ClusterRole, Roles>): Plan<ClusterRole, Roles> {
  if (role.aggregationRule === undefined || role.metadata.deletionTimestamp !== undefined) return { actions: [] };
  const rules = aggregatedRules(role, world.clusterRoles.list());
  if (deepEqual(rules, role.rules ?? [])) return { actions: [] };
  return { actions: [{ verb: "update", resource: "clusterRoles", object: { ...role, rules } }] };
}

const declared = defineController({
  name: "clusterrole-aggregation-controller",
  queueName: "ClusterRoleAggregator",
  reconciles: clusterRoles,
  reads: { clusterRoles },
  writes: { clusterRoles },
  // Any role may be a part of any aggregated one.
  triggers: [{ on: "clusterRoles", keys: (_role, world) => world.self.list().flatMap(aggregatedKey) }],
  writesStatus: false,
  reconcile: planAggregation,
});

/** Writing rules is granting them, which needs a right of its own. */
const ESCALATE: PolicyRule = { apiGroups: [clusterRoles.group], resources: [clusterRoles.plural], verbs: ["escalate"] };

export const clusterRoleAggregation: RunnableController = {
  ...declared,
  grants: { ...declared.grants, rules: [...declared.grants.rules, ESCALATE] },
};

function aggregatedKey(role: ClusterRole): string[] {
  return role.aggregationRule === undefined ? [] : [objectKey(role)];
}
