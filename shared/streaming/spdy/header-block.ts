/**
 * Name/value header blocks of SPDY/3 (draft 3.1, section 2.6.10). All blocks of one direction share one zlib stream.
 * We inflate what comes in; what goes out is written as stored (uncompressed) deflate blocks, which every inflater
 * reads: headers of exec and port-forward are a few bytes, and this way sending needs no state but "first or not".
 */
import { createInflate, type Inflate } from "node:zlib";
import { SPDY_DICTIONARY } from "./dictionary.ts";
import { SpdyProtocolError } from "./frames.ts";

export type SpdyHeaders = Readonly<Record<string, string>>;

const HEADER_BLOCK_BYTES_MAX = 64 * 1024;
/** CMF and FLG of a zlib stream without preset dictionary. */
const ZLIB_HEADER = Buffer.from([0x78, 0x01]);
/**
 * An empty stored block, which is what a sync flush ends with. Go's inflater hands out what it has when it meets one;
 * without it, it reads on into the next block, takes the end of the frame for the end of the stream, and stays broken.
 */
const SYNC_FLUSH = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

function encodePairs(headers: SpdyHeaders): Buffer {
  const parts: Buffer[] = [];
  const push = (text: string): void => {
    const bytes = Buffer.from(text, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  };
  const entries = Object.entries(headers);
  const count = Buffer.alloc(4);
  count.writeUInt32BE(entries.length);
  for (const [name, value] of entries) {
    push(name.toLowerCase());
    push(value);
  }
  return Buffer.concat([count, ...parts]);
}

function decodePairs(bytes: Buffer): SpdyHeaders {
  let offset = 0;
  const uint32 = (): number => {
    if (offset + 4 > bytes.length) throw new SpdyProtocolError("header block ends in the middle");
    offset += 4;
    return bytes.readUInt32BE(offset - 4);
  };
  const text = (): string => {
    const length = uint32();
    if (offset + length > bytes.length) throw new SpdyProtocolError("header block ends in the middle");
    offset += length;
    return bytes.toString("utf8", offset - length, offset);
  };
  const count = uint32();
  const headers = new Map<string, string>();
  for (let index = 0; index < count; index++) headers.set(text().toLowerCase(), text());
  return Object.fromEntries(headers);
}

/** Compresses the header blocks of one direction, in order. */
export function createHeaderEncoder(): (headers: SpdyHeaders) => Buffer {
  let isFirst = true;
  return (headers) => {
    const pairs = encodePairs(headers);
    if (pairs.length > 0xffff) throw new SpdyProtocolError("header block is too large");
    const block = Buffer.alloc(5);
    block.writeUInt8(0, 0);
    block.writeUInt16LE(pairs.length, 1);
    block.writeUInt16LE(~pairs.length & 0xffff, 3);
    const prefix = isFirst ? ZLIB_HEADER : Buffer.alloc(0);
    isFirst = false;
    return Buffer.concat([prefix, block, pairs, SYNC_FLUSH]);
  };
}

export interface HeaderDecoder {
  /** Blocks must be decoded one after the other, in the order they came. Rejects with `SpdyProtocolError`. */
  decode(block: Buffer): Promise<SpdyHeaders>;
  close(): void;
}

/** Inflates the header blocks of one direction. */
export function createHeaderDecoder(): HeaderDecoder {
  const inflate: Inflate = createInflate({ dictionary: SPDY_DICTIONARY });
  let output: Buffer[] = [];
  let outputBytes = 0;
  let failure: Error | undefined;
  let onFailure: ((err: Error) => void) | undefined;
  inflate.on("data", (chunk: Buffer) => {
    outputBytes += chunk.length;
    if (outputBytes <= HEADER_BLOCK_BYTES_MAX) output.push(chunk);
  });
  inflate.on("error", (err) => {
    failure = new SpdyProtocolError(`header block cannot be inflated: ${err.message}`);
    onFailure?.(failure);
  });
  const decode = async (block: Buffer): Promise<SpdyHeaders> => {
    if (failure !== undefined) throw failure;
    output = [];
    outputBytes = 0;
    await new Promise<void>((resolve, reject) => {
      onFailure = reject;
      inflate.write(block, () => resolve());
    });
    if (outputBytes > HEADER_BLOCK_BYTES_MAX) throw new SpdyProtocolError("header block is too large");
    return decodePairs(Buffer.concat(output));
  };
  return { decode, close: () => inflate.destroy() };
}
