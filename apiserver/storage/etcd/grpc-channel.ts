/**
 * Single calls of gRPC over Node's own HTTP/2: a third of the processor time that the general client takes for each,
 * and calls are what a write costs. One connection, to one server at a time; the next one has its turn when that fails.
 *
 * K1  A call is sent at most once. One that was sent and not answered rejects: nobody knows whether it happened (S5).
 * K2  A connection that let a call run out of time is given up, with everything that waits on it.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import type { EtcdTls } from "../open-storage.ts";
import type { Field } from "./wire.ts";

export interface GrpcChannelOptions {
  /** URLs; at least one. */
  readonly servers: readonly string[];
  readonly tls?: EtcdTls | undefined;
  /** A call that takes longer has failed. */
  readonly callMsMax: number;
}

/** A range page is tens of megabytes; the default window would make it wait for us again and again. */
const WINDOW_BYTES = 16 * 1024 * 1024;
/** Flag and length in front of a message. */
const PREFIX_BYTES = 5;
const OK = "0";
const UNAVAILABLE = 14;
const HTTP_OK = 200;

/** What the server said instead of an answer. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  /** Of gRPC's status codes. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(`${code} ${message}`);
    this.code = code;
  }
}

export class GrpcChannel {
  readonly #options: GrpcChannelOptions;
  #server = 0;
  #session: ClientHttp2Session | undefined;
  #isClosed = false;

  constructor(options: GrpcChannelOptions) {
    this.#options = options;
  }

  /** `path` is `/package.Service/Method`; resolves to the bytes of the answer's message. */
  async call(path: string, message: Field, callMsMax: number = this.#options.callMsMax): Promise<Buffer> {
    if (this.#isClosed) throw new Error("the connection to etcd is closed");
    const session = this.#connected();
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.setTimeout(callMsMax, () => {
      stream.destroy(new Error(`etcd did not answer within ${callMsMax} ms`));
      this.#giveUp(session, true);
    });
    stream.end(framed(message));
    try {
      return await answerOf(stream);
    } catch (error) {
      // This member cannot serve: it has no leader, or goes away.
      if (error instanceof GrpcError && error.code === UNAVAILABLE) this.#giveUp(session, false);
      throw error;
    }
  }

  /** Waiting calls reject. */
  close(): void {
    this.#isClosed = true;
    this.#session?.destroy();
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== undefined) return this.#session;
    const { servers, tls } = this.#options;
    const server = servers[this.#server % servers.length] ?? "";
    const url = server.includes("://") ? server : `${tls === undefined ? "http" : "https"}://${server}`;
    const session = connect(url, {
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      ...(tls && { ca: tls.ca, ...(tls.key && { key: tls.key }), ...(tls.cert && { cert: tls.cert }) }),
    });
    this.#session = session;
    session.on("connect", () => session.setLocalWindowSize(WINDOW_BYTES));
    // The calls on it tell why; this one must have a listener.
    session.on("error", () => this.#giveUp(session, true));
    session.on("goaway", () => this.#giveUp(session, false));
    session.on("close", () => this.#giveUp(session, true));
    return session;
  }

  /** The next call connects anew, to the next server; `atOnce` ends what waits (K2). */
  #giveUp(session: ClientHttp2Session, atOnce: boolean): void {
    if (this.#session === session) {
      this.#session = undefined;
      this.#server++;
    }
    if (atOnce) session.destroy();
    else session.close();
  }
}

function framed(message: Field): Buffer {
  let length = 0;
  for (const part of message) length += part.length;
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, ...message], PREFIX_BYTES + length);
}

function answerOf(stream: ClientHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let failure: Error | undefined;
    let isOk = false;
    const takeStatus = (status: unknown, message: unknown): void => {
      if (status === OK) isOk = true;
      else if (status !== undefined) failure ??= new GrpcError(Number(status), decoded(message));
    };
    const finish = (): void => {
      if (failure !== undefined) return reject(failure);
      if (!isOk) return reject(new Error("etcd ended the call without an answer"));
      const message = messageOf(chunks);
      if (message === undefined) reject(new Error("etcd sent an answer that is no message"));
      else resolve(message);
    };
    stream.on("response", (headers) => {
      const httpStatus = Number(headers[":status"]);
      if (httpStatus !== HTTP_OK) failure = new Error(`etcd answered with HTTP status ${httpStatus}`);
      // An answer without a message has its status here.
      takeStatus(headers["grpc-status"], headers["grpc-message"]);
    });
    stream.on("trailers", (trailers) => takeStatus(trailers["grpc-status"], trailers["grpc-message"]));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", (error: Error) => {
      failure ??= error;
    });
    // With its status there is nothing to wait for; without one, the end of the stream tells why.
    stream.on("end", () => {
      if (isOk) finish();
    });
    stream.on("close", finish);
  });
}

function messageOf(chunks: readonly Buffer[]): Buffer | undefined {
  const [first] = chunks;
  const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
  // A flag other than 0 is a compression that we did not offer.
  if (bytes.length < PREFIX_BYTES || bytes[0] !== 0) return undefined;
  const length = bytes.readUInt32BE(1);
  return length === bytes.length - PREFIX_BYTES ? bytes.subarray(PREFIX_BYTES) : undefined;
}

function decoded(message: unknown): string {
  const text = typeof message === "string" ? message : "";
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
