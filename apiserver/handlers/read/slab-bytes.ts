/**
 * Joined bytes of slabs, kept for the next LIST: joining them for each would cost more than sending them, most of it
 * in the garbage collector. What was used longest ago goes first.
 */
import type { Slab, SlabPart, Snapshot } from "../../watch-cache/slab-list.ts";

/** Beyond this, lists join for themselves. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;
const COMMA = Buffer.from(",");

const kept = new Map<Slab, Buffer>();
let keptBytes = 0;

/** Rows of a part, each behind a comma. */
export function joinedPart({ slab, from, to }: SlabPart): Buffer {
  const pieces: Buffer[] = [];
  for (let index = from; index < to; index++) pieces.push(COMMA, slab.rows[index]?.bytes ?? COMMA);
  return Buffer.concat(pieces);
}

function partBytes(part: SlabPart): Buffer {
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

/** The whole list, a slab for each piece. */
export function* slabPieces(head: Buffer, snapshot: Snapshot, prefix: string, tail: Buffer): Generator<Buffer> {
  yield head;
  let isFirst = true;
  for (const part of snapshot.parts(prefix)) {
    const bytes = partBytes(part);
    yield isFirst ? bytes.subarray(COMMA.length) : bytes;
    isFirst = false;
  }
  yield tail;
}
