/** Which fields differ between two states of an object (structured-merge-diff `typed/compare.go`). */
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import {
  childrenOf,
  field,
  type FieldSet,
  type FieldSetDraft,
  isEmptySet,
  LEAF,
  memberWith,
  withoutBelow,
} from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { itemsByElement } from "./list-items.ts";
import { type Fields, isEmptyOrMissing, isFields, partsOf, typeOfField } from "./value-shape.ts";

/** `changed` are the fields that are new or have another value. */
export interface Comparison {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

interface Differences {
  readonly changed: FieldSetDraft;
  readonly removed: FieldSetDraft;
}

const UNTYPED: FieldType = { kind: "untyped" };

export function compareFields(type: FieldType, before: unknown, after: unknown): Comparison {
  const differences: Differences = { changed: {}, removed: {} };
  compareParts(type, before, after, differences);
  return differences;
}

/** The comparison without these fields and all below them. */
export function exceptFor({ changed, removed }: Comparison, ignored: FieldSet): Comparison {
  return isEmptySet(ignored)
    ? { changed, removed }
    : { changed: withoutBelow(changed, ignored), removed: withoutBelow(removed, ignored) };
}

function compareParts(type: FieldType, before: unknown, after: unknown, into: Differences): void {
  if (type.kind === "list" || type.kind === "set") {
    compareItems(type, Array.isArray(before) ? before : [], Array.isArray(after) ? after : [], into);
    return;
  }
  const [left, right] = [isFields(before) ? before : {}, isFields(after) ? after : {}];
  for (const name in left) compareField(type, name, left[name], own(right, name), into);
  for (const name in right) if (own(left, name) === undefined) compareField(type, name, undefined, right[name], into);
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function compareField(type: FieldType, name: string, before: unknown, after: unknown, into: Differences): void {
  if (before === after) return;
  compareValue(typeOfField(type, name) ?? UNTYPED, field(name), before, after, into);
}

/** Whether both are seen as a whole; so are two that are both empty, which keeps `[]` and `null` apart. */
function isWhole(type: FieldType, before: unknown, after: unknown): boolean {
  if (isEmptyOrMissing(before) && isEmptyOrMissing(after)) return true;
  return partsOf(type, before ?? after) === "none" || partsOf(type, after ?? before) === "none";
}

function compareValue(type: FieldType, element: string, before: unknown, after: unknown, into: Differences): void {
  if (isWhole(type, before, after)) {
    if (before === undefined || !deepEqual(before, after)) {
      if (after === undefined) into.removed[element] = LEAF;
      else into.changed[element] = LEAF;
    }
    return;
  }
  const below: Differences = { changed: {}, removed: {} };
  compareParts(type, before, after, below);
  attach(into.changed, element, before === undefined, below.changed);
  attach(into.removed, element, after === undefined, below.removed);
}

function attach(into: FieldSetDraft, element: string, isIn: boolean, below: FieldSet): void {
  if (isIn) into[element] = memberWith(below);
  else if (!isEmptySet(childrenOf(below))) into[element] = below;
}

function compareItems(
  type: Extract<FieldType, { kind: "list" | "set" }>,
  before: readonly unknown[],
  after: readonly unknown[],
  into: Differences,
): void {
  // Most lists are as they were: that is told faster than their items are sorted out.
  if (deepEqual(before, after)) return;
  const [left, right] = [itemsByElement(type, before), itemsByElement(type, after)];
  for (const [element, items] of left) compareSame(type.element, element, items, right.get(element) ?? [], into);
  for (const [element, items] of right) if (!left.has(element)) compareSame(type.element, element, [], items, into);
}

/** Compares the items of one identity; where there are several, they are one. */
function compareSame(
  type: FieldType,
  element: string,
  before: readonly unknown[],
  after: readonly unknown[],
  into: Differences,
): void {
  if (before.length <= 1 && after.length <= 1) compareValue(type, element, before[0], after[0], into);
  else if (after.length === 0) into.removed[element] = LEAF;
  else if (!deepEqual(before, after)) into.changed[element] = LEAF;
}
