/**
 * Objects as Kubernetes protobuf, byte for byte as upstream's generated code writes them: fields in the order of their
 * numbers, maps sorted, scalars that are no pointers in Go also when they are zero. The inverse of `protobuf.ts`.
 */
import type { ListMeta } from "../../shared/api/generated/meta/v1.ts";
import { invariant } from "../../shared/errors/invariant.ts";
import { rawNumberText, stringifyJson } from "../../shared/machinery/lossless-json.ts";
import { goFieldsOf, type GroupVersionKind, parseApiVersion } from "./definitions.ts";
import { BackwardBytes } from "./protobuf-bytes.ts";
import {
  APIEXTENSIONS_MESSAGES,
  definitionOfMessage,
  fieldsOfMessage,
  isItemsOnly,
  MAGIC,
  type MessageField,
  messageNameOf,
  META_MESSAGES,
} from "./protobuf-messages.ts";
import { unixOf } from "./time.ts";

type Fields = Readonly<Record<string, unknown>>;
/** Writes a value with its length, where it has one, but without its tag. */
type WriteValue = (into: BackwardBytes, value: unknown) => void;
type WriteField = (into: BackwardBytes, object: Fields) => void;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

const out = new BackwardBytes();
const encoders = new Map<string, readonly WriteField[]>();

/** An object that says what it is, in its envelope; nothing when its kind has no protobuf form. */
export function encodeProtobuf(object: object): Buffer | undefined {
  // `APIVersions` says its kind alone.
  const { kind, apiVersion = "" } = object as { readonly kind?: unknown; readonly apiVersion?: unknown };
  if (typeof kind !== "string" || typeof apiVersion !== "string") return undefined;
  const groupVersion = parseApiVersion(apiVersion === "" ? "v1" : apiVersion);
  if (groupVersion === undefined || !hasProtobuf({ ...groupVersion, kind })) return undefined;
  return inEnvelope(kind, apiVersion, encodeMessage({ ...groupVersion, kind }, object));
}

export function inEnvelope(kind: string, apiVersion: string, message: Buffer): Buffer {
  return Buffer.concat([envelopeHead(kind, apiVersion, message.length), message, ENVELOPE_TAIL]);
}

/** The bare message of an object of a kind that has one, without the envelope. */
export function encodeMessage(gvk: GroupVersionKind, object: object): Buffer {
  const message = messageNameOf(gvk);
  invariant(message !== undefined, `${gvk.kind} has no protobuf form`);
  out.clear();
  writeFields(out, message, object as Fields);
  return out.take();
}

/** The message as a field of another, tag and length before it. */
export function encodeAsField(number: number, gvk: GroupVersionKind, object: object): Buffer {
  const message = messageNameOf(gvk);
  invariant(message !== undefined, `${gvk.kind} has no protobuf form`);
  out.clear();
  writeFields(out, message, object as Fields);
  out.varint(out.length);
  out.varint(tagOf(number, BYTES));
  return out.take();
}

/** `metadata` of a list. */
export function encodeListMeta(metadata: ListMeta): Buffer {
  writeFields(out, `${META_MESSAGES}.ListMeta`, { ...metadata });
  return out.take();
}

/** By the kind's own record: every read asks. */
const knownKinds = new WeakMap<GroupVersionKind, boolean>();

/** Whether objects of that kind have a protobuf form. */
export function hasProtobuf(gvk: GroupVersionKind): boolean {
  let isKnown = knownKinds.get(gvk);
  if (isKnown === undefined) {
    isKnown = messageNameOf(gvk) !== undefined;
    knownKinds.set(gvk, isKnown);
  }
  return isKnown;
}

/** What stands before a message in its envelope (`runtime.Unknown`), its length included. */
export function envelopeHead(kind: string, apiVersion: string, messageBytes: number): Buffer {
  out.varint(messageBytes);
  out.byte(tagOf(2, BYTES));
  const before = out.length;
  out.text(kind);
  out.byte(tagOf(2, BYTES));
  out.text(apiVersion);
  out.byte(tagOf(1, BYTES));
  out.varint(out.length - before);
  out.byte(tagOf(1, BYTES));
  out.bytes(MAGIC);
  return out.take();
}

/** Empty content encoding and type: what stands behind every message. */
export const ENVELOPE_TAIL: Buffer = Buffer.from([tagOf(3, BYTES), 0, tagOf(4, BYTES), 0]);

/** A field of bytes: tag and length; the bytes follow. */
export function fieldHead(number: number, byteLength: number): Buffer {
  out.varint(byteLength);
  out.varint(tagOf(number, BYTES));
  return out.take();
}

function tagOf(number: number, wireType: number): number {
  return number * 8 + wireType;
}

/** Backwards, so the greatest number comes first. */
function writeFields(into: BackwardBytes, message: string, object: Fields): void {
  for (const write of encoderOf(message)) write(into, object);
}

function encoderOf(message: string): readonly WriteField[] {
  let encoder = encoders.get(message);
  if (encoder === undefined) {
    const pointers = goFieldsOf(definitionOfMessage(message))?.pointers ?? [];
    encoder = fieldWriters(message, new Set(pointers));
    encoders.set(message, encoder);
  }
  return encoder;
}

function fieldWriters(message: string, pointers: ReadonlySet<string>): WriteField[] {
  return fieldsOfMessage(message)
    .filter((field) => field.isServed)
    .toSorted((a, b) => b.number - a.number)
    .map((field) => fieldWriter(field, pointers));
}

