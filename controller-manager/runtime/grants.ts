/**
 * The rights of a controller, from what it declares: a read is `get, list, watch`, a write is
 * `create, delete, patch, update` of the resource and of its status, and everybody writes events.
 */
import type { PolicyRule } from "../../shared/api/generated/rbac/v1.ts";
import { events } from "../../shared/resources/catalog.ts";
import { groupResourceOf, type KubeObject, type Resource } from "../../shared/resources/resource.ts";
import type { ResourceMap } from "./resource-map.ts";
import type { Grants, RunnableController } from "./services.ts";

const READ_VERBS = ["get", "list", "watch"];
const WRITE_VERBS = ["create", "delete", "patch", "update"];

const rule = (resource: Resource<KubeObject>, names: string[], verbs: string[]): PolicyRule => ({
  apiGroups: [resource.group],
  resources: names,
  verbs,
});

/** Grants of declared reads and writes; `extra` is for loops that write what only discovery knows. */
export function grantsOf(
  declared: {
    readonly reconciles?: Resource<KubeObject>;
    readonly writesStatus?: boolean;
    readonly reads: ResourceMap;
    readonly writes: ResourceMap;
  },
  extra: readonly PolicyRule[] = [],
): Grants {
  const own = declared.reconciles === undefined ? [] : [declared.reconciles];
  const reads = unique([...own, ...Object.values(declared.reads)]);
  const writes = unique(Object.values(declared.writes));
  const statuses = unique(declared.writesStatus === true ? own : []);
  return {
    reads: reads.map(groupResourceOf),
    writes: [...writes.map(groupResourceOf), ...statuses.map((each) => `${groupResourceOf(each)} (status)`)],
    rules: [
      ...reads.map((each) => rule(each, [each.plural], READ_VERBS)),
      ...writes.map((each) => rule(each, [each.plural, `${each.plural}/status`], ["get", ...WRITE_VERBS])),
      ...statuses.map((each) => rule(each, [each.plural, `${each.plural}/status`], ["get", "update"])),
      rule(events, [events.plural], ["create", "patch", "update"]),
      ...extra,
    ],
  };
}

function unique(resources: readonly Resource<KubeObject>[]): Resource<KubeObject>[] {
  return [...new Map(resources.map((each) => [groupResourceOf(each), each])).values()];
}

/** The text of `shared/resources/controller-roles.json`: a role per controller, which the apiserver's policy reads. */
export function controllerRolesText(controllers: readonly RunnableController[]): string {
  const roles = controllers.map(({ name, grants }) => ({ name: `system:controller:${name}`, rules: grants.rules }));
  return `${JSON.stringify(roles, undefined, 2)}\n`;
}

/** The text of `docs/generated/controllers.md`: who reads and writes what, as a table and as a graph. */
export function controllersDocument(controllers: readonly RunnableController[]): string {
  const rows = controllers.map(
    ({ name, grants }) => `| ${name} | ${grants.reads.join(", ")} | ${grants.writes.join(", ")} |`,
  );
  const edges = controllers.flatMap(({ name, grants }) => [
    ...grants.reads.map((each) => `  ${id(each)}[${each}] --> ${id(name)}([${name}])`),
    ...grants.writes.map((each) => `  ${id(name)} ==> ${id(each.replace(" (status)", ""))}`),
  ]);
  return [
    "# Controllers",
    "",
    "Generated from `controller-manager/controllers.ts` by `npm run generate`: do not edit.",
    "",
    "| controller | reads | writes |",
    "|---|---|---|",
    ...rows,
    "",
    "```mermaid",
    "flowchart LR",
    ...new Set(edges),
    "```",
    "",
  ].join("\n");
}

const id = (name: string): string => name.replace(/[^a-z]/g, "_");
