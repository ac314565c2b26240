/**
 * Who was granted what, ready for look-ups by user and group (upstream: `pkg/registry/rbac/validation/rule.go`).
 *
 * P1  A snapshot is built on the first use after any of the four RBAC resources changed and is never changed then;
 *     everything that is derived from one (decisions of a user) must not outlive it.
 * P2  What is made of a role or a binding is made once per object: the reader hands out the same object until it changes.
 * P3  The rules of an aggregated ClusterRole are those of the roles that its selectors match, besides its own: no
 *     controller has to write them first.
 *
 * It does not decide: that is `rbac.ts`.
 */
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  RoleBinding,
  RoleRef,
  Subject,
} from "../../shared/api/generated/rbac/v1.ts";
import { type Selector, selectorOf } from "../../shared/machinery/label-selector.ts";
import { LabelSelectorError } from "../../shared/machinery/label-syntax.ts";
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "../../shared/resources/catalog.ts";
import type { UserInfo } from "../authentication/user.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import { type CompiledRule, compileRule } from "./rules.ts";

/** One subject of one binding, with the role it gives. */
export interface Grant {
  readonly role: ResolvedRole;
  /** For audit and SubjectAccessReview: which binding gave which role to which subject. */
  readonly reason: string;
}

export interface ResolvedRole {
  readonly rules: readonly PolicyRule[];
  readonly compiled: readonly CompiledRule[];
  /** Set when the role does not exist. */
  readonly error: string | undefined;
}

export interface PolicySnapshot {
  /** Cluster-wide grants of that user, then those in `namespace` (none for an empty one). */
  grantsFor(user: UserInfo, namespace: string): readonly Grant[];
  /** The role that a binding in `namespace` (or a cluster-wide one) refers to. */
  roleOf(roleRef: RoleRef, namespace: string): ResolvedRole;
}

export interface PolicyIndex {
  /** The snapshot of now. A different object means that something may have changed. */
  current(): PolicySnapshot;
}

type GrantTable = Map<string, Grant[]>;

const compiledByRules = new WeakMap<readonly PolicyRule[], readonly CompiledRule[]>();
const NO_RULES: readonly PolicyRule[] = [];

function compiled(rules: readonly PolicyRule[]): readonly CompiledRule[] {
  let known = compiledByRules.get(rules);
  if (known === undefined) {
    known = rules.map(compileRule);
    compiledByRules.set(rules, known);
  }
  return known;
}

/** Name under which a subject is looked up; `defaultNamespace` is that of the RoleBinding. */
function subjectKey(subject: Subject, defaultNamespace: string): string {
  switch (subject.kind) {
    case "Group":
      return `g:${subject.name}`;
    case "ServiceAccount":
      return `u:system:serviceaccount:${subject.namespace ?? defaultNamespace}:${subject.name}`;
    default:
      return `u:${subject.name}`;
  }
}

function describeSubject(subject: Subject): string {
  return subject.kind === "ServiceAccount"
    ? `ServiceAccount ${JSON.stringify(`${subject.name}/${subject.namespace ?? ""}`)}`
    : `${subject.kind} ${JSON.stringify(subject.name)}`;
}

function add(table: GrantTable, key: string, grant: Grant): void {
  const grants = table.get(key);
  if (grants === undefined) table.set(key, [grant]);
  else grants.push(grant);
}

/** A selector that makes no sense selects nothing: one bad role must not stop authorization. */
function aggregationSelectors(role: ClusterRole): Selector[] {
  return (role.aggregationRule?.clusterRoleSelectors ?? []).flatMap((selector) => {
    try {
      return [selectorOf(selector)];
    } catch (error) {
      if (error instanceof LabelSelectorError) return [];
      throw error;
    }
  });
}

/** Adds the rules of everything that `role` aggregates, each role once however the selectors circle. */
function collectRules(role: ClusterRole, all: readonly ClusterRole[], seen: Set<string>, into: PolicyRule[]): void {
  if (seen.has(role.metadata.name)) return;
  seen.add(role.metadata.name);
  into.push(...(role.rules ?? []));
  for (const selector of aggregationSelectors(role)) {
    for (const other of all) if (selector.matches(other.metadata.labels)) collectRules(other, all, seen, into);
  }
}

