/** Writes long answers piece by piece, waiting whenever the client reads slower than we write. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { SLAB_BYTES } from "../../watch-cache/slab-list.ts";

/** Handed to the socket before we wait: waiting after each piece would cost as much as writing it. */
const SEND_BUFFER_BYTES_MAX = 2 * 1024 * 1024;

/** Resolves when everything was handed to the socket, or as soon as the client is gone. */
export async function sendPieces(
  response: ServerResponse,
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  for await (const piece of pieces) {
    if (signal.aborted || response.destroyed) return;
    const isWanted = response.write(piece);
    if (!isWanted && response.writableLength > SEND_BUFFER_BYTES_MAX) await drained(response, signal);
  }
  response.end();
}

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  const closed = new AbortController();
  const stop = (): void => closed.abort();
  response.once("close", stop);
  try {
    await once(response, "drain", { signal: AbortSignal.any([signal, closed.signal]) });
  } catch (error) {
    // Aborted: the caller looks at the response before it writes again.
    if (!signal.aborted && !closed.signal.aborted) throw error;
  } finally {
    response.off("close", stop);
  }
}

/** Joins small buffers into pieces of about a slab: one write, and one TLS record run, for each. */
export function* inSlabs(buffers: Iterable<Buffer>): Generator<Buffer> {
  let batch: Buffer[] = [];
  let bytes = 0;
  for (const buffer of buffers) {
    batch.push(buffer);
    bytes += buffer.length;
    if (bytes < SLAB_BYTES) continue;
    yield Buffer.concat(batch, bytes);
    batch = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(batch, bytes);
}
