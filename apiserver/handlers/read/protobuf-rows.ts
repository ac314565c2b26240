/**
 * The second byte form of cached objects: protobuf, made for the first client that asks and shared by all later ones.
 * It is kept as an item of a list (tag, length, message), so that a list is a concatenation of what is kept.
 */
import { apiVersionOf } from "../../../shared/resources/resource.ts";
import type { Negotiated } from "../../http/negotiate.ts";
import { encodeAsField, inEnvelope } from "../../schema/protobuf-writer.ts";
import type { GroupVersionKind } from "../../schema/definitions.ts";
import type { CachedRow } from "../../watch-cache/cached-row.ts";
import { KeptForms } from "./kept-forms.ts";

/** Of all resources together, in one thread; 50,000 pods of 14 KB of JSON take somewhat less. */
const KEPT_BYTES_MAX = 768 * 1024 * 1024;
/** The number of `items` in every list. */
const ITEMS_FIELD = 2;

const kept = new KeptForms(KEPT_BYTES_MAX);

/** The row as an item of a list of its kind. */
export function protobufItem(row: CachedRow, kind: GroupVersionKind): Buffer {
  const known = row.protobuf?.item;
  if (known !== undefined) return known;
  const item = encodeAsField(ITEMS_FIELD, kind, row.decode());
  kept.keep(row, item);
  return item;
}

/** Its size, without making it again. */
export function protobufItemBytes(row: CachedRow, kind: GroupVersionKind): number {
  return row.protobuf?.byteLength ?? protobufItem(row, kind).length;
}

/** The row, or its metadata alone, in its envelope. */
export function protobufOf(row: CachedRow, { as, version }: Negotiated, kind: GroupVersionKind): Buffer {
  if (as === undefined) return inEnvelope(kind.kind, apiVersionOf(kind), messageOf(row, kind));
  return inEnvelope("PartialObjectMetadata", `meta.k8s.io/${version}`, protobufMetadata(row, kind));
}

/** The row as a message that has nothing but metadata: the first field of every object. */
export function protobufMetadata(row: CachedRow, kind: GroupVersionKind): Buffer {
  const message = messageOf(row, kind);
  return message.subarray(0, endOf(message, 0));
}

function messageOf(row: CachedRow, kind: GroupVersionKind): Buffer {
  return contentOf(protobufItem(row, kind), 0);
}

/** Content of the length-delimited field that starts at `at`; its tag is one byte. */
function contentOf(bytes: Buffer, at: number): Buffer {
  const { start, length } = lengthAt(bytes, at + 1);
  return bytes.subarray(start, start + length);
}

function endOf(bytes: Buffer, at: number): number {
  const { start, length } = lengthAt(bytes, at + 1);
  return start + length;
}

function lengthAt(bytes: Buffer, at: number): { start: number; length: number } {
  let length = 0;
  let scale = 1;
  for (let index = at; ; index++) {
    const byte = bytes[index] ?? 0;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return { start: index + 1, length };
    scale *= 0x80;
  }
}
