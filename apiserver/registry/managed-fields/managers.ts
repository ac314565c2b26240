/**
 * Who owns which fields: `metadata.managedFields`, read and written (upstream:
 * `apimachinery/pkg/util/managedfields/internal`).
 *
 * M1  Two entries are of one manager when name, operation and subresource are the same, and for updates the version.
 * M2  A manager without fields is not written. M3  At most ten updaters are told apart; older ones become one.
 */
import type { ManagedFieldsEntry } from "../../../shared/api/generated/meta/v1.ts";
import {
  type FieldSet,
  isEmptySet,
  NO_FIELDS,
  readFieldSet,
  sortedFieldSet,
  union,
} from "../../schema/apply/field-set.ts";

const UPDATERS_MAX = 10;
const OLD_MANAGER = "ancient-changes";
const FIELDS_TYPE = "FieldsV1";

export interface ManagerName {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  /** Version in which the fields are named. */
  readonly apiVersion: string;
  readonly subresource: string;
}

export interface Manager extends ManagerName {
  /** When it last changed something. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** By `managerId`. */
export type Managers = ReadonlyMap<string, Manager>;

export function managerId({ manager, operation, apiVersion, subresource }: ManagerName): string {
  return JSON.stringify([manager, operation, operation === "Apply" ? "" : apiVersion, subresource]);
}

/** The managers of entries that `writeManagers` made. */
export function storedManagers(entries: readonly ManagedFieldsEntry[] = []): Managers {
  const read = entries.map(
    ({ manager = "", operation, apiVersion = "", subresource = "", time, fieldsV1 }): Manager => ({
      manager,
      operation: operation === "Apply" ? "Apply" : "Update",
      apiVersion,
      subresource,
      time,
      fields: (fieldsV1 ?? NO_FIELDS) as FieldSet,
    }),
  );
  return new Map(read.map((manager) => [managerId(manager), manager]));
}

/** The managers of entries that a client sent; undefined when one of the entries cannot be read. */
export function readManagers(entries: readonly ManagedFieldsEntry[]): Managers | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of entries) {
    const { manager = "", operation, apiVersion = "", subresource = "", time } = entry;
    const fields = readFieldSet(entry.fieldsV1 ?? {});
    const isKnown = operation === "Apply" || operation === "Update";
    if (!isKnown || entry.fieldsType !== FIELDS_TYPE || fields === undefined) return undefined;
    const read: Manager = { manager, operation, apiVersion, subresource, time, fields };
    managers.set(managerId(read), read);
  }
  return managers;
}

/** What is stored of them; undefined for none. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  const kept = withoutOldest([...managers.values()].filter(({ fields }) => !isEmptySet(fields)));
  return kept.length === 0 ? undefined : kept.sort(compareManagers).map(entryOf);
}

function entryOf({ manager, operation, apiVersion, subresource, time, fields }: Manager): ManagedFieldsEntry {
  return {
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: FIELDS_TYPE,
    fieldsV1: sortedFieldSet(fields),
    ...(subresource === "" ? {} : { subresource }),
  };
}

function compareManagers(left: Manager, right: Manager): number {
  const keys = ({ operation, time, manager, apiVersion, subresource }: Manager): string[] => [
    operation,
    time ?? "",
    manager,
    apiVersion,
    subresource,
  ];
  const [ours, theirs] = [keys(left), keys(right)];
  const at = ours.findIndex((key, index) => key !== theirs[index]);
  return at < 0 ? 0 : (ours[at] ?? "") < (theirs[at] ?? "") ? -1 : 1;
}

/** Merges the oldest updaters into one for each version when there are too many. */
function withoutOldest(managers: Manager[]): Manager[] {
  const updaters = managers.filter(({ operation }) => operation === "Update").sort(compareManagers);
  const excess = updaters.length - UPDATERS_MAX;
  if (excess <= 0) return managers;
  const merged = new Map<string, Manager>();
  // One more than there are too many: their bucket is an updater itself.
  const old = updaters.slice(0, excess + 1);
  for (const { apiVersion, time, fields } of old) {
    const known = merged.get(apiVersion)?.fields ?? NO_FIELDS;
    const name = { manager: OLD_MANAGER, operation: "Update", apiVersion, subresource: "" } as const;
    merged.set(apiVersion, { ...name, time, fields: union(known, fields) });
  }
  return [...managers.filter((one) => !old.includes(one)), ...merged.values()];
}
