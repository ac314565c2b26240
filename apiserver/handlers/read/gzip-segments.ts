/**
 * gzip of a list without compressing it again for every client: a slab never changes, so its deflate stream (ended by
 * a flush, on a byte boundary, referring to nothing before it) is kept with it, and an answer is those streams one
 * after the other in one RFC 1952 member.
 */
import { promisify } from "node:util";
import { constants, crc32, deflateRaw, type ZlibOptions } from "node:zlib";
import type { CachedRow } from "../../watch-cache/cached-row.ts";
import type { Slab, SlabPart } from "../../watch-cache/slab-list.ts";
import { crc32Combine, crcShift } from "./crc32-combine.ts";

interface Segment {
  readonly deflated: Buffer;
  readonly crc: number;
  readonly byteLength: number;
  readonly shift: number;
}

const compress = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);
const SEGMENT_OPTIONS: ZlibOptions = { level: 1, finishFlush: constants.Z_SYNC_FLUSH };
/** Magic, deflate, no flags, no time, fastest, unknown system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
/** An empty last block. */
const DEFLATE_END = Buffer.from([3, 0]);

/** What a list is made of. */
export interface PieceForm {
  /** Two forms of the same name are the same. */
  readonly name: string;
  readonly separator: Buffer;
  pieceOf(row: CachedRow): Buffer;
}

export const JSON_PIECES: PieceForm = { name: "json", separator: Buffer.from(","), pieceOf: (row) => row.bytes };

const slabSegments = new WeakMap<Slab, Map<string, Promise<Segment>>>();

async function segmentOf(bytes: Buffer): Promise<Segment> {
  const deflated = await compress(bytes, SEGMENT_OPTIONS);
  return { deflated, crc: crc32(bytes), byteLength: bytes.length, shift: crcShift(bytes.length) };
}

function joined({ slab, from, to }: SlabPart, { separator, pieceOf }: PieceForm): Buffer {
  const pieces: Buffer[] = [];
  for (const row of slab.rows.slice(from, to)) {
    if (pieces.length > 0) pieces.push(separator);
    pieces.push(pieceOf(row));
  }
  return Buffer.concat(pieces);
}

function partSegment(part: SlabPart, form: PieceForm): Promise<Segment> {
  if (part.from !== 0 || part.to !== part.slab.rows.length) return segmentOf(joined(part, form));
  const segments = slabSegments.get(part.slab) ?? new Map<string, Promise<Segment>>();
  slabSegments.set(part.slab, segments);
  let segment = segments.get(form.name);
  if (segment === undefined) {
    segment = segmentOf(joined(part, form));
    segments.set(form.name, segment);
  }
  return segment;
}

/** The gzip member of head, the joined parts, and tail. */
export async function* gzipParts(
  head: Buffer,
  parts: Iterable<SlabPart>,
  tail: Buffer,
  form: PieceForm = JSON_PIECES,
): AsyncGenerator<Buffer> {
  let crc = 0;
  let byteLength = 0;
  const take = (segment: Segment): Buffer => {
    crc = crc32Combine(crc, segment.crc, segment.shift);
    byteLength += segment.byteLength;
    return segment.deflated;
  };
  yield Buffer.concat([GZIP_HEADER, take(await segmentOf(head))]);
  const separator = form.separator.length === 0 ? undefined : await segmentOf(form.separator);
  let isFirst = true;
  for (const part of parts) {
    if (!isFirst && separator !== undefined) yield take(separator);
    isFirst = false;
    yield take(await partSegment(part, form));
  }
  const last = take(await segmentOf(tail));
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(byteLength % 2 ** 32, 4);
  yield Buffer.concat([last, DEFLATE_END, trailer]);
}
