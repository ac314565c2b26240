/**
 * The two byte forms of an object. Stored: JSON without `metadata.resourceVersion`, and always starting with `kind`,
 * `apiVersion`, `metadata` in this order. Wire: the same bytes with the revision spliced in as first field of
 * `metadata`. So going from stored to wire needs no parser (D5).
 */
import { invariant } from "../../shared/errors/invariant.ts";
import { parseJson, stringifyJson } from "../../shared/machinery/lossless-json.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";

const METADATA = Buffer.from('"metadata":{');
const REVISION = '"resourceVersion":"';
/** What stands before `"metadata":{` in our own stored form. */
const HEAD = /^\{"kind":"[^"\\]*","apiVersion":"[^"\\]*",$/;
/** No kind and group-version are longer than this together. */
const HEAD_BYTES_MAX = 512;
/** A number of so many digits may not fit a double. */
const LONG_NUMBER = /[0-9]{16}/;

/** Stored bytes of an object. */
export function encodeStored(object: unknown): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object as KubeObject;
  const { resourceVersion: _dropped, ...kept } = metadata;
  return Buffer.from(stringifyJson({ kind: kind ?? "", apiVersion: apiVersion ?? "", metadata: kept, ...rest }));
}

/** The object of stored bytes, with its revision; integers that a double cannot hold are kept. */
export function decodeStored<T extends KubeObject>(stored: Buffer, revision: number): T {
  const object = parseStored(stored) as T;
  object.metadata.resourceVersion = String(revision);
  return object;
}

/** The object of bytes of either form, as they are. */
export function parseStored(bytes: Buffer): unknown {
  const text = bytes.toString("utf8");
  return LONG_NUMBER.test(text) ? parseJson(text).value : (JSON.parse(text) as unknown);
}

/** Wire bytes of an object: a copy with the revision in it. Wire bytes of another revision get this one; of this one, they are the answer. */
export function withRevision(bytes: Buffer, revision: number): Buffer {
  const start = metadataStart(bytes);
  if (start === undefined) return withRevision(normalized(bytes), revision);
  const end = revisionEnd(bytes, start);
  const isLast = bytes[end] === 0x7d;
  const field = Buffer.from(`${REVISION}${revision}"${isLast ? "" : ","}`);
  if (end === start + field.length && field.equals(bytes.subarray(start, end))) return bytes;
  return Buffer.concat([bytes.subarray(0, start), field, bytes.subarray(end)]);
}

/** Offset of the first field of `metadata`, or nothing when somebody else wrote these bytes. */
function metadataStart(bytes: Buffer): number | undefined {
  const at = bytes.subarray(0, HEAD_BYTES_MAX).indexOf(METADATA);
  return at > 0 && HEAD.test(bytes.toString("latin1", 0, at)) ? at + METADATA.length : undefined;
}

/** Offset behind a revision that is there already; `start` when there is none. */
function revisionEnd(bytes: Buffer, start: number): number {
  if (bytes.toString("latin1", start, start + REVISION.length) !== REVISION) return start;
  const quote = bytes.indexOf(0x22, start + REVISION.length);
  return bytes[quote + 1] === 0x2c ? quote + 2 : quote + 1;
}

function normalized(bytes: Buffer): Buffer {
  const object = parseStored(bytes);
  invariant(typeof object === "object" && object !== null && "metadata" in object, "a stored value is no API object");
  return encodeStored(object);
}