function resolveClusterRole(reader: ObjectReader, name: string): ResolvedRole {
  const role = reader.get(clusterRoles, undefined, name);
  if (role === undefined) {
    return {
      rules: [],
      compiled: [],
      error: `clusterrole.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`,
    };
  }
  if (role.aggregationRule === undefined) {
    const rules = role.rules ?? NO_RULES;
    return { rules, compiled: compiled(rules), error: undefined };
  }
  const rules: PolicyRule[] = [];
  collectRules(role, reader.list(clusterRoles), new Set(), rules);
  return { rules, compiled: compiled(rules), error: undefined };
}

function resolveRole(reader: ObjectReader, namespace: string, name: string): ResolvedRole {
  const role = reader.get(roles, namespace, name);
  if (role === undefined) {
    return { rules: [], compiled: [], error: `role.rbac.authorization.k8s.io ${JSON.stringify(name)} not found` };
  }
  const rules = role.rules ?? NO_RULES;
  return { rules, compiled: compiled(rules), error: undefined };
}

/** Looks each role up once for a snapshot. */
function roleResolver(reader: ObjectReader): (ref: RoleRef, namespace: string) => ResolvedRole {
  const known = new Map<string, ResolvedRole>();
  return (ref, namespace) => {
    const key = ref.kind === "ClusterRole" ? `/${ref.name}` : `${namespace}/${ref.name}`;
    let role = known.get(key);
    if (role === undefined) {
      role =
        ref.kind === "ClusterRole" ? resolveClusterRole(reader, ref.name) : resolveRole(reader, namespace, ref.name);
      known.set(key, role);
    }
    return role;
  };
}

interface BoundSubject {
  readonly key: string;
  readonly reason: string;
}

const subjectsByBinding = new WeakMap<ClusterRoleBinding | RoleBinding, readonly BoundSubject[]>();

/** Look-up keys and reasons of a binding, made once per binding object (P2). `namespace` is empty for cluster-wide ones. */
function boundSubjects(binding: ClusterRoleBinding | RoleBinding, namespace: string): readonly BoundSubject[] {
  const known = subjectsByBinding.get(binding);
  if (known !== undefined) return known;
  const { roleRef, metadata } = binding;
  const kind = namespace === "" ? "ClusterRoleBinding" : "RoleBinding";
  const name = namespace === "" ? metadata.name : `${metadata.name}/${namespace}`;
  const head = `${kind} ${JSON.stringify(name)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to`;
  const bound = (binding.subjects ?? []).map((subject) => ({
    key: subjectKey(subject, namespace),
    reason: `${head} ${describeSubject(subject)}`,
  }));
  subjectsByBinding.set(binding, bound);
  return bound;
}

function buildSnapshot(reader: ObjectReader): PolicySnapshot {
  const resolve = roleResolver(reader);
  const clusterWide: GrantTable = new Map();
  const byNamespace = new Map<string, GrantTable>();
  const addAll = (table: GrantTable, binding: ClusterRoleBinding | RoleBinding, namespace: string): void => {
    const role = resolve(binding.roleRef, namespace);
    for (const { key, reason } of boundSubjects(binding, namespace)) add(table, key, { role, reason });
  };
  for (const binding of reader.list(clusterRoleBindings)) addAll(clusterWide, binding, "");
  for (const binding of reader.list(roleBindings)) {
    const namespace = binding.metadata.namespace ?? "";
    const table = byNamespace.get(namespace) ?? new Map<string, Grant[]>();
    byNamespace.set(namespace, table);
    addAll(table, binding, namespace);
  }
  return {
    roleOf: resolve,
    grantsFor: (user, namespace) => {
      const tables = [clusterWide, namespace === "" ? undefined : byNamespace.get(namespace)];
      const keys = [`u:${user.name}`, ...user.groups.map((group) => `g:${group}`)];
      return tables.flatMap((table) => (table === undefined ? [] : keys.flatMap((key) => table.get(key) ?? [])));
    },
  };
}

/** Follows the reader's RBAC objects for as long as the process lives. */
export function createPolicyIndex(reader: ObjectReader): PolicyIndex {
  let snapshot: PolicySnapshot | undefined;
  const forget = (): void => {
    snapshot = undefined;
  };
  reader.onChange(roles, forget);
  reader.onChange(roleBindings, forget);
  reader.onChange(clusterRoles, forget);
  reader.onChange(clusterRoleBindings, forget);
  return { current: () => (snapshot ??= buildSnapshot(reader)) };
}
