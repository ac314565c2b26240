/**
 * gzip of a list without compressing it again for every client: a slab never changes, so its deflate stream (ended by
 * a flush, on a byte boundary, referring to nothing before it) is kept with it, and an answer is those streams one
 * after the other in one RFC 1952 member.
 */
import { promisify } from "node:util";
import { constants, crc32, deflateRaw, type ZlibOptions } from "node:zlib";
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
const COMMA = Buffer.from(",");
/** Magic, deflate, no flags, no time, fastest, unknown system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
/** An empty last block. */
const DEFLATE_END = Buffer.from([3, 0]);

const slabSegments = new WeakMap<Slab, Promise<Segment>>();
const commaSegment = segmentOf(COMMA);

async function segmentOf(bytes: Buffer): Promise<Segment> {
  const deflated = await compress(bytes, SEGMENT_OPTIONS);
  return { deflated, crc: crc32(bytes), byteLength: bytes.length, shift: crcShift(bytes.length) };
}

function joined({ slab, from, to }: SlabPart): Buffer {
  const pieces: Buffer[] = [];
  for (let index = from; index < to; index++) {
    if (index > from) pieces.push(COMMA);
    pieces.push(slab.rows[index]?.bytes ?? COMMA);
  }
  return Buffer.concat(pieces);
}

function partSegment(part: SlabPart): Promise<Segment> {
  if (part.from !== 0 || part.to !== part.slab.rows.length) return segmentOf(joined(part));
  let segment = slabSegments.get(part.slab);
  if (segment === undefined) {
    segment = segmentOf(joined(part));
    slabSegments.set(part.slab, segment);
  }
  return segment;
}

/** The gzip member of head, the parts joined by commas, and tail. */
export async function* gzipParts(head: Buffer, parts: Iterable<SlabPart>, tail: Buffer): AsyncGenerator<Buffer> {
  let crc = 0;
  let byteLength = 0;
  const take = (segment: Segment): Buffer => {
    crc = crc32Combine(crc, segment.crc, segment.shift);
    byteLength += segment.byteLength;
    return segment.deflated;
  };
  yield Buffer.concat([GZIP_HEADER, take(await segmentOf(head))]);
  let isFirst = true;
  for (const part of parts) {
    if (!isFirst) yield take(await commaSegment);
    isFirst = false;
    yield take(await partSegment(part));
  }
  const last = take(await segmentOf(tail));
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(byteLength % 2 ** 32, 4);
  yield Buffer.concat([last, DEFLATE_END, trailer]);
}
