/**
 * Nobody grants what they do not hold themselves, unless they may `escalate` (roles) or `bind` (bindings). Upstream
 * does this in the storage of the RBAC kinds (`pkg/registry/rbac`, the `policybased` packages), so it cannot be switched off.
 */
import type { ClusterRole, PolicyRule, RoleBinding, RoleRef } from "../../shared/api/generated/rbac/v1.ts";
import { notFound } from "../../shared/errors/status-error.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "../../shared/resources/catalog.ts";
import { SUPERUSER_GROUP } from "../authentication/user.ts";
import { missingRights } from "../authorization/covers.ts";
import type { RbacAuthorizer } from "../authorization/rbac.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { isAbout, refuse } from "./refusal.ts";

const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
  { nonResourceURLs: ["*"], verbs: ["*"] },
];

export function privilegeEscalation(authorizer: RbacAuthorizer): AdmissionPlugin {
  const may = ({ user, namespace }: AdmissionRequest, verb: string, resource: string, name: string): boolean =>
    authorizer.authorize(user, {
      kind: "resource",
      verb,
      group: roles.group,
      version: roles.version,
      resource,
      subresource: "",
      namespace,
      name,
    }).isAllowed;

  const confirmHolds = (request: AdmissionRequest, wanted: readonly PolicyRule[]): void => {
    const { user, namespace } = request;
    const held = authorizer.rulesFor(user, namespace);
    const missing = missingRights(held.rules, wanted);
    if (missing.length === 0) return;
    const groups = `[${user.groups.map((group) => JSON.stringify(group)).join(" ")}]`;
    const why = `user ${JSON.stringify(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:`;
    const errors = held.errors.length === 0 ? "" : `; resolution errors: [${held.errors.join(", ")}]`;
    throw refuse(request, `${why}\n${missing.join("\n")}${errors}`);
  };

  const checkRole = (request: AdmissionRequest): void => {
    const next = request.object as ClusterRole;
    const before = request.oldObject as ClusterRole | undefined;
    const isSame = deepEqual(next.rules ?? [], before?.rules ?? []);
    const isSameSum = deepEqual(next.aggregationRule, before?.aggregationRule);
    if (isSame && isSameSum) return;
    if (may(request, "escalate", request.resource.plural, next.metadata.name)) return;
    if (!isSame) confirmHolds(request, next.rules ?? []);
    // Whatever will be labelled so counts: that can be anything.
    if (!isSameSum && next.aggregationRule !== undefined) confirmHolds(request, EVERYTHING);
  };

  const checkBinding = (request: AdmissionRequest): void => {
    const next = request.object as RoleBinding;
    const before = request.oldObject as RoleBinding | undefined;
    if (deepEqual(next.roleRef, before?.roleRef) && deepEqual(next.subjects ?? [], before?.subjects ?? [])) return;
    const plural = next.roleRef.kind === roles.kind ? roles.plural : clusterRoles.plural;
    if (may(request, "bind", plural, next.roleRef.name)) return;
    confirmHolds(request, rulesOf(request, next.roleRef));
  };

  const rulesOf = ({ namespace }: AdmissionRequest, roleRef: RoleRef): readonly PolicyRule[] => {
    const role = authorizer.roleOf(roleRef, namespace);
    if (role.error !== undefined) throw notFound(roleRef.kind === roles.kind ? roles : clusterRoles, roleRef.name);
    return role.rules;
  };

  return {
    name: "RBACPrivilegeEscalation",
    validate: (request) => {
      const isWrite = request.operation === "CREATE" || request.operation === "UPDATE";
      if (!isWrite || request.object === undefined || request.user.groups.includes(SUPERUSER_GROUP)) return;
      if (isAbout(request, roles) || isAbout(request, clusterRoles)) checkRole(request);
      if (isAbout(request, roleBindings) || isAbout(request, clusterRoleBindings)) checkBinding(request);
    },
  };
}
