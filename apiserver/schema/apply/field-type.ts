/**
 * What server-side apply has to know of a schema: which values are owned as a whole, and which by their parts
 * (`x-kubernetes-list-type`, `x-kubernetes-map-type` and, where they say nothing, the merge keys of strategic merge;
 * upstream: `kube-openapi/pkg/schemaconv`, structured-merge-diff `schema`).
 */
import { definitionNameOf, definitions, type GroupVersionKind, refTarget, type Schema } from "../definitions.ts";

/** A list's item is known by these fields; what an item leaves out has the default. */
export interface ListKey {
  readonly name: string;
  readonly default: unknown;
}

export type FieldType =
  /** Owned as a whole: scalars, atomic maps and lists. */
  | { readonly kind: "leaf"; readonly wants: LeafShape }
  /** Fields of an object of a known shape. */
  | { readonly kind: "struct"; field(name: string): FieldType | undefined }
  /** Entries of a map. */
  | { readonly kind: "map"; readonly element: FieldType }
  /** Items that are their own identity. */
  | { readonly kind: "set"; readonly element: FieldType }
  /** Items that their key fields identify. */
  | { readonly kind: "list"; readonly keys: readonly ListKey[]; readonly element: FieldType }
  /** No schema: objects are maps, lists are owned as a whole. */
  | { readonly kind: "untyped" };

/** What a leaf may hold. */
export type LeafShape = "string" | "number" | "boolean" | "list" | "map" | "any";

const UNTYPED: FieldType = { kind: "untyped" };
const ANY: FieldType = { kind: "leaf", wants: "any" };
const FREE_SCALARS = /\.(?:Quantity|Time|MicroTime|IntOrString)$/u;
const byDefinition = new Map<string, FieldType>();

/** Type of the objects of a kind; kinds that are not known have no schema. */
export function fieldTypeOfKind(gvk: GroupVersionKind): FieldType {
  const definition = definitionNameOf(gvk);
  return definition === undefined ? UNTYPED : fieldTypeOfDefinition(definition);
}

function fieldTypeOfDefinition(name: string): FieldType {
  const known = byDefinition.get(name);
  if (known !== undefined) return known;
  // Quantities, times and the like are read from more than their schema says.
  const type = FREE_SCALARS.test(name) ? ANY : fieldTypeOf(definitions[name] ?? {});
  byDefinition.set(name, type);
  return type;
}

/** Type of the values of a schema. Fields of objects are looked at when they are asked for: schemas may be recursive. */
export function fieldTypeOf(schema: Schema): FieldType {
  if (schema.$ref !== undefined) {
    const type = fieldTypeOfDefinition(refTarget(schema.$ref));
    const isAtomic = schema["x-kubernetes-map-type"] === "atomic" && type.kind !== "leaf";
    return isAtomic ? { kind: "leaf", wants: "map" } : type;
  }
  if (schema.type === "array") return listType(schema);
  if (schema.type === undefined || schema.type === "object") return mapType(schema);
  return { kind: "leaf", wants: scalarShape(schema) };
}

function scalarShape({ type, format }: Schema): LeafShape {
  if (type === "integer" || type === "number") return "number";
  if (type === "boolean") return "boolean";
  return format === undefined || format === "byte" ? "string" : "any";
}

function mapType(schema: Schema): FieldType {
  const isAtomic = schema["x-kubernetes-map-type"] === "atomic";
  if (isAtomic) return { kind: "leaf", wants: "map" };
  if (schema.properties !== undefined) return structType(schema.properties);
  if (schema.additionalProperties !== undefined)
    return { kind: "map", element: fieldTypeOf(schema.additionalProperties) };
  return UNTYPED;
}

function structType(properties: Readonly<Record<string, Schema>>): FieldType {
  const fields = new Map<string, FieldType>();
  return {
    kind: "struct",
    field: (name) => {
      const known = fields.get(name);
      if (known !== undefined) return known;
      const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (schema === undefined) return undefined;
      const type = fieldTypeOf(schema);
      fields.set(name, type);
      return type;
    },
  };
}

function listType(schema: Schema): FieldType {
  const items = schema.items ?? {};
  const mergeKey = schema["x-kubernetes-patch-merge-key"];
  const isMerged = (schema["x-kubernetes-patch-strategy"] ?? "").split(",").includes("merge");
  const declared = schema["x-kubernetes-list-type"];
  const listKind = declared ?? (isMerged ? (mergeKey === undefined ? "set" : "map") : "atomic");
  if (listKind === "set") return { kind: "set", element: fieldTypeOf(items) };
  const names = schema["x-kubernetes-list-map-keys"] ?? (mergeKey === undefined ? [] : [mergeKey]);
  if (listKind !== "map" || names.length === 0) return { kind: "leaf", wants: "list" };
  const properties = (items.$ref === undefined ? items : (definitions[refTarget(items.$ref)] ?? {})).properties ?? {};
  const keys = names.map((name) => ({ name, default: properties[name]?.default })).sort(byName);
  return { kind: "list", keys, element: fieldTypeOf(items) };
}

function byName(left: ListKey, right: ListKey): number {
  return left.name < right.name ? -1 : 1;
}
