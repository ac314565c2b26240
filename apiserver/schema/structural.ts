/**
 * Reads decoded JSON as Go reads it into its types: checks types, canonicalises quantities and times, drops what the
 * kind does not have, drops the zero values that Go would not print, and fills in those it always prints.
 *
 * One reader per definition is compiled from `definitions.json` when it is first needed and kept. Invariants:
 * R1  What comes out has the shape of `shared/api/generated`: fields that are always present there are present.
 * R2  `null` means absent; inside a list or a map it is the zero value of the element.
 * R3  Input is not changed; output shares no containers with it, except under "anything goes" fields.
 */
import { setOwn } from "../../shared/machinery/clone.ts";
import { definitions, goFieldsOf, refTarget, resolve, type Schema } from "./definitions.ts";
import { leafOfDefinition, leafOfScalar, type Mismatch, TypeMismatch, wireTypeOf } from "./leaf.ts";

/** One step of a path: a struct's field, a map's key, or an index. */
type Step = { readonly field: string } | { readonly key: string } | number;

interface Reading {
  readonly path: Step[];
  /** Name of the struct that holds each field of the path. */
  readonly owners: string[];
  /** Paths of fields that the kind does not have. */
  readonly unknownFields: string[];
  /** Makes the error of the value at the end of the path. */
  readonly mismatch: Mismatch;
}

type Read = (value: unknown, reading: Reading) => unknown;

interface Field {
  readonly step: Step;
  readonly read: Read;
  /** Zero values are not printed. */
  readonly dropsZero: boolean;
}

interface Reader {
  readonly read: Read;
  /** What Go has where nothing was given. */
  zero(): unknown;
}

const readers = new Map<string, Reader>();

export interface StructuralResult {
  readonly object: unknown;
  /** Paths as in `spec.containers[0].x`. */
  readonly unknownFields: string[];
}

/** Reads `value` as that definition. Throws `TypeMismatch` with Go's text. */
export function readAsDefinition(definition: string, value: unknown): StructuralResult {
  const reading = newReading();
  return { object: readerOf(definition).read(value, reading), unknownFields: reading.unknownFields };
}

function readerOf(definition: string): Reader {
  const known = readers.get(definition);
  if (known !== undefined) return known;
  const schema = definitions[definition] ?? {};
  const reader = schema.properties === undefined ? leafReader(definition) : structReader(definition, schema.properties);
  readers.set(definition, reader);
  return reader;
}

function leafReader(definition: string): Reader {
  const leaf = leafOfDefinition(definition);
  return {
    read: (value, reading) => leaf(value, reading.mismatch),
    zero: () => (definition.endsWith(".Quantity") ? "0" : definition.endsWith(".IntOrString") ? 0 : null),
  };
}

function structReader(definition: string, properties: Readonly<Record<string, Schema>>): Reader {
  const name = definition.slice(definition.lastIndexOf(".") + 1);
  let fields: Map<string, Field> | undefined;
  let always: { name: string; zero(): unknown }[] = [];
  const compile = (): Map<string, Field> => {
    fields = fieldsOf(definition, properties);
    always = (goFieldsOf(definition)?.always ?? []).map((field) => ({
      name: field,
      zero: () => zeroOf(properties[field] ?? {}),
    }));
    return fields;
  };
  const fill = (object: Record<string, unknown>): void => {
    for (const field of always) if (object[field.name] === undefined) object[field.name] = field.zero();
  };
  return {
    read: (value, reading) => {
      if (wireTypeOf(value) !== "object") throw reading.mismatch(value, goPackageName(definition));
      const known = fields ?? compile();
      const result: Record<string, unknown> = {};
      reading.owners.push(name);
      for (const [key, child] of Object.entries(value as object))
        readField(known.get(key), key, child, result, reading);
      reading.owners.pop();
      fill(result);
      return result;
    },
    zero: () => {
      if (fields === undefined) compile();
      const result: Record<string, unknown> = {};
      fill(result);
      return result;
    },
  };
}

