/** What a schema may use at all, at every depth (`ValidateCustomResourceDefinitionOpenAPISchema`). */
import type { JSONSchemaProps } from "../../../shared/api/generated/apiextensions/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  notSupportedInOrder,
  required,
} from "../../validation/field-errors.ts";
import { asSchema, childSchemas, junctorSchemas } from "./sub-schemas.ts";
import { ruleErrors } from "./validation-rules.ts";

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const LIST_TYPES = ["atomic", "set", "map"];
const MAP_TYPES = ["atomic", "granular"];
const UNSUPPORTED = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] as const;

export function schemaErrors(schema: JSONSchemaProps, field: string): FieldError[] {
  return [
    ...ownErrors(schema, field),
    ...[...childSchemas(schema), ...junctorSchemas(schema)].flatMap((sub) =>
      schemaErrors(sub.schema, `${field}${sub.path}`),
    ),
    ...mapTypeErrors(schema, field),
    ...listTypeErrors(schema, field),
    ...ruleErrors(schema["x-kubernetes-validations"] ?? [], `${field}.x-kubernetes-validations`),
  ];
}

function isUsed(value: unknown): boolean {
  if (value === undefined || value === "") return false;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}

function ownErrors(schema: JSONSchemaProps, field: string): FieldError[] {
  const { type = "" } = schema;
  const preserves = schema["x-kubernetes-preserve-unknown-fields"];
  return [
    ...(schema.uniqueItems === true
      ? [
          forbiddenField(
            `${field}.uniqueItems`,
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
          ),
        ]
      : []),
    ...(schema.additionalProperties !== undefined &&
    schema.additionalProperties !== false &&
    Object.keys(schema.properties ?? {}).length > 0
      ? [forbiddenField(`${field}.additionalProperties`, "additionalProperties and properties are mutual exclusive")]
      : []),
    ...(type === "" || TYPES.includes(type) ? [] : [notSupported(`${field}.type`, type, TYPES)]),
    ...UNSUPPORTED.filter((name) => isUsed(schema[name])).map((name) =>
      forbiddenField(`${field}.${name}`, `${name} is not supported`),
    ),
    ...(type === "null"
      ? [forbiddenField(`${field}.type`, "type cannot be set to null, use nullable as an alternative")]
      : []),
    ...(Array.isArray(schema.items)
      ? [forbiddenField(`${field}.items`, "items must be a schema object and not an array")]
      : []),
    ...(preserves === false
      ? [invalidValue(`${field}.x-kubernetes-preserve-unknown-fields`, preserves, "must be true or undefined")]
      : []),
  ];
}

function typeErrors(schema: JSONSchemaProps, field: string, wanted: string, extension: string): FieldError[] {
  const detail = `must be ${wanted} if ${extension} is specified`;
  if ((schema.type ?? "") === "") return [required(`${field}.type`, detail)];
  return schema.type === wanted ? [] : [invalidValue(`${field}.type`, schema.type, detail)];
}

function mapTypeErrors(schema: JSONSchemaProps, field: string): FieldError[] {
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType === undefined) return [];
  return [
    ...typeErrors(schema, field, "object", "x-kubernetes-map-type"),
    ...(MAP_TYPES.includes(mapType) ? [] : [notSupportedInOrder(`${field}.x-kubernetes-map-type`, mapType, MAP_TYPES)]),
  ];
}

function listTypeErrors(schema: JSONSchemaProps, field: string): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const at = `${field}.x-kubernetes-list-type`;
  const errors: FieldError[] = [];
  if (listType !== undefined) {
    errors.push(...typeErrors(schema, field, "array", "x-kubernetes-list-type"));
    if (!LIST_TYPES.includes(listType)) errors.push(notSupportedInOrder(at, listType, LIST_TYPES));
  }
  if (listType === "set") errors.push(...setItemErrors(asSchema(schema.items), `${field}.items`));
  if (keys.length > 0 && listType !== "map") {
    const detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    errors.push(listType === undefined ? required(at, detail) : invalidValue(at, listType, detail));
  }
  return listType === "map" ? [...errors, ...mapKeyErrors(schema, keys, field)] : errors;
}

function setItemErrors(items: JSONSchemaProps | undefined, field: string): FieldError[] {
  const detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const listType = items?.["x-kubernetes-list-type"];
  const mapType = items?.["x-kubernetes-map-type"];
  if (items?.type === "array" && listType !== undefined && listType !== "atomic")
    return [invalidValue(`${field}.x-kubernetes-list-type`, listType, detail)];
  if (items?.type === "object" && mapType !== "atomic")
    return [invalidValue(`${field}.x-kubernetes-map-type`, listType, detail)];
  return [];
}

function mapKeyErrors(schema: JSONSchemaProps, keys: readonly string[], field: string): FieldError[] {
  const at = `${field}.x-kubernetes-list-map-keys`;
  const errors: FieldError[] = [];
  if (keys.length === 0) errors.push(required(at, "must not be empty if x-kubernetes-list-type is map"));
  if (schema.items === undefined)
    return [...errors, required(`${field}.items`, "must have a schema if x-kubernetes-list-type is map")];
  const items = asSchema(schema.items);
  if (items === undefined) {
    const detail = "must only have a single schema if x-kubernetes-list-type is map";
    return [...errors, invalidValue(`${field}.items`, schema.items, detail)];
  }
  if (items.type !== "object") {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    return [...errors, invalidValue(`${field}.items.type`, items.type ?? "", detail)];
  }
  for (const key of keys) {
    const property = Object.hasOwn(items.properties ?? {}, key) ? items.properties?.[key] : undefined;
    if (property === undefined) errors.push(invalidValue(at, keys, "entries must all be names of item properties"));
    else if (property.type === "array" || property.type === "object") {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalidValue(`${field}.items.properties[${key}].type`, items.type, detail));
    }
  }
  if (new Set(keys).size < keys.length) errors.push(invalidValue(at, keys, "must not contain duplicate entries"));
  return errors;
}
