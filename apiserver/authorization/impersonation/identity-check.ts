/**
 * Whether a requester may act as a user, part by part: name, uid, groups and extra fields each need a right
 * (apiserver `pkg/endpoints/filters/impersonation/mode.go`, impersonationModeState).
 */
import { NODE_USER_PREFIX, NODES_GROUP } from "../../authentication/node-identity.ts";
import { ALL_AUTHENTICATED, ANONYMOUS, SUPERUSER_GROUP, type UserInfo } from "../../authentication/user.ts";
import { domainPrefixedPathErrors } from "../../validation/domain-names.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";
import type { AuthorizationAttributes, Authorizer } from "../authorizer.ts";
import { forbiddenError } from "../forbidden.ts";

const AUTHENTICATION_GROUP = "authentication.k8s.io";
const UNAUTHENTICATED = "system:unauthenticated";
/** From so many questions of one kind on, one for all of them is tried first. */
const MANY_QUESTIONS = 4;

type ResourceAttributes = Extract<AuthorizationAttributes, { kind: "resource" }>;
export type Check = (attributes: AuthorizationAttributes) => void;

export interface IdentityRules {
  /** `impersonate`, or `impersonate:MODE`. */
  readonly verb: string;
  /** The rules of constrained impersonation (KEP-5284) are stricter, and name users and groups in a group of their own. */
  readonly isConstrained: boolean;
}

/** Throws 403 unless the authorizer allows it to the requester. */
export function createCheck(authorizer: Authorizer, requester: UserInfo): Check {
  return (attributes) => {
    const { isAllowed, reason } = authorizer.authorize(requester, attributes);
    if (!isAllowed) throw forbiddenError(requester, attributes, reason);
  };
}

/** Name of the node that a user name stands for. */
export function nodeOfName(userName: string): string | undefined {
  if (!userName.startsWith(NODE_USER_PREFIX)) return undefined;
  const name = userName.slice(NODE_USER_PREFIX.length);
  return dnsSubdomainProblems(name).length === 0 ? name : undefined;
}

/** The ServiceAccount that a user name stands for. */
export function accountOfName(userName: string): { readonly namespace: string; readonly name: string } | undefined {
  const [system, kind, namespace = "", name = "", ...more] = userName.split(":");
  if (system !== "system" || kind !== "serviceaccount" || more.length > 0) return undefined;
  const isGood = dnsLabelProblems(namespace).length === 0 && dnsSubdomainProblems(name).length === 0;
  return isGood ? { namespace, name } : undefined;
}

function asking(verb: string, group: string, resource: string, more: Partial<ResourceAttributes>): ResourceAttributes {
  return {
    kind: "resource",
    verb,
    group,
    version: "v1",
    resource,
    subresource: "",
    namespace: "",
    name: "",
    ...more,
  };
}

function nameAttributes({ verb, isConstrained }: IdentityRules, userName: string): ResourceAttributes {
  const group = isConstrained ? AUTHENTICATION_GROUP : "";
  const account = accountOfName(userName);
  if (account !== undefined) return asking(verb, group, "serviceaccounts", account);
  const node = isConstrained ? nodeOfName(userName) : undefined;
  return node === undefined
    ? asking(verb, group, "users", { name: userName })
    : asking(verb, group, "nodes", { name: node });
}

/** Asks one question for all of them when they are many, and each of them when that is refused or they are few. */
function checkAll(check: Check, all: ResourceAttributes | undefined, each: readonly ResourceAttributes[]): void {
  if (all !== undefined && each.length >= MANY_QUESTIONS) {
    try {
      return check(all);
    } catch {
      // Then each has to be allowed by itself.
    }
  }
  each.forEach(check);
}

function checkGroups(check: Check, rules: IdentityRules, requester: UserInfo, groups: readonly string[]): void {
  const { verb, isConstrained } = rules;
  const named = (name: string) => asking(verb, isConstrained ? AUTHENTICATION_GROUP : "", "groups", { name });
  if (isConstrained && groups.includes("")) {
    throw forbiddenError(requester, named(""), "impersonating the empty string group is not allowed");
  }
  if (isConstrained && groups.includes(SUPERUSER_GROUP)) {
    const why = `impersonating the ${SUPERUSER_GROUP} group is not allowed`;
    throw forbiddenError(requester, named(SUPERUSER_GROUP), why);
  }
  checkAll(check, isConstrained ? named("*") : undefined, groups.map(named));
}

function extraProblem(extra: UserInfo["extra"]): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    if (key === "") return "impersonating the empty string key in extra is not allowed";
    const errors = domainPrefixedPathErrors(key, "extra.key").map(({ field, detail }) => `${field}: ${detail}`);
    if (errors.length > 0) {
      const text = errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`;
      return `impersonating an invalid key in extra is not allowed: ${text}`;
    }
    if (key !== key.toLowerCase()) {
      return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`;
    }
    if (values.includes("")) return "impersonating the empty string value in extra is not allowed";
  }
  return undefined;
}

function checkExtra(check: Check, rules: IdentityRules, requester: UserInfo, extra: UserInfo["extra"]): void {
  const { verb, isConstrained } = rules;
  const named = (subresource: string, name: string) =>
    asking(verb, AUTHENTICATION_GROUP, "userextras", { subresource, name });
  const problem = isConstrained ? extraProblem(extra) : undefined;
  if (problem !== undefined) throw forbiddenError(requester, named("", ""), problem);
  const each = Object.entries(extra).flatMap(([key, values]) => values.map((value) => named(key, value)));
  checkAll(check, isConstrained ? named("*", "*") : undefined, each);
}

/** Nodes and ServiceAccounts have the groups that belong to them, unless the requester names others. */
function groupsOf({ name, groups }: UserInfo, isConstrained: boolean): string[] {
  const account = accountOfName(name);
  const own =
    account !== undefined && groups.length === 0
      ? ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`]
      : isConstrained && nodeOfName(name) !== undefined
        ? [NODES_GROUP]
        : groups;
  if (name === ANONYMOUS.name) return [...new Set([...own, UNAUTHENTICATED])];
  return own.includes(UNAUTHENTICATED) ? [...own] : [...new Set([...own, ALL_AUTHENTICATED])];
}

/** Whom the requester acts as from now on; throws the 403 of the first part that it may not have. */
export function checkIdentity(check: Check, rules: IdentityRules, requester: UserInfo, wanted: UserInfo): UserInfo {
  check(nameAttributes(rules, wanted.name));
  if (wanted.uid !== "") check(asking(rules.verb, AUTHENTICATION_GROUP, "uids", { name: wanted.uid }));
  checkGroups(check, rules, requester, wanted.groups);
  checkExtra(check, rules, requester, wanted.extra);
  return { ...wanted, groups: groupsOf(wanted, rules.isConstrained) };
}
