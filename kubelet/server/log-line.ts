/** One line of a CRI log file: `TIMESTAMP STREAM TAGS CONTENT`, tag `P` for a part, `F` for the end of a line. */
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

/** `bytes` is one line without its newline; undefined when it is not of this form. */
export function parseLogLine(bytes: Buffer): LogLine | undefined {
  const timestampEnd = bytes.indexOf(SPACE);
  if (timestampEnd < 0) return undefined;
  const streamEnd = bytes.indexOf(SPACE, timestampEnd + 1);
  if (streamEnd < 0) return undefined;
  const tagEnd = bytes.indexOf(SPACE, streamEnd + 1);
  if (tagEnd < 0) return undefined;
  const stream = bytes.toString("latin1", timestampEnd + 1, streamEnd);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
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
