/** Finding one's way in `shared/api/definitions.json`: from a kind to its definition, from a `$ref` to its target. */
import definitionsFile from "../../shared/api/definitions.json" with { type: "json" };
import goFieldsFile from "../../shared/api/go-fields.json" with { type: "json" };

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly $ref?: string;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly "x-kubernetes-group-version-kind"?: readonly GroupVersionKind[];
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
}

/**
 * What Go's types say beyond the schema. `always` fields are printed even when they hold the zero value, and a
 * missing one is the zero value; scalars under `pointers` tell "zero" from "not set".
 */
export interface GoFields {
  readonly always?: readonly string[];
  readonly pointers?: readonly string[];
}

export const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const REF_PREFIX = "#/definitions/";
const goFields: Readonly<Record<string, GoFields>> = goFieldsFile;
export const definitions = (definitionsFile as unknown as { definitions: Readonly<Record<string, Schema>> })
  .definitions;

let byKind: Map<string, string> | undefined;

function keyOf({ group, version, kind }: GroupVersionKind): string {
  return `${group}/${version}/${kind}`;
}

/** Kinds that are read in an older version than the one that is described (kubectl before 1.22 evicts in v1beta1). */
const OLDER_KINDS: Readonly<Record<string, string>> = { "policy/v1beta1/Eviction": "policy/v1/Eviction" };

/** Name of the definition of a kind, or undefined when no such kind is known. */
export function definitionNameOf(gvk: GroupVersionKind): string | undefined {
  if (byKind === undefined) {
    byKind = new Map();
    for (const [name, schema] of Object.entries(definitions)) {
      for (const known of schema["x-kubernetes-group-version-kind"] ?? []) byKind.set(keyOf(known), name);
    }
  }
  const key = keyOf(gvk);
  return byKind.get(OLDER_KINDS[key] ?? key);
}

/** Name of the definition that `$ref` points to. */
export function refTarget(ref: string): string {
  return ref.slice(REF_PREFIX.length);
}

/** Follows `$ref`s to the schema itself. */
export function resolve(schema: Schema): Schema {
  return schema.$ref === undefined ? schema : (definitions[refTarget(schema.$ref)] ?? {});
}

/** Undefined for definitions whose Go types are not known. */
export function goFieldsOf(definition: string): GoFields | undefined {
  return goFields[definition] ?? (definition.startsWith("io.k8s.api.") || definition.startsWith(META) ? {} : undefined);
}

/** `apps/v1` or `v1` taken apart; undefined when it has more than one slash. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } | undefined {
  const parts = apiVersion.split("/");
  if (parts.length === 1) return { group: "", version: apiVersion };
  const [group = "", version = ""] = parts;
  return parts.length === 2 ? { group, version } : undefined;
}
