/** Whether rules give no more than others do (upstream: `component-helpers/auth/rbac/validation/rule_coverage.go`). Pure. */
import type { PolicyRule } from "../../shared/api/generated/rbac/v1.ts";

const ALL = "*";

/** A rule of one verb on one kind (and at most one name), or on one path. */
interface Grain {
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly path?: string;
}

function grainsOf(rule: PolicyRule): Grain[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const names: readonly { name?: string }[] =
    resourceNames.length === 0 ? [{}] : resourceNames.map((name) => ({ name }));
  return verbs.flatMap((verb) => [
    ...nonResourceURLs.map((path) => ({ verb, path })),
    ...apiGroups.flatMap((group) =>
      resources.flatMap((resource) => names.map((named) => ({ verb, group, resource, ...named }))),
    ),
  ]);
}

const has = (values: readonly string[] | undefined, wanted: string): boolean =>
  values?.includes(ALL) === true || values?.includes(wanted) === true;

function hasResource(values: readonly string[] | undefined, wanted: string): boolean {
  const at = wanted.indexOf("/");
  return has(values, wanted) || (at >= 0 && values?.includes(`*${wanted.slice(at)}`) === true);
}

function hasPath(values: readonly string[] | undefined, wanted: string): boolean {
  return (values ?? []).some(
    (path) => path === wanted || (path.endsWith(ALL) && wanted.startsWith(path.slice(0, -ALL.length))),
  );
}

function coversGrain(rule: PolicyRule, { verb, group, resource, name, path }: Grain): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (path !== undefined) return hasPath(rule.nonResourceURLs, path);
  const names = rule.resourceNames ?? [];
  const isNamed = names.length === 0 || (name !== undefined && names.includes(name));
  return isNamed && has(rule.apiGroups, group ?? "") && hasResource(rule.resources, resource ?? "");
}

const quoted = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;

/** As Go prints such a rule, with all verbs of one thing together. */
function describe(grains: readonly Grain[]): string {
  const [first] = grains;
  if (first === undefined) return "";
  const { group, resource, name, path } = first;
  const parts = [
    ...(group === undefined ? [] : [`APIGroups:${quoted([group])}`]),
    ...(resource === undefined ? [] : [`Resources:${quoted([resource])}`]),
    ...(path === undefined ? [] : [`NonResourceURLs:${quoted([path])}`]),
    ...(name === undefined ? [] : [`ResourceNames:${quoted([name])}`]),
    `Verbs:${quoted([...new Set(grains.map((grain) => grain.verb))])}`,
  ];
  return `{${parts.join(", ")}}`;
}

/** What `wanted` gives and `held` does not, a line per thing; empty when all of it is covered. */
export function missingRights(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): string[] {
  const missing = wanted.flatMap(grainsOf).filter((grain) => !held.some((rule) => coversGrain(rule, grain)));
  const byThing = Map.groupBy(missing, ({ verb: _verb, ...thing }) => JSON.stringify(thing));
  return [...byThing.values()].map(describe).toSorted();
}
