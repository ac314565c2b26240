/** Gives the fields that a write changed to who wrote (structured-merge-diff `merge/update.go`). */
import { type Comparison, compareFields, exceptFor } from "../../schema/apply/compare.ts";
import { difference, intersection, isEmptySet, union, NO_FIELDS, type FieldSet } from "../../schema/apply/field-set.ts";
import { type Manager, managerId, type ManagerName, type Managers } from "./managers.ts";
import { SYSTEM_FIELDS, type TrackedKind } from "./tracked-fields.ts";

/** What of others' fields a write changed, by manager. */
export type Contested = ReadonlyMap<string, FieldSet>;

export interface TakenFields {
  /** Nobody owns what is gone, and nobody but the writer what was changed. */
  readonly managers: Managers;
  readonly contested: Contested;
  readonly comparison: Comparison;
}

/** Takes what differs away from all managers but `writer`. Managers of other versions are left alone. */
export function takeFields(
  kind: TrackedKind,
  managers: Managers,
  before: object,
  after: object,
  writer: string | undefined,
): TakenFields {
  const comparison = exceptFor(compareFields(kind.type, before, after), kind.ignored);
  const contested = new Map<string, FieldSet>();
  const left = new Map<string, Manager>();
  for (const [id, manager] of managers) {
    if (id === writer || manager.apiVersion !== kind.apiVersion) {
      left.set(id, manager);
      continue;
    }
    const lost = intersection(manager.fields, comparison.changed);
    if (!isEmptySet(lost)) contested.set(id, lost);
    const fields = difference(difference(manager.fields, lost), comparison.removed);
    if (!isEmptySet(fields)) left.set(id, fields === manager.fields ? manager : { ...manager, fields });
  }
  return { managers: left, contested, comparison };
}

/** After an update: `name` owns what it changed beside what it had. */
export function ownChanges(
  kind: TrackedKind,
  managers: Managers,
  before: object,
  after: object,
  name: ManagerName,
  now: string,
): Managers {
  const taken = takeFields(kind, managers, before, after, undefined);
  const own = difference(taken.comparison.changed, SYSTEM_FIELDS);
  if (isEmptySet(own)) return taken.managers;
  const id = managerId(name);
  const had = taken.managers.get(id)?.fields ?? NO_FIELDS;
  return new Map([...taken.managers, [id, { ...name, time: now, fields: union(had, own) }]]);
}
