/**
 * One SPDY/3.1 connection over any byte stream: many bidirectional streams, as kubectl and the container runtime
 * use them for exec, attach and port-forward (moby/spdystream is the peer on the other side).
 *
 * P1  Frames are handled strictly in the order they came; a stream whose reader is slow holds the connection back.
 * P2  Every stream that the peer opens is answered with SYN_REPLY before its data is delivered.
 * P3  When the transport ends, every stream that is still open is destroyed, and `closed` resolves.
 * P4  A stream that the peer cancels has ended: what came before is whole, what we still write to it is dropped. (Go's
 *     peers close a connection by cancelling its streams, the one with the command's outcome among them.)
 * P5  Window updates are neither sent nor obeyed: the peers of this protocol do not use them; TCP holds them back.
 */
import { Duplex } from "node:stream";
import {
  encodeFrame,
  type Frame,
  RST_CANCEL,
  RST_PROTOCOL_ERROR,
  RST_REFUSED_STREAM,
  SpdyProtocolError,
  takeFrame,
} from "./frames.ts";
import { createHeaderDecoder, createHeaderEncoder, type SpdyHeaders } from "./header-block.ts";

/** One stream. Ending `duplex` half-closes it; destroying it resets it. */
export interface SpdyStream {
  readonly id: number;
  readonly headers: SpdyHeaders;
  readonly duplex: Duplex;
}

export interface SpdyConnection {
  /** Opens a stream and waits for the peer's reply; rejects when it refuses or the connection ends. */
  open(headers: SpdyHeaders): Promise<SpdyStream>;
  /** Resolves when the transport has ended; never rejects. */
  readonly closed: Promise<void>;
  /** Tells the peer and ends the transport once everything written so far has gone out. */
  close(): void;
}

export interface SpdyConnectionOptions {
  readonly role: "client" | "server";
  /** Called for every stream that the peer opens. */
  onStream?(stream: SpdyStream): void;
}

/** A pod's port-forward may hold many at a time; a peer with more is broken. */
const OPEN_STREAMS_MAX = 1000;
const DATA_FRAME_BYTES_MAX = 32 * 1024;
const STREAM_BUFFER_BYTES = 256 * 1024;

interface StreamState {
  readonly stream: SpdyStream;
  isLocalClosed: boolean;
  isRemoteClosed: boolean;
  /** Set while the reader has enough: P1 waits for it. */
  onWantMore: (() => void) | undefined;
  onReply: { resolve(): void; reject(err: Error): void } | undefined;
}

