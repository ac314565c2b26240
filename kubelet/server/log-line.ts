/**
 * One line of a container's log file: in CRI's form, `TIMESTAMP STREAM TAGS CONTENT` with the tag `P` for a part and
 * `F` for the end of a line, or in Docker's, `{"log": "CONTENT\n", "stream": "STREAM", "time": "TIMESTAMP"}`.
 */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as written. */
  readonly timestamp: string;
  readonly stream: "stdout" | "stderr";
  readonly isPartial: boolean;
  /** With its newline when the line is complete. */
  readonly content: Buffer;
}

const SPACE = 0x20;
const NEWLINE = Buffer.from("\n");
const BRACE = 0x7b;

/** `bytes` is one line without its newline; undefined when it is not of this form. */
export function parseLogLine(bytes: Buffer): LogLine | undefined {
  return bytes[0] === BRACE ? parseDockerLine(bytes) : parseCriLine(bytes);
}

function isStream(text: unknown): text is LogLine["stream"] {
  return text === "stdout" || text === "stderr";
}

function parseDockerLine(bytes: Buffer): LogLine | undefined {
  let parsed: { readonly log?: unknown; readonly stream?: unknown; readonly time?: unknown };
  try {
    parsed = JSON.parse(bytes.toString("utf8")) as typeof parsed;
  } catch {
    // The daemon died in the middle of a line.
    return undefined;
  }
  const { log, stream, time } = parsed;
  if (typeof log !== "string" || typeof time !== "string" || !isStream(stream)) return undefined;
  return { timestamp: time, stream, isPartial: !log.endsWith("\n"), content: Buffer.from(log) };
}

function parseCriLine(bytes: Buffer): LogLine | undefined {
  const timestampEnd = bytes.indexOf(SPACE);
  if (timestampEnd < 0) return undefined;
  const streamEnd = bytes.indexOf(SPACE, timestampEnd + 1);
  if (streamEnd < 0) return undefined;
  const tagEnd = bytes.indexOf(SPACE, streamEnd + 1);
  if (tagEnd < 0) return undefined;
  const stream = bytes.toString("latin1", timestampEnd + 1, streamEnd);
  if (!isStream(stream)) return undefined;
  const [tag] = bytes.toString("latin1", streamEnd + 1, tagEnd).split(":");
  const isPartial = tag === "P";
  const content = bytes.subarray(tagEnd + 1);
  return {
    timestamp: bytes.toString("latin1", 0, timestampEnd),
    stream,
    isPartial,
    content: isPartial ? content : Buffer.concat([content, NEWLINE]),
  };
}
