/** Where a watch writes: a chunked HTTP answer, or a WebSocket. Both tell when they are full and when they drained. */
import type { Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { RequestContext } from "../../http/request-context.ts";
import { beginAnswer } from "../../http/respond.ts";
import type { Framing } from "./watch-encoder.ts";

export interface WatchOutput {
  readonly framing: Framing;
  /** Frames of this output's framing. */
  write(frames: readonly Buffer[]): void;
  /** Bytes that were taken but not sent. */
  readonly bufferedBytes: number;
  /** Calls back once when everything that was written is sent. */
  onDrain(callback: () => void): void;
  end(): void;
}

/**
 * Chunks are framed by the encoder, once for all watchers, and written to the socket itself: `response.write` would
 * frame them again for each. Only the head and the last chunk go through the response.
 */
export function openHttpOutput(context: RequestContext, contentType: string): WatchOutput | undefined {
  const { request, response } = context;
  if (!beginAnswer(context)) return undefined;
  const socket: Socket | null = response.socket;
  const canFrame = socket !== null && request.httpVersion === "1.1";
  const chunked = canFrame ? { "Transfer-Encoding": "chunked" } : {};
  response.writeHead(200, { "Content-Type": contentType, ...chunked });
  response.flushHeaders();
  const sink = canFrame ? socket : response;
  return {
    framing: canFrame ? "chunk" : "stream",
    write: (frames) => {
      if (!sink.destroyed && !response.writableEnded) sink.write(joined(frames));
    },
    get bufferedBytes() {
      return sink.writableLength;
    },
    onDrain: (callback) => void sink.once("drain", callback),
    end: () => void response.end(),
  };
}

/** The last join, for the other watchers that are to get the same frames. */
let lastJoin: { readonly frames: readonly Buffer[]; readonly bytes: Buffer } = { frames: [], bytes: Buffer.alloc(0) };

function joined(frames: readonly Buffer[]): Buffer {
  const [first] = frames;
  if (first !== undefined && frames.length === 1) return first;
  const isSame =
    frames.length === lastJoin.frames.length && frames.every((frame, index) => frame === lastJoin.frames[index]);
  if (!isSame) lastJoin = { frames: frames.slice(), bytes: Buffer.concat(frames) };
  return lastJoin.bytes;
}

const webSockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  // A token may travel as a subprotocol; it is never the one that is chosen.
  handleProtocols: (protocols) => [...protocols].find((name) => !name.startsWith("base64url.bearer.")) ?? false,
});

/** Answers the upgrade; one message for each event. */
export async function openWebSocketOutput(
  context: RequestContext,
  isBinary: boolean,
): Promise<WatchOutput | undefined> {
  const upgrade = context.upgrade?.take();
  if (upgrade === undefined) return undefined;
  const webSocket = await new Promise<WebSocket>((resolve) => {
    webSockets.handleUpgrade(context.request, upgrade.socket, upgrade.head, resolve);
  });
  webSocket.on("error", () => webSocket.terminate());
  let drain: (() => void) | undefined;
  const sent = (): void => {
    if (webSocket.bufferedAmount > 0 || drain === undefined) return;
    const callback = drain;
    drain = undefined;
    callback();
  };
  return {
    framing: "message",
    write: (frames) => {
      for (const frame of frames) webSocket.send(frame, { binary: isBinary }, sent);
    },
    get bufferedBytes() {
      return webSocket.bufferedAmount;
    },
    onDrain: (callback) => {
      drain = callback;
    },
    end: () => webSocket.close(1000),
  };
}
