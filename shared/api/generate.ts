/**
 * Writes `shared/api/generated/<group>/<version>.ts` from `definitions.json`: one file per group-version,
 * one interface per definition. Run by `npm run generate`; `generate.test.ts` fails when the files drift.
 *
 * Two liberties make the types fit how objects look once they were read from the API: `metadata` of a kind has
 * a `name`, and `spec` of a kind is present. What a client sends may lack both: that is `Draft<T>`.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

interface Schema {
  type?: string;
  format?: string;
  $ref?: string;
  items?: Schema;
  additionalProperties?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[];
}

const HERE = import.meta.dirname;
const REF_PREFIX = "#/definitions/";
const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Definitions that are scalars or free-form on the wire, by their full name. */
const WIRE_TYPES: Record<string, string> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "string",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "number | string",
  "io.k8s.apimachinery.pkg.runtime.RawExtension": "unknown",
  [`${META}.Time`]: "string",
  [`${META}.MicroTime`]: "string",
  [`${META}.FieldsV1`]: "Record<string, unknown>",
  [`${META}.Patch`]: "unknown",
};

interface Module {
  path: string;
  names: string[];
}

function modulePathOf(definition: string): string | undefined {
  if (definition in WIRE_TYPES) return undefined;
  const segments = definition.split(".");
  const version = segments.at(-2) ?? "";
  const group = segments.at(-3) ?? "";
  if (!/^v\d+$/.test(version)) return definition.includes(".pkg.version.") ? "version/info" : undefined;
  return `${group}/${version}`;
}

function typeOf(schema: Schema, refer: (definition: string) => string): string {
  if (schema.$ref !== undefined) return refer(schema.$ref.slice(REF_PREFIX.length));
  if (schema.type === "array") return `${parenthesised(typeOf(schema.items ?? {}, refer))}[]`;
  if (schema.type === "object") {
    return `Record<string, ${typeOf(schema.additionalProperties ?? {}, refer)}>`;
  }
  if (schema.type === "integer" || schema.type === "number") return "number";
  if (schema.type === "boolean") return "boolean";
  if (schema.type === "string") return schema.format === "int-or-string" ? "number | string" : "string";
  return "unknown";
}

function parenthesised(type: string): string {
  return type.includes(" ") && !type.startsWith("Record<") ? `(${type})` : type;
}

function isKind(schema: Schema): boolean {
  return (
    schema.properties?.["metadata"]?.$ref === `${REF_PREFIX}${META}.ObjectMeta` &&
    schema.properties["kind"] !== undefined
  );
}

function fieldLine(owner: Schema, field: string, refer: (definition: string) => string): string {
  const schema = owner.properties?.[field] ?? {};
  const quoted = /^[A-Za-z_$][\w$]*$/.test(field) ? field : JSON.stringify(field);
  if (isKind(owner) && field === "metadata") return `  metadata: ${refer(`${META}.ObjectMeta`)} & { name: string };`;
  const required = owner.required?.includes(field) === true || (isKind(owner) && field === "spec");
  const type = typeOf(schema, refer);
  return required ? `  ${quoted}: ${type};` : `  ${quoted}?: ${type} | undefined;`;
}

function renderModule(module: Module, definitions: Record<string, Schema>): string {
  const imports = new Map<string, Set<string>>();
  const refer = (definition: string): string => {
    const wire = WIRE_TYPES[definition];
    if (wire !== undefined) return wire;
    const path = modulePathOf(definition);
    const name = definition.split(".").at(-1) ?? "";
    if (path === undefined) return "unknown";
    if (path !== module.path) {
      const names = imports.get(path) ?? new Set<string>();
      imports.set(path, names.add(name));
    }
    return name;
  };
  const bodies = module.names.map((definition) => {
    const schema = definitions[definition] ?? {};
    const name = definition.split(".").at(-1) ?? "";
    if (schema.properties === undefined) return `export type ${name} = ${typeOf(schema, refer)};\n`;
    const lines = Object.keys(schema.properties).map((field) => fieldLine(schema, field, refer));
    return `export interface ${name} {\n${lines.join("\n")}\n}\n`;
  });
  const importLines = [...imports].map(
    ([path, names]) => `import type { ${[...names].sort().join(", ")} } from "../${path}.ts";`,
  );
  return ["// Generated from definitions.json by `npm run generate`: do not edit.", ...importLines, "", ...bodies].join(
    "\n",
  );
}

/** All modules as path (below `generated/`) to text. */
export function renderTypes(): Map<string, string> {
  const { definitions } = JSON.parse(readFileSync(join(HERE, "definitions.json"), "utf8")) as {
    definitions: Record<string, Schema>;
  };
  const modules = new Map<string, Module>();
  for (const definition of Object.keys(definitions)) {
    const path = modulePathOf(definition);
    if (path === undefined) continue;
    const module = modules.get(path) ?? { path, names: [] };
    module.names.push(definition);
    modules.set(path, module);
  }
  return new Map([...modules.values()].map((module) => [`${module.path}.ts`, renderModule(module, definitions)]));
}

if (import.meta.main) {
  const root = join(HERE, "generated");
  rmSync(root, { recursive: true, force: true });
  for (const [path, text] of renderTypes()) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
