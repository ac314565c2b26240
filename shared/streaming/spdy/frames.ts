/**
 * SPDY/3.1 frames as bytes and back (SPDY protocol draft 3.1, section 2.2 and 2.6). Header blocks stay compressed
 * here: `header-block.ts` owns the compression state.
 */

export type Frame =
  | { readonly type: "data"; readonly streamId: number; readonly isLast: boolean; readonly payload: Buffer }
  | { readonly type: "synStream"; readonly streamId: number; readonly isLast: boolean; readonly headerBlock: Buffer }
  | { readonly type: "synReply"; readonly streamId: number; readonly isLast: boolean; readonly headerBlock: Buffer }
  | { readonly type: "headers"; readonly streamId: number; readonly isLast: boolean; readonly headerBlock: Buffer }
  | { readonly type: "rstStream"; readonly streamId: number; readonly status: number }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "goAway"; readonly lastStreamId: number; readonly status: number }
  /** SETTINGS, WINDOW_UPDATE and whatever else we do not act on. */
  | { readonly type: "ignored"; readonly controlType: number };

export const RST_PROTOCOL_ERROR = 1;
export const RST_REFUSED_STREAM = 3;
export const RST_CANCEL = 5;

const FRAME_HEADER_BYTES = 8;
/** Peers cut data at 32 or 64 KiB; anything near the format's 16 MiB is not a peer of ours. */
const FRAME_PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;
const FLAG_FIN = 1;
const VERSION = 3;
const CONTROL_BIT = 0x8000;

const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const HEADERS = 8;

/** The peer does not speak SPDY/3.1. */
export class SpdyProtocolError extends Error {
  override readonly name = "SpdyProtocolError";
}

/** Smallest payload of a control frame, in bytes. */
const CONTROL_PAYLOAD_BYTES_MIN: Readonly<Record<number, number>> = {
  [SYN_STREAM]: 10,
  [SYN_REPLY]: 4,
  [RST_STREAM]: 8,
  [PING]: 4,
  [GOAWAY]: 4,
  [HEADERS]: 4,
};

function controlFrame(type: number, flags: number, payload: Buffer): Frame {
  if (payload.length < (CONTROL_PAYLOAD_BYTES_MIN[type] ?? 0)) {
    throw new SpdyProtocolError(`control frame of type ${type} has only ${payload.length} bytes`);
  }
  const isLast = (flags & FLAG_FIN) !== 0;
  const id = payload.length >= 4 ? payload.readUInt32BE(0) & 0x7fffffff : 0;
  switch (type) {
    case SYN_STREAM:
      return { type: "synStream", streamId: id, isLast, headerBlock: payload.subarray(10) };
    case SYN_REPLY:
      return { type: "synReply", streamId: id, isLast, headerBlock: payload.subarray(4) };
    case HEADERS:
      return { type: "headers", streamId: id, isLast, headerBlock: payload.subarray(4) };
    case RST_STREAM:
      return { type: "rstStream", streamId: id, status: payload.readUInt32BE(4) };
    case PING:
      return { type: "ping", id: payload.readUInt32BE(0) };
    case GOAWAY:
      return { type: "goAway", lastStreamId: id, status: payload.length >= 8 ? payload.readUInt32BE(4) : 0 };
    default:
      return { type: "ignored", controlType: type };
  }
}

/**
 * Cuts the first whole frame off `bytes`. Returns nothing while it is not complete; throws `SpdyProtocolError` when
 * the bytes cannot be SPDY/3.1.
 */
export function takeFrame(bytes: Buffer): { readonly frame: Frame; readonly rest: Buffer } | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined;
  const flags = bytes.readUInt8(4);
  const length = bytes.readUIntBE(5, 3);
  if (length > FRAME_PAYLOAD_BYTES_MAX) throw new SpdyProtocolError(`frame of ${length} bytes is too large`);
  const first = bytes.readUInt16BE(0);
  const isControl = (first & CONTROL_BIT) !== 0;
  if (isControl && (first & 0x7fff) !== VERSION)
    throw new SpdyProtocolError(`unsupported SPDY version ${first & 0x7fff}`);
  if (bytes.length < FRAME_HEADER_BYTES + length) return undefined;
  const payload = bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length);
  const rest = bytes.subarray(FRAME_HEADER_BYTES + length);
  if (isControl) return { frame: controlFrame(bytes.readUInt16BE(2), flags, payload), rest };
  return { frame: { type: "data", streamId: bytes.readUInt32BE(0), isLast: (flags & FLAG_FIN) !== 0, payload }, rest };
}

function control(type: number, flags: number, ...payload: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt16BE(CONTROL_BIT | VERSION, 0);
  header.writeUInt16BE(type, 2);
  header.writeUInt8(flags, 4);
  header.writeUIntBE(
    payload.reduce((sum, part) => sum + part.length, 0),
    5,
    3,
  );
  return Buffer.concat([header, ...payload]);
}

function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}

/** Bytes of one frame; `ignored` cannot be sent. */
export function encodeFrame(frame: Exclude<Frame, { type: "ignored" }>): Buffer {
  switch (frame.type) {
    case "data": {
      const header = Buffer.alloc(FRAME_HEADER_BYTES);
      header.writeUInt32BE(frame.streamId, 0);
      header.writeUInt8(frame.isLast ? FLAG_FIN : 0, 4);
      header.writeUIntBE(frame.payload.length, 5, 3);
      return Buffer.concat([header, frame.payload]);
    }
    case "synStream":
      return control(
        SYN_STREAM,
        frame.isLast ? FLAG_FIN : 0,
        uint32(frame.streamId, 0),
        Buffer.alloc(2),
        frame.headerBlock,
      );
    case "synReply":
      return control(SYN_REPLY, frame.isLast ? FLAG_FIN : 0, uint32(frame.streamId), frame.headerBlock);
    case "headers":
      return control(HEADERS, frame.isLast ? FLAG_FIN : 0, uint32(frame.streamId), frame.headerBlock);
    case "rstStream":
      return control(RST_STREAM, 0, uint32(frame.streamId, frame.status));
    case "ping":
      return control(PING, 0, uint32(frame.id));
    case "goAway":
      return control(GOAWAY, 0, uint32(frame.lastStreamId, frame.status));
  }
}
