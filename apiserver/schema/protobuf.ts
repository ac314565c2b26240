/**
 * Protobuf bodies (D9): the envelope of `apimachinery/pkg/runtime/serializer/protobuf`, and messages decoded straight
 * into the JSON form of their kind. Zero values stay in; `structural.ts` drops them.
 *
 * P1  Nesting is bounded. P2  Unknown fields are skipped. P3  Whatever is wrong with the bytes is a `ProtobufError`.
 */
import { Reader } from "protobufjs/minimal.js";
import { setOwn } from "../../shared/machinery/clone.ts";
import { exactInteger, parseJson } from "../../shared/machinery/lossless-json.ts";
import { apiVersionOf } from "../../shared/resources/resource.ts";
import { type GroupVersionKind, parseApiVersion } from "./definitions.ts";
import {
  APIEXTENSIONS_MESSAGES,
  fieldsOfMessage,
  isItemsOnly,
  MAGIC,
  type MessageField,
  messageNameOf,
  META_MESSAGES,
  UNKNOWN,
} from "./protobuf-messages.ts";
import { microTimeFromUnix, timeFromUnix } from "./time.ts";

const DEPTH_MAX = 100;

/** The bytes are no Kubernetes protobuf. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

type ReadValue = (reader: Reader, depth: number) => unknown;
/** How one field goes into the object around it. */
type ReadField = (into: Record<string, unknown>, reader: Reader, wireType: number, depth: number) => void;

const decoders = new Map<string, Map<number, ReadField>>();

