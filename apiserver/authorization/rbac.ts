/**
 * RBAC (upstream: `plugin/pkg/auth/authorizer/rbac/rbac.go`): every request passes here, so decisions are remembered
 * per user object. Authentication hands out the same `UserInfo` for the same connection or token.
 *
 * R1  Members of `system:masters` may do everything, whatever the policy says.
 * R2  A remembered decision belongs to one policy snapshot and is dropped with it.
 * R3  What depends on the object's name is remembered as the rules that name objects, never per name: the size of
 *     the memory does not grow with the number of objects.
 */
import type { PolicyRule, RoleRef } from "../../shared/api/generated/rbac/v1.ts";
import { SUPERUSER_GROUP, type UserInfo } from "../authentication/user.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from "./authorizer.ts";
import { createPolicyIndex, type Grant, type PolicySnapshot, type ResolvedRole } from "./policy-index.ts";
import { coversPath, coversResource } from "./rules.ts";

/** Everything a user may do somewhere, for SelfSubjectRulesReview and the escalation check. */
export interface UserRules {
  readonly rules: readonly PolicyRule[];
  /** Roles that could not be found, and authorizers that cannot list what they allow. */
  readonly errors: readonly string[];
  /** True when the user may do more than these rules say. */
  readonly isIncomplete: boolean;
}

export interface RbacAuthorizer extends Authorizer {
  /** Cluster-wide rules and those of `namespace`; an empty one asks for the cluster-wide ones only. */
  rulesFor(user: UserInfo, namespace: string): UserRules;
  /** The role that a binding in `namespace` (or a cluster-wide one) refers to. */
  roleOf(roleRef: RoleRef, namespace: string): ResolvedRole;
}

interface NamedGrant {
  readonly names: ReadonlySet<string>;
  readonly decision: AuthorizationDecision;
}

/** What is known about a kind of request before its object's name is looked at. */
interface Verdict {
  readonly named: readonly NamedGrant[];
  readonly otherwise: AuthorizationDecision;
}

interface UserMemory {
  readonly snapshot: PolicySnapshot;
  readonly verdicts: Map<string, Verdict>;
}

/** Kinds of request remembered per user before the memory is emptied: a controller asks for about 200. */
const VERDICTS_PER_USER_MAX = 2048;

const SUPERUSER: AuthorizationDecision = { isAllowed: true, reason: "" };

function allowedBy(grant: Grant): AuthorizationDecision {
  return { isAllowed: true, reason: `RBAC: allowed by ${grant.reason}` };
}

function deniedAmong(grants: readonly Grant[]): AuthorizationDecision {
  const errors = [...new Set(grants.flatMap((grant) => grant.role.error ?? []))];
  if (errors.length === 0) return { isAllowed: false, reason: "" };
  return { isAllowed: false, reason: `RBAC: ${errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`}` };
}

function judgeResource(
  snapshot: PolicySnapshot,
  user: UserInfo,
  attributes: Extract<AuthorizationAttributes, { kind: "resource" }>,
): Verdict {
  const grants = snapshot.grantsFor(user, attributes.namespace);
  const named: NamedGrant[] = [];
  for (const grant of grants) {
    for (const rule of grant.role.compiled) {
      if (!coversResource(rule, attributes)) continue;
      if (rule.names === undefined) return { named, otherwise: allowedBy(grant) };
      named.push({ names: rule.names, decision: allowedBy(grant) });
    }
  }
  return { named, otherwise: deniedAmong(grants) };
}

function judgePath(snapshot: PolicySnapshot, user: UserInfo, verb: string, path: string): Verdict {
  const grants = snapshot.grantsFor(user, "");
  const grant = grants.find(({ role }) => role.compiled.some((rule) => coversPath(rule, verb, path)));
  return { named: [], otherwise: grant === undefined ? deniedAmong(grants) : allowedBy(grant) };
}

function keyOf(attributes: AuthorizationAttributes): string {
  if (attributes.kind === "path") return `${attributes.verb} ${attributes.path}`;
  const { verb, group, resource, subresource, namespace } = attributes;
  return `${verb} ${group}\n${resource}\n${subresource}\n${namespace}`;
}

function judge(snapshot: PolicySnapshot, user: UserInfo, attributes: AuthorizationAttributes): Verdict {
  return attributes.kind === "path"
    ? judgePath(snapshot, user, attributes.verb, attributes.path)
    : judgeResource(snapshot, user, attributes);
}

function decide(verdict: Verdict, name: string): AuthorizationDecision {
  return verdict.named.find((grant) => grant.names.has(name))?.decision ?? verdict.otherwise;
}

/** Evaluates the roles and bindings that `reader` shows. */
export function createRbacAuthorizer(reader: ObjectReader): RbacAuthorizer {
  const index = createPolicyIndex(reader);
  const memories = new WeakMap<UserInfo, UserMemory>();

  const verdictsOf = (user: UserInfo, snapshot: PolicySnapshot): Map<string, Verdict> => {
    const known = memories.get(user);
    if (known?.snapshot === snapshot && known.verdicts.size < VERDICTS_PER_USER_MAX) return known.verdicts;
    const verdicts = new Map<string, Verdict>();
    memories.set(user, { snapshot, verdicts });
    return verdicts;
  };

  return {
    authorize: (user, attributes) => {
      if (user.groups.includes(SUPERUSER_GROUP)) return SUPERUSER;
      const snapshot = index.current();
      const verdicts = verdictsOf(user, snapshot);
      const key = keyOf(attributes);
      let verdict = verdicts.get(key);
      if (verdict === undefined) {
        verdict = judge(snapshot, user, attributes);
        verdicts.set(key, verdict);
      }
      return decide(verdict, attributes.kind === "resource" ? attributes.name : "");
    },
    roleOf: (roleRef, namespace) => index.current().roleOf(roleRef, namespace),
    rulesFor: (user, namespace) => {
      const grants = index.current().grantsFor(user, namespace);
      return {
        rules: grants.flatMap((grant) => grant.role.rules),
        errors: [...new Set(grants.flatMap((grant) => grant.role.error ?? []))],
        isIncomplete: false,
      };
    },
  };
}
