/**
 * A whole list in joined slabs. Those of short lists are kept for the next LIST, what was used longest ago goes first;
 * a long list would only drive out itself, so its slabs are joined each time, in memory that is used again.
 */
import type { Slab, SlabPart, Snapshot } from "../../watch-cache/slab-list.ts";
import { pieceBuffers } from "./piece-buffers.ts";

const KEPT_BYTES_MAX = 64 * 1024 * 1024;
/** A longer list leaves no room for others. */
const KEPT_LIST_BYTES_MAX = KEPT_BYTES_MAX / 2;
const COMMA = Buffer.from(",");

const kept = new Map<Slab, Buffer>();
let keptBytes = 0;

export interface PlainList {
  readonly head: Buffer;
  readonly snapshot: Snapshot;
  readonly prefix: string;
  readonly tail: Buffer;
}

/** Bytes of the whole list. */
export function plainLength({ head, snapshot, prefix, tail }: PlainList): number {
  let bytes = 0;
  for (const part of snapshot.parts(prefix)) bytes += partLength(part);
  return head.length + Math.max(0, bytes - COMMA.length) + tail.length;
}

/** The whole list, a slab for each piece. */
export function* slabPieces(list: PlainList): Generator<Buffer> {
  const { head, snapshot, prefix, tail } = list;
  const isKept = plainLength(list) <= KEPT_LIST_BYTES_MAX;
  yield head;
  let isFirst = true;
  for (const part of snapshot.parts(prefix)) {
    const bytes = isKept ? keptPart(part) : pieceBuffers.join(piecesOf(part), partLength(part));
    yield isFirst ? bytes.subarray(COMMA.length) : bytes;
    isFirst = false;
  }
  yield tail;
}

/** Rows of a part, each behind a comma. */
function joinedPart(part: SlabPart): Buffer {
  return Buffer.concat(piecesOf(part));
}

function piecesOf({ slab, from, to }: SlabPart): Buffer[] {
  const pieces: Buffer[] = [];
  for (let index = from; index < to; index++) pieces.push(COMMA, slab.rows[index]?.bytes ?? COMMA);
  return pieces;
}

function partLength({ slab, from, to }: SlabPart): number {
  const commas = (to - from) * COMMA.length;
  if (from === 0 && to === slab.rows.length) return slab.byteLength + commas;
  let bytes = commas;
  for (let index = from; index < to; index++) bytes += slab.rows[index]?.bytes.length ?? 0;
  return bytes;
}

function keptPart(part: SlabPart): Buffer {
  const { slab, from, to } = part;
  if (from !== 0 || to !== slab.rows.length) return joinedPart(part);
  const known = kept.get(slab);
  const bytes = known ?? joinedPart(part);
  if (known === undefined) keptBytes += bytes.length;
  else kept.delete(slab);
  kept.set(slab, bytes);
  for (const [oldest, { length }] of kept) {
    if (keptBytes <= KEPT_BYTES_MAX) break;
    kept.delete(oldest);
    keptBytes -= length;
  }
  return bytes;
}
