import type { Readable } from "node:stream";
import { RuntimeCallError } from "../runtime-error.ts";

/** An event or a line of progress is short; a stream without newlines must not fill the memory. */
const LINE_CHARACTERS_MAX = 4 * 1024 * 1024;

/** Calls back for each JSON text of a stream that has one a line. Rejects when the stream breaks or a line is no JSON. */
export async function readJsonLines(stream: Readable, onMessage: (message: unknown) => void): Promise<void> {
  let pending = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream as AsyncIterable<string>) {
    pending += chunk;
    const lines = pending.split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") onMessage(JSON.parse(line));
    if (pending.length > LINE_CHARACTERS_MAX)
      throw new RuntimeCallError("other", "the Docker Engine sent a line without end");
  }
  if (pending.trim() !== "") onMessage(JSON.parse(pending));
}
