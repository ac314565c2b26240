/** The shapes in which values meet a schema. */
import { rawNumberText } from "../../../shared/machinery/lossless-json.ts";
import type { FieldType } from "./field-type.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** A JSON object; numbers that are kept as text are none. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && rawNumberText(value) === undefined;
}

export function isEmptyOrMissing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isFields(value) && Object.keys(value).length === 0;
}

/** Type of a field of an object; undefined when it has no such field. */
export function typeOfField(type: FieldType, name: string): FieldType | undefined {
  switch (type.kind) {
    case "struct":
      return type.field(name);
    case "map":
      return type.element;
    case "untyped":
      return type;
    default:
      return undefined;
  }
}

/** How a value is taken apart: an object by fields, a list by items, or not at all. */
export type Parts = "fields" | "items" | "none";

export function partsOf(type: FieldType, value: unknown): Parts {
  if (type.kind === "list" || type.kind === "set") return Array.isArray(value) ? "items" : "none";
  return type.kind !== "leaf" && isFields(value) ? "fields" : "none";
}
