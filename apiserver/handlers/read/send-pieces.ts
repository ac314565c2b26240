/** Writes long answers piece by piece, waiting whenever the client reads slower than we write. */
import type { ServerResponse } from "node:http";
import { SLAB_BYTES } from "../../watch-cache/slab-list.ts";
import { pieceBuffers } from "./piece-buffers.ts";

/** Resolves when everything was handed to the socket, or as soon as the client is gone. Releases the pieces' buffers. */
export async function sendPieces(
  response: ServerResponse,
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  let wake: (() => void) | undefined;
  const onNews = (): void => wake?.();
  response.on("drain", onNews).on("close", onNews);
  signal.addEventListener("abort", onNews);
  try {
    for await (const piece of pieces) {
      if (signal.aborted || response.destroyed) return;
      // One piece waits at most: with many answers at once, more of them would leave the processor's caches first.
      const isWanted = response.write(piece, () => pieceBuffers.release(piece));
      if (isWanted || response.destroyed) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    response.end();
  } finally {
    response.off("drain", onNews).off("close", onNews);
    signal.removeEventListener("abort", onNews);
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
    yield pieceBuffers.join(batch, bytes);
    batch = [];
    bytes = 0;
  }
  // A short answer is not worth a buffer.
  if (bytes > 0) yield Buffer.concat(batch, bytes);
}
