/**
 * Structural schemas (`apiextensions-apiserver/pkg/apiserver/schema/validation.go`): every field of an object is named
 * with its type outside of allOf, anyOf, oneOf and not; these only narrow it down.
 */
import type { JSONSchemaProps } from "../../../shared/api/generated/apiextensions/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { forbiddenField, invalidValue, required } from "../../validation/field-errors.ts";
import { asSchema, childSchemas, junctorSchemas, propertySchemas } from "./sub-schemas.ts";

type Level = "root" | "item" | "field";

const MISSING_TYPE: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};
const INT_OR_STRING = [{ type: "integer" }, { type: "string" }];
const EMBEDDED = "x-kubernetes-embedded-resource";
const PRESERVE = "x-kubernetes-preserve-unknown-fields";
const EITHER = "x-kubernetes-int-or-string";

export function structuralErrors(schema: JSONSchemaProps, field: string): FieldError[] {
  const errors = [...invariantErrors(schema, "root", field), ...completenessErrors(schema, schema, field)];
  const keyOf = (error: FieldError): string => `${error.field}: ${error.detail}`;
  return errors.sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

function invariantErrors(schema: JSONSchemaProps, level: Level, field: string): FieldError[] {
  const values = schema.additionalProperties;
  const isEmbedded = schema[EMBEDDED] === true;
  const errors: FieldError[] = [];
  if (schema.type === "array" && schema.items === undefined)
    errors.push(required(`${field}.items`, "must be specified"));
  for (const { schema: child, path } of childSchemas(schema))
    errors.push(...invariantErrors(child, path === ".items" ? "item" : "field", `${field}${path}`));
  if (values !== undefined && values !== false && level === "root")
    errors.push(forbiddenField(`${field}.additionalProperties`, "must not be used at the root"));
  for (const extension of [PRESERVE, EMBEDDED] as const) {
    if (schema[EITHER] === true && schema[extension] === true)
      errors.push(invalidValue(`${field}.${extension}`, true, `must be false if ${EITHER} is true`));
  }
  errors.push(...typeErrors(schema, level, field));
  if (isEmbedded && values !== undefined)
    errors.push(forbiddenField(`${field}.additionalProperties`, `must not be used if ${EMBEDDED} is set`));
  if (isEmbedded && schema[PRESERVE] !== true && Object.keys(schema.properties ?? {}).length === 0)
    errors.push(required(`${field}.properties`, `must not be empty if ${EMBEDDED} is true without ${PRESERVE}`));
  return [...errors, ...metadataErrors(schema, level, field), ...validationErrors(schema, field)];
}

function typeErrors(schema: JSONSchemaProps, level: Level, field: string): FieldError[] {
  const { type = "" } = schema;
  const at = `${field}.type`;
  if (schema[EMBEDDED] === true && type !== "object") {
    const detail = `must be object if ${EMBEDDED} is true`;
    return [type === "" ? required(at, detail) : invalidValue(at, type, detail)];
  }
  if (type === "")
    return schema[EITHER] === true || schema[PRESERVE] === true ? [] : [required(at, MISSING_TYPE[level])];
  return level === "root" && type !== "object" ? [invalidValue(at, type, "must be object at the root")] : [];
}

/** Kind, version and metadata of whole objects are given. */
function metadataErrors(schema: JSONSchemaProps, level: Level, field: string): FieldError[] {
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  if (level !== "root" && schema[EMBEDDED] !== true) return [];
  const errors = Object.entries({ kind, apiVersion }).flatMap(([name, property]) =>
    property === undefined || property.type === "string"
      ? []
      : [invalidValue(`${field}.properties[${name}].type`, property.type ?? "", "must be string")],
  );
  if (metadata === undefined) return errors;
  const at = `${field}.properties[metadata]`;
  if (metadata.type !== "object") errors.push(invalidValue(`${at}.type`, metadata.type ?? "", "must be object"));
  const { type: _type, properties = {}, description: _description, ...more } = metadata;
  const isNamed = Object.keys(properties).every((name) => name === "name" || name === "generateName");
  if (level === "root" && (!isNamed || Object.keys(more).length > 0)) {
    const detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
    errors.push(forbiddenField(at, detail));
  }
  return errors;
}

function validationErrors(schema: JSONSchemaProps, field: string): FieldError[] {
  const isEither = isIntOrString(schema);
  const errors = junctorSchemas(schema).flatMap(({ schema: nested, path }) => {
    if (isEither && path.startsWith(".anyOf")) return [];
    // The other allowed form of int-or-string has its anyOf first in allOf.
    const { anyOf, ...rest } = nested;
    const isWrapped = path === ".allOf[0]" && deepEqual(anyOf, INT_OR_STRING);
    return nestedErrors(isWrapped ? rest : nested, `${field}${path}`);
  });
  return [...errors, ...patternErrors(schema, field)];
}

function isIntOrString({ anyOf }: JSONSchemaProps): boolean {
  return deepEqual(anyOf, INT_OR_STRING);
}

function patternErrors({ pattern = "" }: JSONSchemaProps, field: string): FieldError[] {
  try {
    new RegExp(pattern, "u");
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [invalidValue(`${field}.pattern`, pattern, `must be a valid regular expression, but isn't: ${why}`)];
  }
}

const EMPTY_WHERE_NESTED = [
  "type",
  "title",
  "description",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-validations",
] as const;
const FALSE_WHERE_NESTED = ["nullable", PRESERVE, EMBEDDED, EITHER] as const;
const UNDEFINED_WHERE_NESTED = [
  "additionalProperties",
  "default",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
] as const;

/** Inside allOf and its like nothing may be declared, only restricted. */
function nestedErrors(schema: JSONSchemaProps, field: string): FieldError[] {
  const items = asSchema(schema.items);
  return [
    ...junctorSchemas(schema).flatMap((sub) => nestedErrors(sub.schema, `${field}${sub.path}`)),
    ...patternErrors(schema, field),
    ...(items === undefined ? [] : nestedErrors(items, `${field}.items`)),
    ...propertySchemas(schema).flatMap((sub) => nestedErrors(sub.schema, `${field}${sub.path}`)),
    ...EMPTY_WHERE_NESTED.filter((name) => (schema[name] ?? "").length > 0).map((name) =>
      forbiddenField(`${field}.${name}`, "must be empty to be structural"),
    ),
    ...FALSE_WHERE_NESTED.filter((name) => schema[name] === true).map((name) =>
      forbiddenField(`${field}.${name}`, "must be false to be structural"),
    ),
    ...UNDEFINED_WHERE_NESTED.filter((name) => schema[name] !== undefined).map((name) =>
      forbiddenField(`${field}.${name}`, "must be undefined to be structural"),
    ),
    ...(Object.hasOwn(schema.properties ?? {}, "metadata")
      ? [forbiddenField(`${field}.properties[metadata]`, "must not be specified in a nested context")]
      : []),
  ];
}

/** What allOf and its like speak of must be declared outside. */
function completenessErrors(schema: JSONSchemaProps, declared: JSONSchemaProps, field: string): FieldError[] {
  return [
    ...junctorSchemas(schema).flatMap(({ schema: nested, path }) =>
      missingErrors(nested, declared, field, `${field}${path}`),
    ),
    ...childSchemas(schema).flatMap(({ schema: child, path }) => completenessErrors(child, child, `${field}${path}`)),
  ];
}

function missingErrors(nested: JSONSchemaProps, declared: JSONSchemaProps, at: string, from: string): FieldError[] {
  const items = asSchema(nested.items);
  const declaredItems = asSchema(declared.items);
  return [
    ...junctorSchemas(nested).flatMap((sub) => missingErrors(sub.schema, declared, at, `${from}${sub.path}`)),
    ...(items === undefined
      ? []
      : declaredItems === undefined
        ? [required(`${at}.items`, `because it is defined in ${from}.items`)]
        : missingErrors(items, declaredItems, `${at}.items`, `${from}.items`)),
    ...propertySchemas(nested).flatMap(({ schema, path }) => {
      const name = path.slice(".properties[".length, -1);
      const known = Object.hasOwn(declared.properties ?? {}, name) ? declared.properties?.[name] : undefined;
      return known === undefined
        ? [required(`${at}${path}`, `because it is defined in ${from}${path}`)]
        : missingErrors(schema, known, `${at}${path}`, `${from}${path}`);
    }),
  ];
}
