import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { builtInStrategies } from "../resources/all.ts";
import { definitionNameOf, definitions, refTarget, type Schema } from "./definitions.ts";
import { decodeProtobuf } from "./protobuf.ts";
import { encodeProtobuf } from "./protobuf-writer.ts";

const GOLDEN = join(import.meta.dirname, "../../test/golden/protobuf");
const names = readdirSync(GOLDEN)
  .filter((file) => file.endsWith(".pb"))
  .map((file) => file.slice(0, -3));

/** What has a form of its own in JSON. */
const SPECIAL: Readonly<Record<string, readonly unknown[]>> = {
  Quantity: ["1500m", "2Gi"],
  IntOrString: [8080, "25%"],
  Time: ["2026-01-02T03:04:05Z", "1969-12-31T23:59:59Z"],
  MicroTime: ["2026-01-02T03:04:05.678901Z"],
  RawExtension: [{ any: ["thing", 1.5, null] }],
  FieldsV1: [{ "f:metadata": { "f:labels": { ".": {}, "f:größe": {} } } }],
  JSON: [{ any: true }, "text", -1],
  JSONSchemaPropsOrArray: [{ type: "string" }, [{ type: "string" }, { type: "integer" }]],
  JSONSchemaPropsOrBool: [true, { type: "string" }],
  JSONSchemaPropsOrStringArray: [["a", "b"], { type: "string" }],
};
const SCALARS: Readonly<Record<string, readonly unknown[]>> = {
  string: ["text", "grüße 世界 🎉", "x".repeat(300)],
  integer: [7, -3, 2 ** 31 - 1, 300],
  number: [0.25, -1e300],
  boolean: [true],
};

/** Every field filled, with another value each time; what contains itself ends there. */
function filled(schema: Schema, path: readonly string[], next: () => number): unknown {
  const pick = (values: readonly unknown[]): unknown => values[next() % values.length];
  const child = (of: Schema = {}): unknown => filled(of, path, next);
  if (schema.$ref !== undefined) {
    const name = refTarget(schema.$ref);
    const special = SPECIAL[name.slice(name.lastIndexOf(".") + 1)];
    if (special !== undefined) return pick(special);
    return path.includes(name) ? {} : filled(definitions[name] ?? {}, [...path, name], next);
  }
  if (schema.format === "byte") return Buffer.from(`bytes ${next()}`).toString("base64");
  if (schema.items !== undefined) return [child(schema.items), child(schema.items)];
  const values = schema.additionalProperties;
  if (values !== undefined) return { b: child(values), a: child(values) };
  if (schema.properties === undefined) return pick(SCALARS[schema.type ?? ""] ?? [{}]);
  // What an object inside another says of its own kind has no place in protobuf.
  const isTyped = schema["x-kubernetes-group-version-kind"] !== undefined;
  const fields = Object.entries(schema.properties).filter(
    ([name]) => !isTyped || (name !== "kind" && name !== "apiVersion"),
  );
  return Object.fromEntries(fields.map(([name, field]) => [name, child(field)]));
}

/** Protobuf says zeros that JSON leaves out, and does not tell empty from missing. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value)
    .map(([key, child]) => [key, withoutZeros(child)] as const)
    .filter(([, child]) => child !== "" && child !== 0 && child !== false && !isEmpty(child));
  return Object.fromEntries(kept);
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

describe("protobuf answers", () => {
  it.each(
    builtInStrategies.map(({ resource }) => [`${resource.group}/${resource.version} ${resource.kind}`, resource]),
  )("bring every field of %s back as it was", (_name, { group, version, kind }) => {
    let count = 0;
    const definition = definitions[definitionNameOf({ group, version, kind }) ?? ""] ?? {};
    const body = filled(definition, [], () => count++) as object;
    const object = { ...body, kind, apiVersion: group === "" ? version : `${group}/${version}` };
    const bytes = encodeProtobuf(object);
    expect(count).toBeGreaterThan(10);
    expect(withoutZeros(decodeProtobuf(bytes ?? Buffer.alloc(0), undefined))).toEqual(withoutZeros(object));
  });

  it.each(names)("encode %s to upstream's bytes", (name) => {
    const json = JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), "utf8")) as object;
    expect(encodeProtobuf(json)?.toString("hex")).toBe(readFileSync(join(GOLDEN, `${name}.pb`)).toString("hex"));
  });
});