function readField(
  field: Field | undefined,
  key: string,
  child: unknown,
  into: Record<string, unknown>,
  reading: Reading,
): void {
  if (field === undefined) {
    reading.unknownFields.push(pathText([...reading.path, { field: key }]));
    return;
  }
  if (child === null || child === undefined) return;
  reading.path.push(field.step);
  const value = field.read(child, reading);
  reading.path.pop();
  if (!field.dropsZero || !isZero(value)) into[key] = value;
}

function fieldsOf(definition: string, properties: Readonly<Record<string, Schema>>): Map<string, Field> {
  const facts = goFieldsOf(definition);
  const fields = new Map<string, Field>();
  for (const [name, schema] of Object.entries(properties)) {
    const keepsZero =
      facts === undefined ||
      facts.always?.includes(name) === true ||
      facts.pointers?.includes(name) === true ||
      resolve(schema).properties !== undefined ||
      isFreeForm(schema);
    fields.set(name, { step: { field: name }, read: readOf(schema), dropsZero: !keepsZero });
  }
  return fields;
}

/** Fields of any shape keep what they got. */
function isFreeForm(schema: Schema): boolean {
  const target = resolve(schema);
  return target.type === undefined || (target.type === "object" && target.additionalProperties === undefined);
}

function readOf(schema: Schema): Read {
  if (schema.$ref !== undefined) {
    const target = refTarget(schema.$ref);
    return (value, reading) => readerOf(target).read(value, reading);
  }
  if (schema.type === "array") return readList(schema.items ?? {});
  if (schema.type === "object" && schema.additionalProperties !== undefined)
    return readMap(schema.additionalProperties);
  const leaf = leafOfScalar(schema.type, schema.format);
  return (value, reading) => leaf(value, reading.mismatch);
}

function readList(items: Schema): Read {
  const readItem = readOf(items);
  return (value, reading) => {
    if (!Array.isArray(value)) throw reading.mismatch(value, `[]${goTypeOf(items)}`);
    return value.map((item: unknown, index) => {
      if (item === null) return zeroOf(items);
      reading.path.push(index);
      const result = readItem(item, reading);
      reading.path.pop();
      return result;
    });
  };
}

function readMap(values: Schema): Read {
  const readValue = readOf(values);
  return (value, reading) => {
    if (wireTypeOf(value) !== "object") throw reading.mismatch(value, `map[string]${goTypeOf(values)}`);
    const result: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(value as object)) {
      reading.path.push({ key });
      setOwn(result, key, child === null ? zeroOf(values) : readValue(child, reading));
      reading.path.pop();
    }
    return result;
  };
}

function isZero(value: unknown): boolean {
  if (value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function zeroOf(schema: Schema): unknown {
  if (schema.$ref !== undefined) return readerOf(refTarget(schema.$ref)).zero();
  switch (schema.type) {
    case "array":
      return [];
    case "string":
      return "";
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    case undefined:
    default:
      return {};
  }
}

function newReading(): Reading {
  const path: Step[] = [];
  const owners: string[] = [];
  const mismatch: Mismatch = (value, goType, wire = wireTypeOf(value)) => {
    const fields = path.flatMap((step) => (typeof step === "object" && "field" in step ? [step.field] : []));
    const owner = owners.at(-1);
    const place =
      owner === undefined || fields.length === 0 ? "Go value" : `Go struct field ${owner}.${fields.join(".")}`;
    return new TypeMismatch(`json: cannot unmarshal ${wire} into ${place} of type ${goType}`);
  };
  return { path, owners, unknownFields: [], mismatch };
}

function pathText(path: readonly Step[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    const name = "field" in step ? step.field : step.key;
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

/** `v1.PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
function goPackageName(definition: string): string {
  return definition.split(".").slice(-2).join(".");
}

function goTypeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return goPackageName(refTarget(schema.$ref));
  switch (schema.type) {
    case "array":
      return `[]${goTypeOf(schema.items ?? {})}`;
    case "object":
      return `map[string]${goTypeOf(schema.additionalProperties ?? {})}`;
    case "integer":
      return schema.format ?? "int64";
    case "number":
      return "float64";
    case "boolean":
      return "bool";
    case undefined:
    default:
      return schema.format === "byte" ? "[]uint8" : "string";
  }
}
