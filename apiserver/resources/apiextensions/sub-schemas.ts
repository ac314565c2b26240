import type { JSONSchemaProps } from "../../../shared/api/generated/apiextensions/v1.ts";

/** A schema inside another, with the rest of its field path. */
export interface SubSchema {
  readonly schema: JSONSchemaProps;
  readonly path: string;
}

/** `items` and `additionalProperties` may be something else than a schema: a list, a boolean. */
export function asSchema(value: unknown): JSONSchemaProps | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

export function propertySchemas({ properties = {} }: JSONSchemaProps): SubSchema[] {
  return Object.entries(properties).map(([name, schema]) => ({ schema, path: `.properties[${name}]` }));
}

/** What says more about the same value: all but the properties, items and values below it. */
export function junctorSchemas({ allOf = [], anyOf = [], oneOf = [], not }: JSONSchemaProps): SubSchema[] {
  const listed = { allOf, anyOf, oneOf };
  return [
    ...Object.entries(listed).flatMap(([name, schemas]) =>
      schemas.map((schema, index) => ({ schema, path: `.${name}[${index}]` })),
    ),
    ...(not === undefined ? [] : [{ schema: not, path: ".not" }]),
  ];
}

export function childSchemas(schema: JSONSchemaProps): SubSchema[] {
  const items = asSchema(schema.items);
  const values = asSchema(schema.additionalProperties);
  return [
    ...propertySchemas(schema),
    ...(values === undefined ? [] : [{ schema: values, path: ".additionalProperties" }]),
    ...(items === undefined ? [] : [{ schema: items, path: ".items" }]),
  ];
}
