/**
 * Port forwarding: each connection to a port of the pod is a pair of streams, one for its data and one for the text
 * of an error (kubelet `pkg/cri/streaming/portforward`). SPDY pairs come plain or tunnelled in a WebSocket;
 * the older WebSocket form has two fixed channels per port named in the URL.
 */
import { Duplex, type Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { createWebSocketStream, type RawData, type WebSocket } from "ws";
import type { Clock, Timer } from "../process/clock.ts";
import { createSpdyConnection, type SpdyConnection, type SpdyStream } from "./spdy/connection.ts";
import type { AcceptedWebSocket } from "./websocket-accept.ts";
import { bytesOf } from "./websocket-remote-command.ts";

export const PORT_FORWARD_PROTOCOL = "portforward.k8s.io";
/** SPDY frames as binary messages of a WebSocket (KEP-4006). */
export const TUNNEL_PROTOCOL = "SPDY/3.1+portforward.k8s.io";
export const WEBSOCKET_PORT_FORWARD_PROTOCOLS = [
  TUNNEL_PROTOCOL,
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
] as const;

/** One connection that the client wants to a port. */
export interface PortForwardPair {
  readonly port: number;
  readonly data: Duplex;
  /** Takes the text of what went wrong; ended empty when all went well. */
  readonly error: Writable;
}

export interface PortForwardSession {
  readonly closed: Promise<void>;
  close(): void;
}

/** A client that opened one stream of a pair must open the other soon. */
const PAIR_TIMEOUT_MS = 30_000;

interface HalfPair {
  readonly stream: SpdyStream;
  readonly timer: Timer;
}

function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}

/** Clients without `requestID` open the error stream first and the data stream right after it. */
function pairKeyOf(stream: SpdyStream): string {
  const { requestid } = stream.headers;
  if (requestid !== undefined) return requestid;
  return String(stream.headers["streamtype"] === "data" ? stream.id - 2 : stream.id);
}

/** Serves the pairs that come over SPDY frames on `transport`. */
export function serveSpdyPortForward(
  transport: Duplex,
  clock: Clock,
  onPair: (pair: PortForwardPair) => void,
): PortForwardSession {
  const halves = new Map<string, HalfPair>();
  const accept = (stream: SpdyStream): void => {
    const port = portOf(stream.headers["port"]);
    const type = stream.headers["streamtype"];
    if (port === undefined || (type !== "data" && type !== "error")) return void stream.duplex.destroy();
    const key = pairKeyOf(stream);
    const half = halves.get(key);
    if (half === undefined) {
      const timer = clock.after(PAIR_TIMEOUT_MS, () => {
        halves.delete(key);
        stream.duplex.destroy();
      });
      halves.set(key, { stream, timer });
      return;
    }
    half.timer.cancel();
    halves.delete(key);
    const [data, error] = type === "data" ? [stream, half.stream] : [half.stream, stream];
    onPair({ port, data: data.duplex, error: error.duplex });
  };
  const connection = createSpdyConnection(transport, { role: "server", onStream: accept });
  void connection.closed.then(() => {
    for (const half of halves.values()) half.timer.cancel();
  });
  return connection;
}

/** Serves a WebSocket with either protocol; `ports` are those of the URL and used by the older one only. */
export function serveWebSocketPortForward(
  { socket, protocol }: AcceptedWebSocket,
  ports: readonly number[],
  clock: Clock,
  onPair: (pair: PortForwardPair) => void,
): PortForwardSession {
  if (protocol === TUNNEL_PROTOCOL) return serveSpdyPortForward(createWebSocketStream(socket), clock, onPair);
  return serveChannelPortForward(socket, ports, onPair);
}

/** Data of the i-th port is channel 2i, its error channel 2i+1; each starts with the port as two bytes. */
function serveChannelPortForward(
  socket: WebSocket,
  ports: readonly number[],
  onPair: (pair: PortForwardPair) => void,
): PortForwardSession {
  const isBase64 = socket.protocol.includes("base64");
  const channelStream = (channel: number): Duplex =>
    new Duplex({
      read: () => socket.resume(),
      write: (chunk: Buffer, _encoding, done: (err?: Error | null) => void) => {
        socket.send(
          isBase64 ? `${channel}${chunk.toString("base64")}` : Buffer.concat([Buffer.from([channel]), chunk]),
          done,
        );
      },
    }).on("error", () => undefined);
  const channels = ports.flatMap((_port, index) => [channelStream(2 * index), channelStream(2 * index + 1)]);
  socket.on("message", (message: RawData) => {
    const bytes = bytesOf(message);
    const channel = isBase64 ? (bytes[0] ?? 0) - "0".charCodeAt(0) : (bytes[0] ?? 0);
    const payload = isBase64 ? Buffer.from(bytes.toString("latin1", 1), "base64") : bytes.subarray(1);
    if (channel % 2 === 0 && payload.length > 0 && channels[channel]?.push(payload) === false) socket.pause();
  });
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      for (const channel of channels) channel.destroy();
      resolve();
    });
  });
  ports.forEach((port, index) => {
    const [data, error] = [channels[2 * index], channels[2 * index + 1]];
    if (data === undefined || error === undefined) return;
    const portBytes = Buffer.alloc(2);
    portBytes.writeUInt16LE(port);
    data.write(portBytes);
    error.write(portBytes);
    onPair({ port, data, error });
  });
  return { closed, close: () => socket.close(1000) };
}

/** Hands each pair on as streams of an upgraded connection to the container runtime. */
export function createPortForwardClient(transport: Duplex): {
  forward(pair: PortForwardPair): Promise<void>;
  close(): void;
} {
  const connection: SpdyConnection = createSpdyConnection(transport, { role: "client" });
  let nextRequest = 0;
  const forward = async (pair: PortForwardPair): Promise<void> => {
    const headers = { port: String(pair.port), requestID: String(nextRequest++) };
    try {
      const error = (await connection.open({ ...headers, streamType: "error" })).duplex;
      const data = (await connection.open({ ...headers, streamType: "data" })).duplex;
      error.end();
      error.pipe(pair.error);
      joinStreams(pair.data, data);
      await Promise.allSettled([finished(data), finished(pair.data), finished(error, { writable: false })]);
    } catch (err) {
      pair.error.end(err instanceof Error ? err.message : String(err));
      pair.data.destroy();
    }
  };
  return { forward, close: () => connection.close() };
}

/** Copies both ways; an end is passed on as a half-close, a failure of one side ends the other. */
export function joinStreams(left: Duplex, right: Duplex): void {
  left.pipe(right);
  right.pipe(left);
  const onGone = (gone: Duplex, other: Duplex): void => {
    gone.once("close", () => {
      if (!gone.readableEnded) other.destroy();
    });
    // After its end the pipe closes the other side in order: bytes may still be on their way there.
    gone.once("error", () => {
      if (!gone.readableEnded) other.destroy();
    });
  };
  onGone(left, right);
  onGone(right, left);
}