function fieldWriter(field: MessageField, pointers: ReadonlySet<string>): WriteField {
  const { number, name, shape, type } = field;
  const tag = tagOf(number, wireTypeOf(type));
  const write = valueWriter(type);
  switch (shape) {
    case "embedded":
      return embeddedWriter(tag, type, pointers);
    case "repeated":
      return (into, object) => writeList(into, object[name], tag, write);
    case "map":
      return (into, object) => writeMap(into, object[name], tagOf(number, BYTES), type, write);
    case "one": {
      const zero = pointers.has(name) ? undefined : ZEROS[type];
      return (into, object) => {
        const value = object[name] ?? zero;
        if (value === undefined) return;
        write(into, value);
        into.varint(tag);
      };
    }
  }
}

/** What Go prints for a scalar that is not set and no pointer. */
const ZEROS: Readonly<Record<string, unknown>> = { string: "", bool: false, int32: 0, int64: 0, double: 0 };

function wireTypeOf(type: string): number {
  if (type === "double") return FIXED64;
  return type === "bool" || type === "int32" || type === "int64" ? VARINT : BYTES;
}

/** Its fields are those of the object around it; it is written even when it has none. */
function embeddedWriter(tag: number, message: string, pointers: ReadonlySet<string>): WriteField {
  let writers: readonly WriteField[] | undefined;
  return (into, object) => {
    writers ??= fieldWriters(message, pointers);
    const before = into.length;
    for (const write of writers) write(into, object);
    into.varint(into.length - before);
    into.varint(tag);
  };
}

function writeList(into: BackwardBytes, list: unknown, tag: number, write: WriteValue): void {
  if (!Array.isArray(list)) return;
  for (let index = list.length - 1; index >= 0; index--) {
    write(into, list[index]);
    into.varint(tag);
  }
}

function writeMap(into: BackwardBytes, map: unknown, tag: number, type: string, write: WriteValue): void {
  if (typeof map !== "object" || map === null) return;
  const keys = Object.keys(map).sort();
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index] ?? "";
    const before = into.length;
    write(into, (map as Fields)[key]);
    into.byte(tagOf(2, wireTypeOf(type)));
    into.text(key);
    into.byte(tagOf(1, BYTES));
    into.varint(into.length - before);
    into.varint(tag);
  }
}

function valueWriter(type: string): WriteValue {
  switch (type) {
    case "string":
      return (into, value) => into.text(textOf(value));
    case "bool":
      return (into, value) => into.byte(value === true ? 1 : 0);
    case "int32":
    case "int64":
      return writeInteger;
    case "double":
      return (into, value) => into.double(Number(value));
    case "bytes":
      return (into, value) => {
        const bytes = Buffer.from(textOf(value), "base64");
        into.bytes(bytes);
        into.varint(bytes.length);
      };
    default:
      return messageWriter(type, FORMS[type] ?? (isItemsOnly(type) ? (items) => ({ items }) : undefined));
  }
}

/** Text where text belongs; a number only where a client could store one. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function writeInteger(into: BackwardBytes, value: unknown): void {
  const text = rawNumberText(value);
  if (text !== undefined) into.varint64(BigInt(text));
  else into.varint(Number(value ?? 0));
}

function messageWriter(message: string, form: ((value: unknown) => Fields) | undefined): WriteValue {
  return (into, value) => {
    const before = into.length;
    if (value !== null && value !== undefined) {
      writeFields(into, message, form === undefined ? (value as Fields) : form(value));
    }
    into.varint(into.length - before);
  };
}

const asJson = (value: unknown): string => Buffer.from(stringifyJson(value)).toString("base64");
const asSchemaOr =
  (list: string) =>
  (value: unknown): Fields =>
    Array.isArray(value) ? { [list]: value } : { schema: value };

function asTime(value: unknown): Fields {
  return { ...unixOf(textOf(value)), nanos: 0 };
}

/** Messages of what JSON writes in a form of its own; the inverse of the reader's. */
const FORMS: Readonly<Record<string, (value: unknown) => Fields>> = {
  "k8s.io.apimachinery.pkg.api.resource.Quantity": (value) => ({ string: textOf(value) }),
  "k8s.io.apimachinery.pkg.util.intstr.IntOrString": (value) =>
    typeof value === "string" ? { type: 1, strVal: value } : { type: 0, intVal: value },
  "k8s.io.apimachinery.pkg.runtime.RawExtension": (value) => ({ raw: asJson(value) }),
  [`${META_MESSAGES}.FieldsV1`]: (value) => ({ Raw: asJson(value) }),
  [`${APIEXTENSIONS_MESSAGES}.JSON`]: (value) => ({ raw: asJson(value) }),
  [`${APIEXTENSIONS_MESSAGES}.JSONSchemaPropsOrArray`]: asSchemaOr("jSONSchemas"),
  [`${APIEXTENSIONS_MESSAGES}.JSONSchemaPropsOrBool`]: (value) =>
    typeof value === "boolean" ? { allows: value } : { allows: true, schema: value },
  [`${APIEXTENSIONS_MESSAGES}.JSONSchemaPropsOrStringArray`]: asSchemaOr("property"),
  [`${META_MESSAGES}.Time`]: asTime,
  [`${META_MESSAGES}.MicroTime`]: (value) => unixOf(textOf(value)) ?? {},
};