/** Speaks SPDY on `transport` from its first byte on. */
export function createSpdyConnection(transport: Duplex, options: SpdyConnectionOptions): SpdyConnection {
  const streams = new Map<number, StreamState>();
  const encodeHeaders = createHeaderEncoder();
  const decoder = createHeaderDecoder();
  let nextStreamId = options.role === "client" ? 1 : 2;
  let lastPeerStreamId = 0;

  const send = (frame: Exclude<Frame, { type: "ignored" }>, done?: (err?: Error | null) => void): void => {
    if (transport.writable) transport.write(encodeFrame(frame), (err) => done?.(err));
    else done?.(new Error("the connection is closed"));
  };

  const forget = (state: StreamState): void => {
    if (state.isLocalClosed && state.isRemoteClosed) streams.delete(state.stream.id);
  };

  function createStream(id: number, headers: SpdyHeaders): StreamState {
    const write = (chunk: Buffer, done: (err?: Error | null) => void): void => {
      if (state.isLocalClosed) return done();
      for (let offset = 0; offset < chunk.length || offset === 0; offset += DATA_FRAME_BYTES_MAX) {
        const payload = chunk.subarray(offset, offset + DATA_FRAME_BYTES_MAX);
        const isEnd = offset + DATA_FRAME_BYTES_MAX >= chunk.length;
        send({ type: "data", streamId: id, isLast: false, payload }, isEnd ? done : undefined);
      }
    };
    const duplex = new Duplex({
      allowHalfOpen: true,
      readableHighWaterMark: STREAM_BUFFER_BYTES,
      read: () => {
        state.onWantMore?.();
        state.onWantMore = undefined;
      },
      write: (chunk: Buffer, _encoding, done) => write(chunk, done),
      final: (done) => {
        if (state.isLocalClosed) return done();
        state.isLocalClosed = true;
        send({ type: "data", streamId: id, isLast: true, payload: Buffer.alloc(0) }, done);
        forget(state);
      },
      destroy: (err, done) => {
        if (!state.isLocalClosed || !state.isRemoteClosed) {
          if (streams.has(id)) send({ type: "rstStream", streamId: id, status: RST_CANCEL });
        }
        streams.delete(id);
        state.onWantMore?.();
        done(err);
      },
    });
    // A reset stream errors for whoever reads or writes it; nobody listening must not end the process.
    duplex.on("error", () => undefined);
    const state: StreamState = {
      stream: { id, headers, duplex },
      isLocalClosed: false,
      isRemoteClosed: false,
      onWantMore: undefined,
      onReply: undefined,
    };
    streams.set(id, state);
    return state;
  }

  function acceptStream(id: number, headers: SpdyHeaders, isLast: boolean): void {
    if (id <= lastPeerStreamId || streams.size >= OPEN_STREAMS_MAX || options.onStream === undefined) {
      send({ type: "rstStream", streamId: id, status: streams.has(id) ? RST_PROTOCOL_ERROR : RST_REFUSED_STREAM });
      return;
    }
    lastPeerStreamId = id;
    const state = createStream(id, headers);
    send({ type: "synReply", streamId: id, isLast: false, headerBlock: encodeHeaders({}) });
    if (isLast) endReading(state);
    options.onStream(state.stream);
  }

  function endReading(state: StreamState): void {
    if (state.isRemoteClosed) return;
    state.isRemoteClosed = true;
    state.stream.duplex.push(null);
    forget(state);
  }

  async function deliver(state: StreamState, payload: Buffer): Promise<void> {
    if (state.isRemoteClosed || state.stream.duplex.destroyed || payload.length === 0) return;
    if (state.stream.duplex.push(Buffer.from(payload))) return;
    await new Promise<void>((resolve) => {
      state.onWantMore = resolve;
      if (state.stream.duplex.destroyed) resolve();
    });
  }

  async function handle(frame: Frame): Promise<void> {
    switch (frame.type) {
      case "data": {
        const state = streams.get(frame.streamId);
        if (state === undefined) return;
        await deliver(state, frame.payload);
        if (frame.isLast) endReading(state);
        return;
      }
      case "synStream":
        return acceptStream(frame.streamId, await decoder.decode(frame.headerBlock), frame.isLast);
      case "synReply":
      case "headers": {
        await decoder.decode(frame.headerBlock);
        const state = streams.get(frame.streamId);
        state?.onReply?.resolve();
        if (frame.isLast && state !== undefined) endReading(state);
        return;
      }
      case "rstStream": {
        const state = streams.get(frame.streamId);
        if (state === undefined) return;
        streams.delete(frame.streamId);
        if (frame.status === RST_CANCEL && state.onReply === undefined) {
          state.isLocalClosed = true;
          return endReading(state);
        }
        const err = new Error(`the peer reset the stream with status ${frame.status}`);
        state.onReply?.reject(err);
        state.stream.duplex.destroy(err);
        return;
      }
      case "ping":
        // Odd ids are the client's own: answer the peer's, ignore the echo of ours.
        if ((frame.id % 2 === 1) === (options.role === "server")) send(frame);
        return;
      case "goAway":
      case "ignored":
        return;
    }
  }

  async function readFrames(): Promise<void> {
    let pending: Buffer = Buffer.alloc(0);
    for await (const chunk of transport as AsyncIterable<Buffer>) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      for (let taken = takeFrame(pending); taken !== undefined; taken = takeFrame(pending)) {
        pending = taken.rest;
        await handle(taken.frame);
      }
    }
  }

  const closed = readFrames()
    .catch((err: unknown) => {
      if (err instanceof SpdyProtocolError)
        send({ type: "goAway", lastStreamId: lastPeerStreamId, status: RST_PROTOCOL_ERROR });
    })
    .then(() => {
      const err = new Error("the connection is closed");
      for (const state of [...streams.values()]) {
        state.onReply?.reject(err);
        // What the peer finished before it left may still be read, and an end of ours must not fail over it (P4).
        if (state.isRemoteClosed) {
          state.isLocalClosed = true;
          state.stream.duplex.end();
        } else {
          state.stream.duplex.destroy(err);
        }
      }
      streams.clear();
      decoder.close();
      transport.destroy();
    });
  transport.on("error", () => undefined);

  return {
    closed,
    open: async (headers) => {
      const id = nextStreamId;
      nextStreamId += 2;
      const state = createStream(id, headers);
      const replied = new Promise<void>((resolve, reject) => {
        state.onReply = { resolve, reject };
      });
      send({ type: "synStream", streamId: id, isLast: false, headerBlock: encodeHeaders(headers) }, (err) => {
        if (err) state.onReply?.reject(err);
      });
      await replied;
      state.onReply = undefined;
      return state.stream;
    },
    close: () => {
      send({ type: "goAway", lastStreamId: lastPeerStreamId, status: 0 });
      transport.end();
    },
  };
}
