/**
 * Remote commands over WebSocket: the first byte of a message names the channel (apimachinery
 * `pkg/util/httpstream/wsstream`, KEP-4006). In the base64 forms it is a digit and the rest is base64 text.
 */
import { Readable, Writable } from "node:stream";
import type { RawData, WebSocket } from "ws";
import {
  createResizeFeed,
  errorChannelText,
  parseTerminalSize,
  type RemoteCommandRequest,
  type RemoteCommandSession,
} from "./remote-command.ts";

/** Subprotocols that we speak for exec and attach. A client that names none gets `channel.k8s.io`. */
export const WEBSOCKET_REMOTE_COMMAND_PROTOCOLS = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "base64.channel.k8s.io",
] as const;

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
/** Version 5: the next byte names the channel that the sender will not write any more. */
const CLOSE = 255;
const NORMAL_CLOSURE = 1000;

export function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

/** Channel and payload of a message; nothing when it has neither. */
function parseMessage(data: RawData, isBase64: boolean): { channel: number; payload: Buffer } | undefined {
  const bytes = bytesOf(data);
  const first = bytes[0];
  if (first === undefined) return undefined;
  if (!isBase64) return { channel: first, payload: bytes.subarray(1) };
  return { channel: first - "0".charCodeAt(0), payload: Buffer.from(bytes.toString("latin1", 1), "base64") };
}

function frameMessage(channel: number, payload: Buffer, isBase64: boolean): Buffer | string {
  return isBase64 ? `${channel}${payload.toString("base64")}` : Buffer.concat([Buffer.from([channel]), payload]);
}

/** Serves one remote command on an accepted WebSocket. */
export function serveWebSocketRemoteCommand(socket: WebSocket, request: RemoteCommandRequest): RemoteCommandSession {
  const { protocol } = socket;
  const isBase64 = protocol.includes("base64");
  const isStructured = /^v[45]\./.test(protocol);
  const feed = createResizeFeed();

  const send = (channel: number, payload: Buffer, done: (err?: Error | null) => void): void =>
    socket.send(frameMessage(channel, payload, isBase64), done);
  const output = (channel: number): Writable =>
    new Writable({ write: (chunk: Buffer, _encoding, done) => send(channel, chunk, done) }).on(
      "error",
      () => undefined,
    );

  const stdin = request.stdin ? new Readable({ read: () => socket.resume() }) : undefined;
  stdin?.on("error", () => undefined);
  const stdout = request.stdout ? output(STDOUT) : undefined;
  const stderr = request.stderr && !request.tty ? output(STDERR) : undefined;

  socket.on("message", (data: RawData) => {
    const message = parseMessage(data, isBase64);
    if (message === undefined) return;
    if (message.channel === STDIN && message.payload.length > 0) {
      if (stdin?.push(message.payload) === false) socket.pause();
    } else if (message.channel === RESIZE) {
      const size = parseTerminalSize(message.payload.toString("utf8"));
      if (size !== undefined) feed.push(size);
    } else if (message.channel === CLOSE && message.payload[0] === STDIN) {
      stdin?.push(null);
    }
  });
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      stdin?.destroy();
      stdout?.destroy();
      stderr?.destroy();
      resolve();
    });
  });
  // Tells the client that the connection stands, before there is any output.
  send(stdout !== undefined ? STDOUT : stderr !== undefined ? STDERR : ERROR, Buffer.alloc(0), () => undefined);

  return {
    stdin,
    stdout,
    stderr,
    onResize: feed.onResize,
    closed,
    finish: async (status) => {
      const text = errorChannelText(status, isStructured);
      if (text !== "") await new Promise<void>((resolve) => send(ERROR, Buffer.from(text), () => resolve()));
      // A paused socket would never see the client's closing frame.
      socket.resume();
      socket.close(NORMAL_CLOSURE);
      await closed;
    },
  };
}
