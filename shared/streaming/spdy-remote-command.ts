/**
 * Remote commands over SPDY: one stream per channel, told apart by the header `streamType`
 * (kubelet `pkg/cri/streaming/remotecommand`, client-go `tools/remotecommand`).
 */
import type { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import type { Status } from "../api/generated/meta/v1.ts";
import type { Clock } from "../process/clock.ts";
import {
  createResizeFeed,
  errorChannelText,
  parseTerminalSize,
  type RemoteCommandRequest,
  type RemoteCommandSession,
  statusOfErrorChannel,
  type TerminalSize,
} from "./remote-command.ts";
import { createSpdyConnection, type SpdyConnection, type SpdyStream } from "./spdy/connection.ts";

/** A client that asked for streams must open them soon (upstream: remote command stream creation timeout). */
const STREAM_CREATION_TIMEOUT_MS = 30_000;
const SIZE_TEXT_BYTES_MAX = 64 * 1024;

interface Version {
  readonly hasResize: boolean;
  readonly isStructured: boolean;
}

function versionOf(protocol: string): Version {
  const major = /^v(\d)\./.exec(protocol)?.[1] ?? "1";
  return { hasResize: Number(major) >= 3, isStructured: Number(major) >= 4 };
}

/** Names of the streams that the client of this request opens. */
function expectedStreams(request: RemoteCommandRequest, version: Version): string[] {
  return [
    "error",
    ...(request.stdin ? ["stdin"] : []),
    ...(request.stdout ? ["stdout"] : []),
    ...(request.stderr && !request.tty ? ["stderr"] : []),
    ...(request.tty && version.hasResize ? ["resize"] : []),
  ];
}

/** Sizes are JSON objects one after the other; newlines between them are usual and not certain. */
function readSizes(stream: Duplex, push: (size: TerminalSize) => void): void {
  let pending = "";
  stream.on("data", (chunk: Buffer) => {
    pending += chunk.toString("utf8");
    for (let end = pending.indexOf("}"); end >= 0; end = pending.indexOf("}")) {
      const size = parseTerminalSize(pending.slice(0, end + 1));
      pending = pending.slice(end + 1);
      if (size !== undefined) push(size);
    }
    if (pending.length > SIZE_TEXT_BYTES_MAX) pending = "";
  });
}

/**
 * Serves one remote command on an upgraded connection. Rejects when the client does not open its streams in time.
 */
export async function serveSpdyRemoteCommand(
  transport: Duplex,
  protocol: string,
  request: RemoteCommandRequest,
  clock: Clock,
): Promise<RemoteCommandSession> {
  const version = versionOf(protocol);
  const expected = expectedStreams(request, version);
  const streams = new Map<string, SpdyStream>();
  let connection: SpdyConnection | undefined;
  const allOpen = new Promise<void>((resolve, reject) => {
    const timer = clock.after(STREAM_CREATION_TIMEOUT_MS, () =>
      reject(new Error("timed out waiting for client to create streams")),
    );
    connection = createSpdyConnection(transport, {
      role: "server",
      onStream: (stream) => {
        streams.set(stream.headers["streamtype"] ?? "", stream);
        if (!expected.every((name) => streams.has(name))) return;
        timer.cancel();
        resolve();
      },
    });
    void connection.closed.then(() => reject(new Error("the client left before it opened its streams")));
  });
  try {
    await allOpen;
  } catch (err) {
    connection?.close();
    throw err;
  }
  const feed = createResizeFeed();
  const resize = streams.get("resize")?.duplex;
  if (resize !== undefined) readSizes(resize, feed.push);
  return sessionOf(streams, connection, version.isStructured, feed.onResize);
}

function sessionOf(
  streams: ReadonlyMap<string, SpdyStream>,
  connection: SpdyConnection | undefined,
  isStructured: boolean,
  onResize: RemoteCommandSession["onResize"],
): RemoteCommandSession {
  const duplexOf = (name: string): Duplex | undefined => streams.get(name)?.duplex;
  return {
    stdin: duplexOf("stdin"),
    stdout: duplexOf("stdout"),
    stderr: duplexOf("stderr"),
    onResize,
    closed: connection?.closed ?? Promise.resolve(),
    finish: async (status) => {
      for (const name of ["stdout", "stderr"]) duplexOf(name)?.end();
      const error = duplexOf("error");
      error?.end(errorChannelText(status, isStructured));
      if (error !== undefined) await finished(error, { readable: false }).catch(() => undefined);
      connection?.close();
    },
  };
}

/** The client's end: what the kubelet holds towards the container runtime. */
export interface RemoteCommandClient {
  readonly stdin: Duplex | undefined;
  readonly stdout: Duplex | undefined;
  readonly stderr: Duplex | undefined;
  resize(size: TerminalSize): void;
  /** How the command ended; rejects when the connection was lost before that was known. */
  readonly status: Promise<Status>;
  close(): void;
}

/** Opens the streams of `request` on an upgraded connection. */
export async function openSpdyRemoteCommand(
  transport: Duplex,
  protocol: string,
  request: RemoteCommandRequest,
): Promise<RemoteCommandClient> {
  const connection = createSpdyConnection(transport, { role: "client" });
  const open = async (name: string): Promise<Duplex> => (await connection.open({ streamType: name })).duplex;
  const streams = new Map<string, Duplex>();
  for (const name of expectedStreams(request, versionOf(protocol))) streams.set(name, await open(name));
  return {
    stdin: streams.get("stdin"),
    stdout: streams.get("stdout"),
    stderr: streams.get("stderr"),
    resize: ({ width, height }) => void streams.get("resize")?.write(JSON.stringify({ Width: width, Height: height })),
    status: readStatus(streams.get("error")),
    close: () => connection.close(),
  };
}

async function readStatus(stream: Duplex | undefined): Promise<Status> {
  let text = "";
  stream?.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  if (stream !== undefined) await finished(stream, { writable: false });
  return statusOfErrorChannel(text);
}
