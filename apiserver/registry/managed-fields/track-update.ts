/** Keeps `managedFields` through creations and updates (upstream: `managedfields/internal/fieldmanager.go`). */
import type { ManagedFieldsEntry } from "../../../shared/api/generated/meta/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import { type Managers, type ManagerName, readManagers, storedManagers, writeManagers } from "./managers.ts";
import { ownChanges } from "./own-changes.ts";
import type { TrackedKind } from "./tracked-fields.ts";

const NONE: Managers = new Map();

/** The entries of an object after `next` was written in place of `previous`, which a new object has not. */
export function trackUpdate(
  kind: TrackedKind,
  previous: KubeObject | undefined,
  empty: () => object,
  next: KubeObject,
  name: ManagerName,
  now: string,
): ManagedFieldsEntry[] | undefined {
  const managers = managersBefore(previous, next, name.subresource !== "");
  // Who was never tracked stays so until somebody applies.
  if (previous !== undefined && managers.size === 0) return undefined;
  return writeManagers(ownChanges(kind, managers, previous ?? empty(), next, name, now));
}

/** Those that the request brings, or those of what is stored when it brings none that can be read. */
function managersBefore(previous: KubeObject | undefined, next: KubeObject, isSubresource: boolean): Managers {
  const stored = previous?.metadata.managedFields;
  const given = next.metadata.managedFields ?? [];
  if (!isSubresource && isReset(given)) return NONE;
  if (!isSubresource && given.length > 0 && !deepEqual(given, stored)) {
    const read = readManagers(given);
    if (read !== undefined) return read;
  }
  return storedManagers(stored);
}

/** One empty entry is how a client says that it wants none. */
function isReset(given: readonly ManagedFieldsEntry[]): boolean {
  const [entry] = given;
  return given.length === 1 && entry !== undefined && Object.values(entry).every((value) => value === undefined);
}

/** Whether the entries differ in nothing but their times. */
export function areSameButForTimes(
  left: readonly ManagedFieldsEntry[] | undefined,
  right: readonly ManagedFieldsEntry[] | undefined,
): boolean {
  const timeless = (entries: readonly ManagedFieldsEntry[] = []): unknown =>
    entries.map(({ time: _time, ...entry }) => entry);
  return left?.length === right?.length && deepEqual(timeless(left), timeless(right));
}
