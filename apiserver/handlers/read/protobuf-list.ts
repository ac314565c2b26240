/** A LIST as protobuf: one message in its envelope, so its size must be known before the first byte is sent. */
import type { ListMeta } from "../../../shared/api/generated/meta/v1.ts";
import { apiVersionOf } from "../../../shared/resources/resource.ts";
import type { Negotiated } from "../../http/negotiate.ts";
import type { AnyStrategy } from "../../registry/strategy.ts";
import { encodeListMeta, ENVELOPE_TAIL, envelopeHead, fieldHead } from "../../schema/protobuf-writer.ts";
import type { CachedRow } from "../../watch-cache/cached-row.ts";
import type { PieceForm } from "./gzip-segments.ts";
import type { ListBody } from "./list-body.ts";
import { protobufItem, protobufItemBytes, protobufMetadata } from "./protobuf-rows.ts";

/** Objects that are encoded in one turn of the event loop. */
const ENCODE_BATCH_ROWS = 64;
const METADATA_ONLY = "PartialObjectMetadataList";

export interface ProtobufListOptions {
  readonly strategy: AnyStrategy;
  readonly form: Negotiated;
  readonly metadata: ListMeta;
}

/** Encodes what is not encoded yet, a batch in a turn. Nothing when the client goes away meanwhile. */
export async function protobufList(
  rows: readonly CachedRow[],
  options: ProtobufListOptions,
  signal: AbortSignal,
): Promise<ListBody | undefined> {
  const { strategy, form, metadata } = options;
  await encodeAll(rows, strategy, signal);
  if (signal.aborted) return undefined;
  const metaVersion = `meta.k8s.io/${form.version}`;
  const isPartial = form.as === METADATA_ONLY;
  // The fields changed places after v1beta1.
  const isTurned = isPartial && form.version === "v1beta1";
  const listMeta = encodeListMeta(metadata);
  const meta = Buffer.concat([fieldHead(isTurned ? 2 : 1, listMeta.length), listMeta]);
  const partials = isPartial ? rows.map((row) => partialItem(row, strategy, isTurned ? 1 : 2)) : undefined;
  const itemBytes = rows.reduce((sum, row, index) => sum + (partials?.[index]?.length ?? sizeOf(row, strategy)), 0);
  const [kind, apiVersion] = isPartial
    ? [METADATA_ONLY, metaVersion]
    : [`${strategy.resource.kind}List`, apiVersionOf(strategy.resource)];
  const head = envelopeHead(kind, apiVersion, meta.length + itemBytes);
  return {
    head: isTurned ? head : Buffer.concat([head, meta]),
    items: partials ?? itemsOf(rows, strategy),
    tail: isTurned ? Buffer.concat([meta, ENVELOPE_TAIL]) : ENVELOPE_TAIL,
    byteLength: head.length + meta.length + itemBytes + ENVELOPE_TAIL.length,
  };
}

/** The same items, for lists that are compressed slab by slab. */
export function protobufPieces({ resource }: AnyStrategy): PieceForm {
  const { group, version, kind } = resource;
  return {
    name: `protobuf ${group}/${version}/${kind}`,
    separator: Buffer.alloc(0),
    pieceOf: (row) => protobufItem(row, resource),
  };
}

async function encodeAll(rows: readonly CachedRow[], { resource }: AnyStrategy, signal: AbortSignal): Promise<void> {
  let encoded = 0;
  for (const row of rows) {
    if (signal.aborted) return;
    if (row.protobuf !== undefined) continue;
    protobufItem(row, resource);
    if (++encoded % ENCODE_BATCH_ROWS === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function sizeOf(row: CachedRow, { resource }: AnyStrategy): number {
  return protobufItemBytes(row, resource);
}

function partialItem(row: CachedRow, { resource }: AnyStrategy, field: number): Buffer {
  const message = protobufMetadata(row, resource);
  return Buffer.concat([fieldHead(field, message.length), message]);
}

function* itemsOf(rows: readonly CachedRow[], { resource }: AnyStrategy): Generator<Buffer> {
  for (const row of rows) yield protobufItem(row, resource);
}
