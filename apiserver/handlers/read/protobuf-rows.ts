/**
 * The second byte form of cached objects: protobuf, made for the first client that asks and shared by all later ones.
 * It is kept as an item of a list (tag, length, message), so that a list is a concatenation of what is kept.
 *
 * K1  The form lives with its row and goes with it. K2  Beyond `KEPT_BYTES_MAX` nothing more is kept: what was kept
 * longest is looked at first, and dropped when its row is gone.
 */
import { apiVersionOf } from "../../../shared/resources/resource.ts";
import type { Negotiated } from "../../http/negotiate.ts";
import { encodeAsField, inEnvelope } from "../../schema/protobuf-writer.ts";
import type { GroupVersionKind } from "../../schema/definitions.ts";
import type { CachedRow } from "../../watch-cache/cached-row.ts";

/** Of all resources together; 50,000 pods of 14 KB of JSON take somewhat less. */
const KEPT_BYTES_MAX = 768 * 1024 * 1024;
/** So many kept ones are looked at for each new one when there is no room. */
const LOOKS_PER_ROW = 4;
/** The number of `items` in every list. */
const ITEMS_FIELD = 2;

interface Kept {
  readonly row: WeakRef<CachedRow>;
  readonly byteLength: number;
}

let queue: Kept[] = [];
let first = 0;
let keptBytes = 0;

/** The row as an item of a list of its kind. */
export function protobufItem(row: CachedRow, kind: GroupVersionKind): Buffer {
  const known = row.protobuf?.item;
  if (known !== undefined) return known;
  const item = encodeAsField(ITEMS_FIELD, kind, row.decode());
  row.protobuf ??= { byteLength: item.length, item: undefined };
  if (!makeRoom(item.length)) return item;
  row.protobuf.item = item;
  keptBytes += item.length;
  queue.push({ row: new WeakRef(row), byteLength: item.length });
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

function makeRoom(byteLength: number): boolean {
  for (let looks = 0; keptBytes + byteLength > KEPT_BYTES_MAX; looks++) {
    const oldest = queue[first];
    if (oldest === undefined || looks === LOOKS_PER_ROW) return false;
    first++;
    if (oldest.row.deref() === undefined) keptBytes -= oldest.byteLength;
    else queue.push(oldest);
    if (first > queue.length / 2) {
      queue = queue.slice(first);
      first = 0;
    }
  }
  return true;
}
