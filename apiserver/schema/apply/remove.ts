/** Takes fields out of an object (structured-merge-diff `typed/remove.go`). */
import { setOwn } from "../../../shared/machinery/clone.ts";
import { childrenOf, field, type FieldSet, isEmptySet, isMember } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { itemElement } from "./list-items.ts";
import { type Fields, partsOf, typeOfField } from "./value-shape.ts";

const UNTYPED: FieldType = { kind: "untyped" };

/** `value` without the members of `fields`; undefined for what had something and has nothing left. Changes nothing. */
export function removeFields(type: FieldType, value: unknown, fields: FieldSet): unknown {
  if (isEmptySet(fields)) return value;
  switch (partsOf(type, value)) {
    case "fields":
      return removeFromFields(type, value as Fields, fields);
    case "items":
      return type.kind === "list" || type.kind === "set"
        ? removeFromItems(type, value as readonly unknown[], fields)
        : value;
    case "none":
      return value;
  }
}

function removeFromFields(type: FieldType, value: Fields, fields: FieldSet): unknown {
  const result: Record<string, unknown> = {};
  const names = Object.keys(value);
  for (const name of names) {
    const kept = without(typeOfField(type, name) ?? UNTYPED, value[name], fields[field(name)]);
    if (kept !== undefined) setOwn(result, name, kept);
  }
  return names.length > 0 && Object.keys(result).length === 0 ? undefined : result;
}

function removeFromItems(
  type: Extract<FieldType, { kind: "list" | "set" }>,
  value: readonly unknown[],
  fields: FieldSet,
): unknown {
  const result = value.flatMap((item) => {
    const element = itemElement(type, item);
    const kept = without(type.element, item, element === undefined ? undefined : fields[element]);
    return kept === undefined ? [] : [kept];
  });
  return value.length > 0 && result.length === 0 ? undefined : result;
}

function without(type: FieldType, value: unknown, below: FieldSet | undefined): unknown {
  if (below === undefined) return value;
  return isMember(below) ? undefined : removeFields(type, value, childrenOf(below));
}
