/** 409 for an apply that would change what others own (upstream: `managedfields/internal/conflict.go`). */
import { StatusError } from "../../../shared/errors/status-error.ts";
import { membersOf } from "../../schema/apply/field-set.ts";
import { pathText } from "../../schema/apply/path-text.ts";
import type { Manager, Managers } from "./managers.ts";
import type { Contested } from "./own-changes.ts";

interface Conflict {
  readonly manager: string;
  readonly path: string;
}

/** A `Conflict` with one cause a field. */
export function applyConflict(managers: Managers, contested: Contested): StatusError {
  const conflicts = [...contested].flatMap(([id, fields]): Conflict[] => {
    const manager = managerText(managers.get(id));
    return membersOf(fields).map((path) => ({ manager, path: pathText(path) }));
  });
  return new StatusError("Conflict", messageOf(conflicts), {
    details: {
      causes: conflicts.map(({ manager, path }) => ({
        reason: "FieldManagerConflict",
        message: `conflict with ${manager}`,
        field: path,
      })),
    },
  });
}

function messageOf(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.path}`;
  }
  const managers = [...new Set(conflicts.map(({ manager }) => manager))].sort();
  const lines = managers.flatMap((manager) => [
    `conflicts with ${manager}:`,
    ...conflicts.filter((one) => one.manager === manager).map(({ path }) => `- ${path}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function managerText(manager: Manager | undefined): string {
  if (manager === undefined) return '""';
  const { operation, apiVersion, subresource, time } = manager;
  const via = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  const when = time === undefined ? "" : ` at ${time}`;
  const how = operation === "Update" ? ` using ${apiVersion}${when}` : "";
  return `${JSON.stringify(manager.manager)}${via}${how}`;
}
