import { readFile } from "node:fs/promises";
import type { PolicyRule } from "../../shared/api/generated/rbac/v1.ts";
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from "../../shared/resources/catalog.ts";
import type { Registry } from "../registry/registry.ts";
import { ensureObject, runBounded } from "./ensure.ts";
import { clusterBindings, namespacedBindings, namespacedRoles } from "./policy-bindings.ts";
import { componentRoles } from "./policy-components.ts";
import { userRoles } from "./policy-users.ts";
import { isUpdatable, mergeLabels, mergeRules, mergeSubjects } from "./reconcile-rbac.ts";

const CONTROLLER_ROLES_FILE = new URL("../../shared/resources/controller-roles.json", import.meta.url);

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

/** The rules of all controllers, generated from what they declare to read and write; empty when there is no file. */
export async function readControllerRules(): Promise<PolicyRule[]> {
  let text: string;
  try {
    text = await readFile(CONTROLLER_ROLES_FILE, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  const controllerRoles = JSON.parse(text) as readonly { readonly rules?: PolicyRule[] }[];
  return controllerRoles.flatMap((role) => role.rules ?? []);
}

/** Creates the built-in roles and bindings, and adds what is missing in those that are there. */
export async function bootstrapRbac(registry: Registry): Promise<void> {
  const wantedClusterRoles = [...userRoles, ...componentRoles(await readControllerRules())];
  await runBounded([
    ...wantedClusterRoles.map(
      (wanted) => () => ensureObject(registry, clusterRoles, wanted, (present) => mergeRole(present, wanted)),
    ),
    ...namespacedRoles.map(
      (wanted) => () => ensureObject(registry, roles, wanted, (present) => mergeRole(present, wanted)),
    ),
  ]);
  await runBounded([
    ...clusterBindings.map(
      (wanted) => () =>
        ensureObject(registry, clusterRoleBindings, wanted, (present) => {
          const subjects = isUpdatable(present)
            ? mergeSubjects(present.subjects ?? [], wanted.subjects ?? [])
            : undefined;
          return subjects === undefined ? undefined : { ...present, subjects };
        }),
    ),
    ...namespacedBindings.map(
      (wanted) => () =>
        ensureObject(registry, roleBindings, wanted, (present) => {
          const subjects = isUpdatable(present)
            ? mergeSubjects(present.subjects ?? [], wanted.subjects ?? [])
            : undefined;
          return subjects === undefined ? undefined : { ...present, subjects };
        }),
    ),
  ]);
}
