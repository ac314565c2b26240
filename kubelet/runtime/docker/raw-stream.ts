/**
 * The bytes of a hijacked connection: as they are with a terminal, otherwise in frames of 8 bytes head (stream, three
 * zeros, length) and content, stdout and stderr told apart (Docker Engine API, "Stream format").
 */
import type { Readable } from "node:stream";
import { RuntimeCallError } from "../runtime-error.ts";

export interface OutputChunk {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Buffer;
}

const HEADER_BYTES = 8;
const STDERR = 2;
const SYSTEM_ERROR = 3;

/** Ends with the connection. */
export async function* outputOf(connection: Readable, hasTty: boolean): AsyncGenerator<OutputChunk> {
  if (hasTty) for await (const bytes of connection as AsyncIterable<Buffer>) yield { stream: "stdout", bytes };
  else yield* framesOf(connection);
}

async function* framesOf(connection: Readable): AsyncGenerator<OutputChunk, void> {
  let header: Buffer = Buffer.alloc(0);
  let left = 0;
  for await (const chunk of connection as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const wanted = HEADER_BYTES - header.length;
        header = Buffer.concat([header, chunk.subarray(at, at + wanted)]);
        at += wanted;
        if (header.length < HEADER_BYTES) break;
        left = header.readUInt32BE(4);
        if ((header[0] ?? 0) > SYSTEM_ERROR || header[1] !== 0)
          throw new RuntimeCallError("other", "the Docker Engine's stream has a frame of no known kind");
        if (left === 0) header = Buffer.alloc(0);
        continue;
      }
      const bytes = chunk.subarray(at, at + left);
      yield { stream: (header[0] ?? 0) >= STDERR ? "stderr" : "stdout", bytes };
      at += bytes.length;
      left -= bytes.length;
      if (left === 0) header = Buffer.alloc(0);
    }
  }
}
