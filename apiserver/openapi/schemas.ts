/** Definitions as the two versions of OpenAPI write them: with descriptions, and in version 3 with `allOf` around references. */
import { definitions, goFieldsOf, refTarget, type Schema } from "../schema/definitions.ts";
import { type Descriptions, descriptionsOf } from "./descriptions.ts";

type Json = Record<string, unknown>;

/** The names and all that they refer to, sorted. */
export function reachable(names: Iterable<string>): string[] {
  const found = new Set<string>();
  const pending = [...names];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const schema = definitions[name];
    if (schema === undefined || found.has(name)) continue;
    found.add(name);
    collectRefs(schema, pending);
  }
  return [...found].toSorted();
}

function collectRefs(schema: Schema, into: string[]): void {
  if (schema.$ref !== undefined) into.push(refTarget(schema.$ref));
  for (const property of Object.values(schema.properties ?? {})) collectRefs(property, into);
  if (schema.items !== undefined) collectRefs(schema.items, into);
  if (schema.additionalProperties !== undefined) collectRefs(schema.additionalProperties, into);
}

function withDescription(schema: object, text: string | undefined): Json {
  return text === undefined || text === "" ? { ...schema } : { description: text, ...schema };
}

/** The field's own text; for a struct that has none, the first sentence about its type. */
function textOfField(texts: Descriptions, field: string, schema: Schema): string | undefined {
  const own = texts.fields.get(field);
  if (own !== undefined || schema.$ref === undefined) return own;
  return descriptionsOf(refTarget(schema.$ref)).own?.split(/(?<=\.)\s/u)[0];
}

/** `definitions` of version 2. */
export function definitionsV2(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, definitionV2(definitions[name] ?? {}, descriptionsOf(name))]));
}

function definitionV2(schema: Schema, texts: Descriptions): Json {
  const properties = Object.entries(schema.properties ?? {}).map(([field, property]) => [
    field,
    withDescription(property, textOfField(texts, field, property)),
  ]);
  return withDescription(
    { ...schema, ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) as Json }) },
    texts.own,
  );
}

const V3_PREFIX = "#/components/schemas/";
const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
/** Types that JSON may write in two ways. */
const ONE_OF: Readonly<Record<string, object>> = {
  [QUANTITY]: { oneOf: [{ type: "string" }, { type: "number" }] },
  [INT_OR_STRING]: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
};

/** `components.schemas` of version 3. */
export function schemasV3(names: readonly string[]): Json {
  return Object.fromEntries(
    names.map((name) => [name, definitionV3(name, definitions[name] ?? {}, descriptionsOf(name))]),
  );
}

function definitionV3(name: string, schema: Schema, texts: Descriptions): Json {
  const special = ONE_OF[name];
  if (special !== undefined) return withDescription(special, texts.own);
  const always = new Set(goFieldsOf(name)?.always ?? []);
  const properties = Object.entries(schema.properties ?? {}).map(([field, property]) => [
    field,
    withDescription(schemaV3(property, always.has(field)), textOfField(texts, field, property)),
  ]);
  const { properties: _, ...rest } = schema;
  return withDescription(
    { ...rest, ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) as Json }) },
    texts.own,
  );
}

function schemaV3(schema: Schema, hasEmptyDefault: boolean): Json {
  const { $ref, items, additionalProperties, ...rest } = schema;
  if ($ref !== undefined) {
    const reference = { allOf: [{ $ref: V3_PREFIX + refTarget($ref) }] };
    return hasEmptyDefault && definitions[refTarget($ref)]?.properties !== undefined
      ? { ...rest, ...reference, default: {} }
      : { ...rest, ...reference };
  }
  return {
    ...rest,
    ...(items === undefined ? {} : { items: elementV3(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: elementV3(additionalProperties) }),
  };
}

/** Elements of lists and maps: structs default to an empty one, as upstream prints them. */
function elementV3(schema: Schema): Json {
  return schemaV3(schema, true);
}
