/**
 * Decoder of a chunked watch: one JSON object per line.
 *
 * Invariants:
 * W1 A line is decoded as a whole, never by chunk: a character split between two chunks stays whole.
 * W2 A line longer than `WATCH_LINE_BYTES_MAX` ends the stream with an error: memory stays bounded.
 * W3 A stream that ends inside a line is an error, never half an event.
 */
import type { WatchEvent } from "./api-client.ts";
import { decodeJson } from "./json.ts";

/** Far above the largest object the store accepts (1.5 MiB), with room for escapes. */
export const WATCH_LINE_BYTES_MAX = 32 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Splits chunks into lines without the newline; empty lines are left out. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax = WATCH_LINE_BYTES_MAX,
): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let partBytes = 0;
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const tail = bytes.subarray(start, end);
      const line = parts.length === 0 ? tail : Buffer.concat([...parts, tail]);
      parts = [];
      partBytes = 0;
      start = end + 1;
      if (line.length > 0) yield line;
    }
    if (start === bytes.length) continue;
    // The rest is copied: the transport may use its chunk again.
    parts.push(Buffer.from(bytes.subarray(start)));
    partBytes += bytes.length - start;
    if (partBytes > lineBytesMax) throw new Error(`a watch event is larger than ${lineBytesMax} bytes`);
  }
  if (partBytes > 0) throw new Error("the watch ended in the middle of an event");
}

function isWatchEvent(value: unknown): value is { type: string; object: unknown } {
  return typeof value === "object" && value !== null && "type" in value && "object" in value;
}

/** Events of a watch body. The objects are what the server sent: the caller knows their type. */
export async function* watchEvents<T>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent<T>> {
  for await (const line of splitLines(chunks)) {
    const event = decodeJson(line);
    if (!isWatchEvent(event)) throw new Error("a line of the watch is not an event");
    yield event as WatchEvent<T>;
  }
}
