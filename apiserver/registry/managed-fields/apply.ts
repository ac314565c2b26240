/**
 * Server-side apply (KEP-555; upstream: structured-merge-diff `merge/update.go`, `managedfields/internal`).
 *
 * A1  What the configuration names is set and owned by the applier; who else owns it with the same value shares it.
 * A2  What the applier named before and names no longer goes away, unless somebody else owns it.
 * A3  Changing what others own is a conflict, unless forced: then they lose it.
 */
import type { ManagedFieldsEntry } from "../../../shared/api/generated/meta/v1.ts";
import { badRequest, StatusError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import { configurationProblems } from "../../schema/apply/check.ts";
import {
  difference,
  type FieldSet,
  intersection,
  isEmptySet,
  NO_FIELDS,
  union,
  withoutBelow,
} from "../../schema/apply/field-set.ts";
import { mergeConfiguration } from "../../schema/apply/merge.ts";
import { removeFields } from "../../schema/apply/remove.ts";
import { fieldsNamedBy, withFieldsOnTheWay } from "../../schema/apply/to-field-set.ts";
import { applyConflict } from "./conflict-error.ts";
import { KUBECTL, renewLastApplied, withoutLastApplied } from "./last-applied.ts";
import { type Manager, managerId, type ManagerName, type Managers, storedManagers, writeManagers } from "./managers.ts";
import { ownChanges, takeFields } from "./own-changes.ts";
import { SYSTEM_FIELDS, type TrackedKind } from "./tracked-fields.ts";

/** Who owns what was there before anybody applied. */
const BEFORE_FIRST_APPLY = "before-first-apply";

export interface Application {
  readonly kind: TrackedKind;
  /** An object of that kind as JSON. */
  readonly config: object;
  readonly name: ManagerName;
  readonly isForced: boolean;
  /** For the entry of the applier. */
  readonly now: string;
}

export interface AppliedObject {
  readonly object: KubeObject;
  readonly managedFields: ManagedFieldsEntry[] | undefined;
}

/**
 * The object after the configuration was applied to `live`; `isNew` when nothing is stored and `live` is the empty
 * object of the kind. Throws 400 for another version, 409 with causes, 500 for a configuration that does not fit.
 */
export function applyConfiguration(application: Application, live: KubeObject, isNew: boolean): AppliedObject {
  checkConfiguration(application);
  const { kind, config, name, now } = application;
  const { managedFields: stored, ...liveMetadata } = live.metadata;
  const before: KubeObject = { ...live, metadata: liveMetadata };
  const managers = managersBefore(application, before, stored ?? [], isNew);
  const merged = mergeConfiguration(kind.type, before, config) as KubeObject;
  const id = managerId(name);
  const last = managers.get(id);
  const named = withoutBelow(fieldsNamedBy(kind.type, config), kind.ignored);
  const fields = difference(named, SYSTEM_FIELDS);
  const withApplier: Managers = new Map([...managers, [id, { ...name, time: last?.time, fields: named }]]);
  const object = withoutAbandoned(kind, merged, withApplier, last);
  const taken = takeFields(kind, withApplier, before, object, id);
  const contested = name.manager === KUBECTL ? withoutLastApplied(kind.type, before, taken.contested) : taken.contested;
  if (contested.size > 0 && !application.isForced) throw applyConflict(managers, contested);
  if (name.manager === KUBECTL) renewLastApplied(object, config);
  const isChanged = last === undefined || !deepEqual(before, object) || !deepEqual(last.fields, fields);
  const applier: Manager = { ...name, time: isChanged ? now : last.time, fields };
  return { object, managedFields: writeManagers(new Map([...taken.managers, [id, applier]])) };
}

function checkConfiguration({ kind, config, name }: Application): void {
  const { apiVersion, kind: configKind, metadata } = config as Partial<KubeObject>;
  if (apiVersion !== undefined && apiVersion !== kind.apiVersion) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${apiVersion}, expected: ${kind.apiVersion}`,
    );
  }
  const problems = configurationProblems(kind.type, config);
  if (problems.length === 0) return;
  const text = problems.length === 1 ? problems[0] : ["errors:", ...problems.map((one) => `  ${one}`)].join("\n");
  const place = `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}; ${name.apiVersion}, Kind=${configKind ?? ""}`;
  throw new StatusError("InternalError", `failed to create typed patch object (${place}): ${text}`);
}

function managersBefore(
  { kind, name, now }: Application,
  live: KubeObject,
  stored: readonly ManagedFieldsEntry[],
  isNew: boolean,
): Managers {
  const managers = storedManagers(stored);
  if (isNew || managers.size > 0) return managers;
  const former = { ...name, manager: BEFORE_FIRST_APPLY, operation: "Update" } as const;
  const empty = { apiVersion: live.apiVersion, kind: live.kind, metadata: {} };
  return ownChanges(kind, managers, empty, live, former, now);
}

/** Takes out what the applier's last configuration named, the new one does not, and nobody else owns. */
function withoutAbandoned(
  { type, apiVersion }: TrackedKind,
  merged: KubeObject,
  managers: Managers,
  last: Manager | undefined,
): KubeObject {
  if (last === undefined || isEmptySet(last.fields) || last.apiVersion !== apiVersion) return merged;
  const whole = (set: FieldSet): FieldSet => withFieldsOnTheWay(type, set);
  const without = (fields: FieldSet): KubeObject => (removeFields(type, merged, fields) ?? {}) as KubeObject;
  const fieldsOf = (object: KubeObject): FieldSet => whole(fieldsNamedBy(type, object));
  const owned = [...managers.values()]
    .filter((one) => one.apiVersion === apiVersion)
    .reduce((all, { fields }) => union(all, fields), NO_FIELDS);
  const all = fieldsOf(merged);
  const pruned = without(whole(last.fields));
  const withOwned = without(difference(all, union(fieldsOf(pruned), whole(owned))));
  // What went along but was never the applier's comes back.
  return without(intersection(difference(all, fieldsOf(withOwned)), whole(last.fields)));
}
