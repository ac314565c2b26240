/** Which fields a configuration names (structured-merge-diff `typed/tofieldset.go`). */
import { field, type FieldSet, type FieldSetDraft, isEmptySet, LEAF, memberWith } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { itemsByElement } from "./list-items.ts";
import { type Fields, isFields, partsOf, typeOfField } from "./value-shape.ts";

const UNTYPED: FieldType = { kind: "untyped" };

/** The fields that `value` sets. Objects and lists that are taken apart are not members themselves, their leaves are. */
export function fieldsNamedBy(type: FieldType, value: unknown): FieldSet {
  const result: FieldSetDraft = {};
  switch (partsOf(type, value)) {
    case "fields":
      addFields(type, value as Fields, result);
      break;
    case "items":
      if (type.kind === "list" || type.kind === "set") addItems(type, value as readonly unknown[], result);
      break;
    case "none":
      break;
  }
  return result;
}

function addFields(type: FieldType, value: Fields, result: FieldSetDraft): void {
  for (const [name, child] of Object.entries(value)) {
    if (child === undefined) continue;
    const childType = typeOfField(type, name) ?? UNTYPED;
    const isTaken = partsOf(childType, child) !== "none";
    const below = isTaken ? fieldsNamedBy(childType, child) : LEAF;
    const isEmptyMap = isFields(child) && Object.keys(child).length === 0;
    // Entries of maps are members beside what is below them; fields of structs are not.
    const isIn = !isTaken || isEmptyMap || type.kind !== "struct";
    if (isIn) result[field(name)] = memberWith(below);
    else if (!isEmptySet(below)) result[field(name)] = below;
  }
}

function addItems(
  type: Extract<FieldType, { kind: "list" | "set" }>,
  list: readonly unknown[],
  result: FieldSetDraft,
): void {
  for (const [element, items] of itemsByElement(type, list)) {
    const [item, ...others] = items;
    result[element] = others.length > 0 ? LEAF : memberWith(fieldsNamedBy(type.element, item));
  }
}

/** The set with every field of a struct on the way to a member (structured-merge-diff `EnsureNamedFieldsAreMembers`). */
export function withFieldsOnTheWay(type: FieldType, set: FieldSet): FieldSet {
  const result: FieldSetDraft = {};
  for (const [element, below] of Object.entries(set)) {
    if (element === "." || isEmptySet(below)) {
      result[element] = below;
      continue;
    }
    const isField = element.startsWith("f:");
    const below2 = withFieldsOnTheWay(typeBelow(type, element), below);
    result[element] =
      isField && type.kind === "struct" && type.field(element.slice(2)) !== undefined ? memberWith(below2) : below2;
  }
  return result;
}

function typeBelow(type: FieldType, element: string): FieldType {
  if (element.startsWith("f:")) return typeOfField(type, element.slice(2)) ?? UNTYPED;
  return type.kind === "list" || type.kind === "set" ? type.element : UNTYPED;
}
