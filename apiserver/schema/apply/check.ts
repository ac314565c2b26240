/** Whether a configuration fits its schema, as strictly as apply wants it (structured-merge-diff `typed/validate.go`). */
import { elementText } from "./path-text.ts";
import type { FieldType, LeafShape } from "./field-type.ts";
import { itemElement } from "./list-items.ts";
import { type Fields, isFields, typeOfField } from "./value-shape.ts";

/** Texts like `.spec.foo: field not declared in schema`, in the order of the configuration. */
export function configurationProblems(type: FieldType, value: unknown): string[] {
  const problems: string[] = [];
  check(type, value, "", problems);
  return problems;
}

function check(type: FieldType, value: unknown, path: string, problems: string[]): void {
  if (value === null || value === undefined) return;
  switch (type.kind) {
    case "untyped":
      return;
    case "leaf":
      if (!fits(type.wants, value)) problems.push(`${path}: expected ${EXPECTED[type.wants]}, got ${shown(value)}`);
      return;
    case "struct":
    case "map":
      if (isFields(value)) checkFields(type, value, path, problems);
      else problems.push(`${path}: expected map, got ${shown(value)}`);
      return;
    case "list":
    case "set":
      if (Array.isArray(value)) checkItems(type, value, path, problems);
      else problems.push(`${path}: expected list, got ${shown(value)}`);
  }
}

function checkFields(type: FieldType, value: Fields, path: string, problems: string[]): void {
  for (const [name, child] of Object.entries(value)) {
    const at = `${path}.${name}`;
    const childType = typeOfField(type, name);
    if (childType === undefined) problems.push(`${at}: field not declared in schema`);
    else check(childType, child, at, problems);
  }
}

function checkItems(
  type: Extract<FieldType, { kind: "list" | "set" }>,
  list: readonly unknown[],
  path: string,
  problems: string[],
): void {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const element = itemElement(type, item);
    if (element === undefined) {
      const names = type.kind === "list" ? type.keys.map(({ name }) => JSON.stringify(name)).join(", ") : "";
      const why = isFields(item)
        ? `associative list with keys has an element that omits key field ${names} (and doesn't have default value)`
        : "associative list with keys may not have non-map elements";
      problems.push(`${path}: element ${index}: ${why}`);
      continue;
    }
    if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${elementText(element)}`);
    seen.add(element);
    check(type.element, item, `${path}${elementText(element)}`, problems);
  }
}

const EXPECTED: Readonly<Record<LeafShape, string>> = {
  string: "string",
  number: "numeric (int or float)",
  boolean: "boolean",
  list: "list",
  map: "map",
  any: "scalar",
};

function fits(shape: LeafShape, value: unknown): boolean {
  switch (shape) {
    case "list":
      return Array.isArray(value);
    case "map":
      return isFields(value);
    case "number":
      return typeof value === "number" || (typeof value === "object" && !Array.isArray(value) && !isFields(value));
    case "string":
    case "boolean":
      return typeof value === shape;
    case "any":
      return !Array.isArray(value) && !isFields(value);
  }
}

/** As Go prints what it found. */
function shown(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "boolean";
  if (Array.isArray(value)) return "list";
  return isFields(value) ? "map" : "number";
}
