/**
 * Kubernetes protobuf made of JSON, as a Go client would send it: written from the field numbers alone, so that the
 * server's reader is not tested with itself. What JSON writes in a form of its own (times, quantities) is known here.
 */
import { readFileSync } from "node:fs";

type Fields = Readonly<Record<string, readonly [number, string]>>;

const MESSAGES = JSON.parse(
  readFileSync(new URL("../../shared/api/protobuf-fields.json", import.meta.url), "utf8"),
) as Readonly<Record<string, Fields>>;
const DEFINITIONS = (
  JSON.parse(readFileSync(new URL("../../shared/api/definitions.json", import.meta.url), "utf8")) as {
    definitions: Readonly<Record<string, { "x-kubernetes-group-version-kind"?: readonly Kind[] }>>;
  }
).definitions;
const MAGIC = Buffer.from("6b387300", "hex");
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

const tagged = (number: number, wireType: number, payload: Buffer): Buffer =>
  Buffer.concat([varint(BigInt(number * 8 + wireType)), payload]);
const delimited = (number: number, payload: Buffer): Buffer =>
  tagged(number, BYTES, Buffer.concat([varint(BigInt(payload.length)), payload]));

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Fields of the message for what JSON writes otherwise. */
const FORMS: Readonly<Record<string, (value: unknown) => Record<string, unknown>>> = {
  "resource.Quantity": (value) => ({ string: String(value) }),
  "intstr.IntOrString": (value) =>
    typeof value === "number" ? { type: 0, intVal: value } : { type: 1, strVal: value },
  "runtime.RawExtension": (value) => ({ raw: json(value).toString("base64") }),
  "v1.FieldsV1": (value) => ({ Raw: json(value).toString("base64") }),
  "v1.Time": (value) => ({ seconds: Math.floor(Date.parse(String(value)) / 1000) }),
  "v1.MicroTime": (value) => ({ seconds: Math.floor(Date.parse(String(value)) / 1000) }),
  "v1.JSON": (value) => ({ raw: json(value).toString("base64") }),
  "v1.JSONSchemaPropsOrArray": (value) => (Array.isArray(value) ? { jSONSchemas: value } : { schema: value }),
  "v1.JSONSchemaPropsOrBool": (value) =>
    typeof value === "boolean" ? { allows: value } : { allows: true, schema: value },
  "v1.JSONSchemaPropsOrStringArray": (value) => (Array.isArray(value) ? { property: value } : { schema: value }),
};

function typeName(type: string, message: string): string {
  const bare = type.replace(/^\./u, "");
  return bare.includes(".") ? bare : `${message.slice(0, message.lastIndexOf("."))}.${bare}`;
}

function encodeValue(number: number, type: string, value: unknown, message: string): Buffer {
  switch (type) {
    case "string":
      return delimited(number, Buffer.from(String(value)));
    case "bytes":
      return delimited(number, Buffer.from(String(value), "base64"));
    case "bool":
      return tagged(number, VARINT, varint(value === true ? 1n : 0n));
    case "int32":
    case "int64":
      return tagged(number, VARINT, varint(BigInt(Number(value))));
    case "double": {
      const payload = Buffer.alloc(8);
      payload.writeDoubleLE(Number(value));
      return tagged(number, FIXED64, payload);
    }
    default:
      return delimited(number, encodeMessage(typeName(type, message), value));
  }
}

function encodeField(number: number, type: string, value: unknown, message: string): Buffer {
  if (type.startsWith("repeated ")) {
    const items = value as readonly unknown[];
    return Buffer.concat(items.map((item) => encodeValue(number, type.slice("repeated ".length), item, message)));
  }
  const map = /^map<(\w+),(.+)>$/u.exec(type);
  if (map === null) return encodeValue(number, type, value, message);
  return Buffer.concat(
    Object.entries(value as object).map(([key, item]) =>
      delimited(number, Buffer.concat([delimited(1, Buffer.from(key)), encodeValue(2, map[2] ?? "", item, message)])),
    ),
  );
}

/** Names differ in case here and there. */
function fieldOf(fields: Fields, name: string): readonly [number, string] | undefined {
  return Object.entries(fields).find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
}

/** Whether that message has such a field, or embeds one that has it. */
function holdsField(message: string, name: string): boolean {
  const fields = MESSAGES[message] ?? {};
  if (fieldOf(fields, name) !== undefined) return true;
  return (
    message.endsWith("RuleWithOperations") &&
    fieldOf(MESSAGES["k8s.io.api.admissionregistration.v1.Rule"] ?? {}, name) !== undefined
  );
}

function encodeMessage(message: string, value: unknown): Buffer {
  const fields = MESSAGES[message] ?? {};
  const form = FORMS[message.split(".").slice(-2).join(".")];
  // `ExtraValue` and its like are lists that protobuf has to wrap.
  const object = form === undefined ? (Array.isArray(value) ? { items: value } : (value as object)) : form(value);
  const parts: Buffer[] = [];
  const rest: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(object)) {
    if (child === undefined || child === null) continue;
    const field = fieldOf(fields, name);
    if (field === undefined) rest[name] = child;
    else parts.push(encodeField(field[0], field[1], child, message));
  }
  // What JSON has on this level and the message has not belongs to structs that Go embeds.
  for (const [number, type] of Object.values(fields)) {
    const target = typeName(type, message);
    const own = Object.entries(rest).filter(([name]) => holdsField(target, name));
    for (const [name] of own) delete rest[name];
    if (own.length > 0) parts.push(delimited(number, encodeMessage(target, Object.fromEntries(own))));
  }
  return Buffer.concat(parts);
}

/** The enveloped bytes of an object of that kind. */
export function protobufOf({ group, version, kind }: Kind, object: object): Buffer {
  const definition = Object.entries(DEFINITIONS).find(([, schema]) =>
    schema["x-kubernetes-group-version-kind"]?.some(
      (one) => one.group === group && one.version === version && one.kind === kind,
    ),
  )?.[0];
  const message = (definition ?? "").replace(/^io\.k8s\./u, "k8s.io.").replaceAll("-", "_");
  const { apiVersion: _apiVersion, kind: _kind, ...fields } = object as Record<string, unknown>;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const typeMeta = Buffer.concat([delimited(1, Buffer.from(apiVersion)), delimited(2, Buffer.from(kind))]);
  return Buffer.concat([MAGIC, delimited(1, typeMeta), delimited(2, encodeMessage(message, fields))]);
}
