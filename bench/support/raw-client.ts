/** Requests over some connections with next to no work of its own: what a client costs is missing elsewhere. */
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { BENCH_TOKEN } from "../servers/setup.ts";
import type { ServerAddress } from "./measured-server.ts";

const HEAD_END = "\r\n\r\n";
/** Instead of a length; the end is recognized by its last bytes, which do not come in two pieces here either. */
const CHUNKED = Number.POSITIVE_INFINITY;
const LAST_CHUNK = Buffer.from("\r\n0\r\n\r\n");
const STATUS = /^HTTP\/1\.1 (\d+)/u;
const LENGTH = /\r\ncontent-length: (\d+)/iu;

export interface RawRequest {
  readonly path: string;
  /** A GET without one. */
  readonly post?: string;
}

export interface RawLoad {
  readonly connections: number;
  readonly durationMs: number;
  /** The next request to send. */
  next(): RawRequest;
}

/** Good answers in that time. A connection that the server ends is made again; an answer that is no success throws. */
export async function answersOf(address: ServerAddress, load: RawLoad): Promise<{ perSecond: number; count: number }> {
  const open = new Set<Socket>();
  let count = 0;
  let isOver = false;
  let failure: Error | undefined;
  const begin = (): void => {
    const socket = connectTo(address);
    open.add(socket);
    let left = 0;
    const send = (): boolean => socket.write(textOf(load.next(), address));
    send();
    socket.on("data", (chunk: Buffer) => {
      if (left === 0) {
        // Heads are short: one never comes in two pieces here.
        const end = chunk.indexOf(HEAD_END);
        const head = chunk.toString("latin1", 0, end);
        const status = Number(STATUS.exec(head)?.[1]);
        if (status !== 200 && status !== 201) failure = new Error(chunk.toString("utf8"));
        const length = LENGTH.exec(head)?.[1];
        left = length === undefined ? CHUNKED : Number(length) + end + HEAD_END.length;
      }
      if (left === CHUNKED) {
        if (!chunk.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) return;
        left = 0;
      } else left -= chunk.length;
      if (left > 0) return;
      count++;
      if (!isOver && failure === undefined) send();
    });
    socket.on("error", () => undefined);
    socket.once("close", () => {
      open.delete(socket);
      if (!isOver) begin();
    });
  };
  for (let opened = 0; opened < load.connections; opened++) begin();
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, load.durationMs));
  const answers = { count, perSecond: (count * 1000) / (performance.now() - start) };
  isOver = true;
  for (const socket of open) socket.destroy();
  if (failure !== undefined) throw failure;
  return answers;
}

function textOf({ path, post }: RawRequest, { isPlain }: ServerAddress): string {
  const credentials = isPlain ? `Authorization: Bearer ${BENCH_TOKEN}\r\n` : "";
  const head = `${post === undefined ? "GET" : "POST"} ${path} HTTP/1.1\r\nHost: bench\r\n${credentials}`;
  if (post === undefined) return `${head}\r\n`;
  return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(post)}\r\n\r\n${post}`;
}

function connectTo({ port, isPlain, ca, cert, key }: ServerAddress): Socket {
  return isPlain ? connectPlain(port, "127.0.0.1") : connectTls({ port, host: "127.0.0.1", ca, cert, key });
}
