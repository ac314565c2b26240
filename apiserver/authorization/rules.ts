/**
 * One RBAC rule, compiled for matching (upstream: `pkg/apis/rbac/v1/evaluation_helpers.go`). A set that is missing
 * stands for everything (`*`).
 */
import type { PolicyRule } from "../../shared/api/generated/rbac/v1.ts";

export interface CompiledRule {
  readonly verbs: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
  /** `pods`, `pods/log`, and `scale` of anything. */
  readonly resources: ReadonlySet<string> | undefined;
  /** Missing: any name. Unlike the others, an empty list in the rule means that too. */
  readonly names: ReadonlySet<string> | undefined;
  readonly paths: readonly string[];
}

const ALL = "*";

function setOf(values: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return values?.includes(ALL) === true ? undefined : new Set(values);
}

export function compileRule(rule: PolicyRule): CompiledRule {
  const names = rule.resourceNames ?? [];
  return {
    verbs: setOf(rule.verbs),
    groups: setOf(rule.apiGroups),
    resources: setOf(rule.resources),
    names: names.length === 0 ? undefined : new Set(names),
    paths: rule.nonResourceURLs ?? [],
  };
}

export interface RequestedResource {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
}

/** Whether the rule covers the request when the name of the object is left aside. */
export function coversResource(rule: CompiledRule, requested: RequestedResource): boolean {
  if (rule.verbs !== undefined && !rule.verbs.has(requested.verb)) return false;
  if (rule.groups !== undefined && !rule.groups.has(requested.group)) return false;
  if (rule.resources === undefined) return true;
  const { resource, subresource } = requested;
  if (subresource === "") return rule.resources.has(resource);
  return rule.resources.has(`${resource}/${subresource}`) || rule.resources.has(`*/${subresource}`);
}

/** Whether the rule allows that verb on a path such as `/healthz/etcd`; `/healthz/*` covers it. */
export function coversPath(rule: CompiledRule, verb: string, path: string): boolean {
  if (rule.verbs !== undefined && !rule.verbs.has(verb)) return false;
  return rule.paths.some((pattern) =>
    pattern.endsWith(ALL) ? path.startsWith(pattern.slice(0, -1)) : pattern === path,
  );
}
