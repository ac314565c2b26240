/**
 * Brings stored RBAC objects up to the built-in policy (upstream: `component-helpers/auth/rbac/reconciliation`): missing rules and
 * subjects are added, nothing is taken away, and objects with `autoupdate: "false"` are left alone. Pure.
 */
import type { PolicyRule, Subject } from "../../shared/api/generated/rbac/v1.ts";
import { type CompiledRule, compileRule, coversResource } from "../authorization/rules.ts";

const AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate";

interface Labelled {
  metadata: { labels?: Record<string, string> | undefined; annotations?: Record<string, string> | undefined };
}

export function isUpdatable(present: Labelled): boolean {
  return present.metadata.annotations?.[AUTOUPDATE] !== "false";
}

/** Whether the `present` rules allow everything that `wanted` does. */
function isCovered(present: readonly CompiledRule[], wanted: PolicyRule): boolean {
  return atoms(wanted).every((atom) => present.some((rule) => coversAtom(rule, atom)));
}

/** One verb on one resource of one group (or on one path) of a rule. */
type Atom =
  | { readonly path: string; readonly verb: string }
  | {
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly name: string;
    };

function atoms(rule: PolicyRule): Atom[] {
  const names = rule.resourceNames ?? [];
  return rule.verbs.flatMap((verb) => [
    ...(rule.nonResourceURLs ?? []).map((path): Atom => ({ path, verb })),
    ...(rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((full) => {
        const [resource = "", subresource = ""] = full.split("/");
        return (names.length === 0 ? [""] : names).map((name): Atom => ({ verb, group, resource, subresource, name }));
      }),
    ),
  ]);
}

function coversAtom(rule: CompiledRule, atom: Atom): boolean {
  if ("path" in atom) {
    const hasVerb = rule.verbs === undefined || rule.verbs.has(atom.verb);
    return hasVerb && rule.paths.some((pattern) => pattern === atom.path || pattern === "*");
  }
  return coversResource(rule, atom) && (rule.names === undefined || rule.names.has(atom.name));
}

/** The rules to store, or nothing when the present ones allow everything that is wanted. */
export function mergeRules(present: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] | undefined {
  const compiled = present.map(compileRule);
  const missing = wanted.filter((rule) => !isCovered(compiled, rule));
  return missing.length === 0 ? undefined : [...present, ...missing];
}

function isSameSubject(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? "") === (b.namespace ?? "");
}

export function mergeSubjects(present: readonly Subject[], wanted: readonly Subject[]): Subject[] | undefined {
  const missing = wanted.filter((subject) => !present.some((known) => isSameSubject(known, subject)));
  return missing.length === 0 ? undefined : [...present, ...missing];
}

/** The labels to store, or nothing when all that are wanted are there. */
export function mergeLabels(present: Labelled, wanted: Labelled): Record<string, string> | undefined {
  const labels = present.metadata.labels ?? {};
  const missing = Object.entries(wanted.metadata.labels ?? {}).filter(([key, value]) => labels[key] !== value);
  return missing.length === 0 ? undefined : { ...labels, ...Object.fromEntries(missing) };
}
