/**
 * The defaults that the schema itself carries. There are few: most of Kubernetes' defaulting is code, in
 * `resources/<group>/<kind>.ts`. Upstream uses these for server-side apply's map keys.
 */
import { clone } from "../../shared/machinery/clone.ts";
import {
  definitionNameOf,
  definitions,
  type GroupVersionKind,
  refTarget,
  resolve,
  type Schema,
} from "./definitions.ts";

/** Sets missing fields that have a default in the schema, in place. */
export function applySchemaDefaults(gvk: GroupVersionKind, object: unknown): void {
  const definition = definitionNameOf(gvk);
  if (definition !== undefined && hasDefaults(definition)) fill({ $ref: `#/definitions/${definition}` }, object);
}

const known = new Map<string, boolean>();

/** Whether a default can be met below that definition; most have none. */
function hasDefaults(definition: string): boolean {
  const answer = known.get(definition);
  if (answer !== undefined) return answer;
  known.set(definition, false); // Ends the recursion of definitions that contain themselves.
  const found = schemaHasDefaults(definitions[definition] ?? {});
  known.set(definition, found);
  return found;
}

function schemaHasDefaults(schema: Schema): boolean {
  if (schema.default !== undefined) return true;
  if (schema.$ref !== undefined) return hasDefaults(refTarget(schema.$ref));
  const children = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(schema.additionalProperties === undefined ? [] : [schema.additionalProperties]),
  ];
  return children.some(schemaHasDefaults);
}

function fill(schema: Schema, value: unknown): void {
  if (typeof value !== "object" || value === null || !schemaHasDefaults(schema)) return;
  const target = resolve(schema);
  if (Array.isArray(value)) {
    for (const item of value) fill(target.items ?? {}, item);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const [name, property] of Object.entries(target.properties ?? {})) {
    if (object[name] === undefined && property.default !== undefined && property.$ref === undefined)
      object[name] = clone(property.default);
    else fill(property, object[name]);
  }
  if (target.additionalProperties !== undefined)
    for (const child of Object.values(object)) fill(target.additionalProperties, child);
}
