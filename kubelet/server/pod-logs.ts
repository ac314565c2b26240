/**
 * Reads a container's CRI log file for `kubectl logs`. Upstream: `kuberuntime/logs/logs.go`.
 *
 * L1. Following survives rotation: what is left of the old file is read before the new one.
 * L2. Following ends when the container has ended and its file was read to the end.
 * L3. No link is followed: a pod that sees the folder of logs must not make the kubelet read other files for it.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../shared/process/clock.ts";
import { parseLogLine } from "./log-line.ts";

export interface LogOptions {
  readonly isFollowing: boolean;
  readonly hasTimestamps: boolean;
  /** Undefined: all. */
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  /** Lines before this moment are left out; 0 for none. */
  readonly sinceMs: number;
  readonly stream: "All" | "Stdout" | "Stderr";
}

export interface LogSink {
  /** Resolves when more may be written; false when nobody listens any more. */
  write(chunk: Buffer): Promise<boolean>;
}

const CHUNK_BYTES = 64 * 1024;
/** A line longer than this is given out in parts. */
const LINE_BYTES_MAX = 1024 * 1024;
const FOLLOW_POLL_MS = 100;
const NEWLINE = 0x0a;

/** Rejects when the file cannot be opened. */
export async function readContainerLog(
  file: string,
  options: LogOptions,
  sink: LogSink,
  clock: Clock,
  isRunning: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const writer = new LogWriter(options, sink);
  let handle = await openLog(file);
  try {
    let position = options.tailLines === undefined ? 0 : await tailPosition(handle, options.tailLines);
    let pending: Buffer = Buffer.alloc(0);
    let wasRunning = true;
    while (!signal.aborted) {
      const chunk = await readChunk(handle, position);
      position += chunk.length;
      pending = await writer.writeLines(Buffer.concat([pending, chunk]));
      if (writer.isDone) return;
      if (chunk.length > 0) continue;
      if (!options.isFollowing || !wasRunning) break;
      const next = await reopenIfRotated(file, handle);
      if (next !== undefined) {
        await handle.close();
        handle = next;
        position = 0;
        continue;
      }
      wasRunning = await isRunning();
      if (wasRunning) await clock.sleep(FOLLOW_POLL_MS, signal);
    }
    if (pending.length > 0) await writer.writeLines(Buffer.concat([pending, Buffer.from("\n")]));
  } finally {
    await handle.close();
  }
}

/** Rejects for what is no plain file in a plain folder (L3). */
async function openLog(file: string): Promise<FileHandle> {
  if ((await lstat(dirname(file))).isSymbolicLink()) throw new Error("the folder of the log is a link");
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error("the log is not a file");
}

async function readChunk(handle: FileHandle, position: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position);
  return buffer.subarray(0, bytesRead);
}

async function reopenIfRotated(file: string, handle: FileHandle): Promise<FileHandle | undefined> {
  const [now, opened] = await Promise.all([stat(file).catch(() => undefined), handle.stat()]);
  if (now === undefined || now.ino === opened.ino) return undefined;
  return openLog(file).catch(() => undefined);
}

/** Where the last `lines` lines begin. */
export async function tailPosition(handle: FileHandle, lines: number): Promise<number> {
  const { size } = await handle.stat();
  if (lines <= 0) return size;
  let found = 0;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { buffer } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
    for (let index = buffer.length - 1; index >= 0; index--) {
      // The newline at the very end closes the last line: it does not begin another.
      if (buffer[index] !== NEWLINE || start + index === size - 1) continue;
      if (++found === lines) return start + index + 1;
    }
    end = start;
  }
  return 0;
}

class LogWriter {
  readonly #options: LogOptions;
  readonly #sink: LogSink;
  #left: number;
  #wasPartial = false;
  isDone = false;

  constructor(options: LogOptions, sink: LogSink) {
    this.#options = options;
    this.#sink = sink;
    this.#left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Writes the complete lines; returns the rest. */
  async writeLines(bytes: Buffer): Promise<Buffer> {
    const parts: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      parts.push(...this.#format(bytes.subarray(start, end)));
      start = end + 1;
    }
    if (parts.length > 0) await this.#write(Buffer.concat(parts));
    const rest = bytes.subarray(start);
    return rest.length > LINE_BYTES_MAX ? Buffer.alloc(0) : rest;
  }

  #format(bytes: Buffer): Buffer[] {
    const line = parseLogLine(bytes);
    if (line === undefined) return [];
    const { stream, hasTimestamps, sinceMs } = this.#options;
    const isContinued = this.#wasPartial;
    this.#wasPartial = line.isPartial;
    if (stream !== "All" && stream.toLowerCase() !== line.stream) return [];
    if (sinceMs > 0 && Date.parse(line.timestamp) < sinceMs) return [];
    return hasTimestamps && !isContinued ? [Buffer.from(`${line.timestamp} `), line.content] : [line.content];
  }

  async #write(text: Buffer): Promise<void> {
    const chunk = text.length > this.#left ? text.subarray(0, this.#left) : text;
    this.#left -= chunk.length;
    const isHeard = await this.#sink.write(chunk);
    this.isDone = this.#left <= 0 || !isHeard;
  }
}
