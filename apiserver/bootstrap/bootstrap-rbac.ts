import { readFile } from "node:fs/promises";
import type { ClusterRoleBinding, PolicyRule, Subject } from "../../shared/api/generated/rbac/v1.ts";
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "../../shared/resources/catalog.ts";
import type { Registry } from "../registry/registry.ts";
import { ensureObject, runBounded } from "./ensure.ts";
import { clusterBindings, namespacedBindings, namespacedRoles } from "./policy-bindings.ts";
import { componentRoles } from "./policy-components.ts";
import { bindCluster, clusterRole, serviceAccount } from "./policy-rules.ts";
import { userRoles } from "./policy-users.ts";
import { isUpdatable, mergeLabels, mergeRules, mergeSubjects } from "./reconcile-rbac.ts";

const CONTROLLER_ROLES_FILE = new URL("../../shared/resources/controller-roles.json", import.meta.url);

const CONTROLLER_PREFIX = "system:controller:";

interface Role {
  metadata: { name: string; namespace?: string | undefined; labels?: Record<string, string> | undefined };
  rules?: PolicyRule[] | undefined;
}

function mergeRole<T extends Role>(present: T, wanted: Role): T | undefined {
  if (!isUpdatable(present)) return undefined;
  const rules = mergeRules(present.rules ?? [], wanted.rules ?? []);
  const labels = mergeLabels(present, wanted);
  if (rules === undefined && labels === undefined) return undefined;
  return {
    ...present,
    ...(rules === undefined ? {} : { rules }),
    ...(labels === undefined ? {} : { metadata: { ...present.metadata, labels } }),
  };
}

interface Binding extends Role {
  subjects?: Subject[] | undefined;
}

function mergeBinding<T extends Binding>(present: T, wanted: Binding): T | undefined {
  const subjects = isUpdatable(present) ? mergeSubjects(present.subjects ?? [], wanted.subjects ?? []) : undefined;
  return subjects === undefined ? undefined : { ...present, subjects };
}

/** Upstream runs each controller as a ServiceAccount of its own; ours share one user, but the roles can be used so. */
function bindController(role: string): ClusterRoleBinding {
  return bindCluster(role, serviceAccount("kube-system", role.slice(CONTROLLER_PREFIX.length)));
}

/** A controller's role as its declaration gives it. */
interface ControllerRole {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

/** The roles of all controllers, generated from what they declare to read and write; none when there is no file. */
async function readControllerRoles(): Promise<readonly ControllerRole[]> {
  try {
    return JSON.parse(await readFile(CONTROLLER_ROLES_FILE, "utf8")) as readonly ControllerRole[];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Each rule once: several controllers read the same. */
function unionOf(controllers: readonly ControllerRole[]): PolicyRule[] {
  return [...new Map(controllers.flatMap(({ rules }) => rules.map((rule) => [JSON.stringify(rule), rule]))).values()];
}

/** Creates the built-in roles and bindings, and adds what is missing in those that are there. */
export async function bootstrapRbac(registry: Registry): Promise<void> {
  const controllers = await readControllerRoles();
  const wantedClusterRoles = [
    ...userRoles,
    ...componentRoles(unionOf(controllers)),
    ...controllers.map(({ name, rules }) => clusterRole(name, rules)),
  ];
  const wantedBindings = [...clusterBindings, ...controllers.map(({ name }) => bindController(name))];
  await runBounded([
    ...wantedClusterRoles.map(
      (wanted) => () => ensureObject(registry, clusterRoles, wanted, (present) => mergeRole(present, wanted)),
    ),
    ...namespacedRoles.map(
      (wanted) => () => ensureObject(registry, roles, wanted, (present) => mergeRole(present, wanted)),
    ),
  ]);
  await runBounded([
    ...wantedBindings.map(
      (wanted) => () => ensureObject(registry, clusterRoleBindings, wanted, (present) => mergeBinding(present, wanted)),
    ),
    ...namespacedBindings.map(
      (wanted) => () => ensureObject(registry, roleBindings, wanted, (present) => mergeBinding(present, wanted)),
    ),
  ]);
}