/** Takes the envelope off and decodes what is in it; `expected` is used when the envelope names no kind. */
export function decodeProtobuf(bytes: Uint8Array, expected: GroupVersionKind | undefined): unknown {
  if (bytes.length < MAGIC.length || MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw new ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  try {
    const envelope = decodeMessage(
      UNKNOWN,
      Reader.create(bytes.subarray(MAGIC.length)),
      bytes.length - MAGIC.length,
      0,
    );
    return decodeEnvelope(envelope, expected);
  } catch (error) {
    if (error instanceof ProtobufError) throw error;
    throw new ProtobufError(
      error instanceof RangeError
        ? "unexpected EOF"
        : `proto: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function decodeEnvelope(envelope: Record<string, unknown>, expected: GroupVersionKind | undefined): unknown {
  const typeMeta = (envelope["typeMeta"] ?? {}) as { apiVersion?: string; kind?: string };
  const groupVersion = parseApiVersion(typeMeta.apiVersion ?? "");
  if (groupVersion === undefined) throw new ProtobufError(`unexpected GroupVersion string: ${typeMeta.apiVersion}`);
  const hasVersion = groupVersion.version !== "";
  const gvk = {
    group: hasVersion ? groupVersion.group : (expected?.group ?? ""),
    version: hasVersion ? groupVersion.version : (expected?.version ?? ""),
    kind: typeMeta.kind === undefined || typeMeta.kind === "" ? (expected?.kind ?? "") : typeMeta.kind,
  };
  const named = { kind: gvk.kind, apiVersion: apiVersionOf(gvk) };
  const message = messageNameOf(gvk);
  if (message === undefined) return named;
  const raw = Buffer.from(typeof envelope["raw"] === "string" ? envelope["raw"] : "", "base64");
  return { ...named, ...decodeMessage(message, Reader.create(raw), raw.length, 0) };
}

function decodeMessage(message: string, reader: Reader, end: number, depth: number): Record<string, unknown> {
  const into: Record<string, unknown> = {};
  decodeInto(into, message, reader, end, depth);
  return into;
}

function decodeInto(into: Record<string, unknown>, message: string, reader: Reader, end: number, depth: number): void {
  if (depth > DEPTH_MAX) throw new ProtobufError("proto: nesting is too deep");
  const fields = decoderOf(message);
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = fields.get(tag >>> 3);
    if (field === undefined) reader.skipType(tag & 7);
    else field(into, reader, tag & 7, depth);
  }
  if (reader.pos > end) throw new RangeError("message overruns its length");
}

function decoderOf(message: string): Map<number, ReadField> {
  const known = decoders.get(message);
  if (known !== undefined) return known;
  const fields = new Map(fieldsOfMessage(message).map((field) => [field.number, fieldReader(field)]));
  decoders.set(message, fields);
  return fields;
}

function embeddedField(type: string): ReadField {
  return (into, reader, _wireType, depth) => {
    const length = reader.uint32();
    decodeInto(into, type, reader, reader.pos + length, depth + 1);
  };
}

function fieldReader({ name, shape, type }: MessageField): ReadField {
  if (shape === "embedded") return embeddedField(type);
  if (shape === "map") return mapField(name, type);
  if (shape === "repeated") return repeatedField(name, type);
  const read = valueReader(type);
  return (into, reader, _wireType, depth) => {
    const value = read(reader, depth);
    if (value !== undefined) into[name] = value;
  };
}

const PACKABLE = new Set(["bool", "int32", "int64"]);
const LENGTH_DELIMITED = 2;

function repeatedField(name: string, type: string): ReadField {
  const read = valueReader(type);
  return (into, reader, wireType, depth) => {
    const list = (into[name] ??= []) as unknown[];
    if (wireType !== LENGTH_DELIMITED || !PACKABLE.has(type)) {
      list.push(read(reader, depth) ?? null);
      return;
    }
    const length = reader.uint32();
    for (const end = reader.pos + length; reader.pos < end; ) list.push(read(reader, depth));
  };
}

function mapField(name: string, type: string): ReadField {
  const read = valueReader(type);
  return (into, reader, _wireType, depth) => {
    const map = (into[name] ??= {}) as Record<string, unknown>;
    const length = reader.uint32();
    const end = reader.pos + length;
    let key = "";
    let value: unknown = null;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag >>> 3 === 1) key = reader.string();
      else if (tag >>> 3 === 2) value = read(reader, depth) ?? null;
      else reader.skipType(tag & 7);
    }
    setOwn(map, key, value);
  };
}

function valueReader(type: string): ReadValue {
  switch (type) {
    case "string":
      return (reader) => reader.string();
    case "bool":
      return (reader) => reader.bool();
    case "int32":
      return (reader) => reader.int32();
    case "int64":
      return (reader) => exactInt64(reader.int64());
    case "double":
      return (reader) => reader.double();
    case "bytes":
      return (reader) => Buffer.from(reader.bytes()).toString("base64");
    default:
      return messageReader(type, SPECIAL[type] ?? (isItemsOnly(type) ? (fields) => fields["items"] ?? [] : undefined));
  }
}

/** protobufjs gives halves where a double may not do. */
function exactInt64(value: number | { readonly low: number; readonly high: number }): unknown {
  if (typeof value === "number") return value;
  return exactInteger(((BigInt(value.high) << 32n) | BigInt(value.low >>> 0)).toString());
}

type FromFields = (fields: Record<string, unknown>) => unknown;

function messageReader(type: string, convert: FromFields | undefined): ReadValue {
  return (reader, depth) => {
    const length = reader.uint32();
    const fields = decodeMessage(type, reader, reader.pos + length, depth + 1);
    return convert === undefined ? fields : convert(fields);
  };
}

const rawJson =
  (field: string): FromFields =>
  (fields) => {
    const text = Buffer.from(typeof fields[field] === "string" ? fields[field] : "", "base64");
    if (text.length === 0) return undefined;
    return text[0] === MAGIC[0] ? decodeProtobuf(text, undefined) : parseJson(text).value;
  };

/** A schema or a list of something: the list is there when it is not empty. */
const schemaOr =
  (list: string): FromFields =>
  (fields) =>
    fields["schema"] ?? fields[list] ?? [];

/** Types that JSON writes in a form of their own. */
const SPECIAL: Readonly<Record<string, FromFields>> = {
  "k8s.io.apimachinery.pkg.api.resource.Quantity": (fields) => fields["string"] ?? "0",
  "k8s.io.apimachinery.pkg.util.intstr.IntOrString": (fields) =>
    fields["type"] === 1 ? (fields["strVal"] ?? "") : (fields["intVal"] ?? 0),
  "k8s.io.apimachinery.pkg.runtime.RawExtension": rawJson("raw"),
  [`${META_MESSAGES}.FieldsV1`]: rawJson("Raw"),
  [`${APIEXTENSIONS_MESSAGES}.JSON`]: rawJson("raw"),
  [`${APIEXTENSIONS_MESSAGES}.JSONSchemaPropsOrArray`]: schemaOr("jSONSchemas"),
  [`${APIEXTENSIONS_MESSAGES}.JSONSchemaPropsOrBool`]: (fields) => fields["schema"] ?? fields["allows"] ?? false,
  [`${APIEXTENSIONS_MESSAGES}.JSONSchemaPropsOrStringArray`]: schemaOr("property"),
  [`${META_MESSAGES}.Time`]: (fields) =>
    Object.keys(fields).length === 0 ? undefined : timeFromUnix(Number(fields["seconds"] ?? 0)),
  [`${META_MESSAGES}.MicroTime`]: (fields) =>
    Object.keys(fields).length === 0
      ? undefined
      : microTimeFromUnix(Number(fields["seconds"] ?? 0), Number(fields["nanos"] ?? 0)),
};
