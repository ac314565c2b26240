/**
 * Where log lines go.
 *
 * L1 Lines of one turn of the event loop are written together.
 * L2 A log that cannot be written (disk full, reader gone) costs lines, never the process: what does not fit is dropped
 *    and counted, and the count is written when there is room again. (A retry until it works would stop the component.)
 * L3 What was logged before an orderly exit has been written, or tried once.
 */
import { writeSync } from "node:fs";

/** What may wait for a slow reader. */
const PENDING_CHARACTERS_MAX = 1024 * 1024;
const RETRY_MS = 100;

export interface LogDestination {
  write(line: string): void;
  /** Tries once to write what waits. */
  flush(): void;
}

export type WriteBytes = (bytes: Buffer) => number;

/** `droppedLine` makes the line that tells how many were lost. */
export function createLogDestination(
  write: WriteBytes,
  droppedLine: (count: number) => string,
  later: (work: () => void, delayMs: number) => void,
): LogDestination {
  let pending: string[] = [];
  let pendingCharacters = 0;
  let dropped = 0;
  let isScheduled = false;

  const schedule = (delayMs: number): void => {
    if (isScheduled) return;
    isScheduled = true;
    later(() => {
      isScheduled = false;
      flush();
    }, delayMs);
  };

  const drop = (count: number): void => {
    dropped += count;
    pending = [];
    pendingCharacters = 0;
  };

  function flush(): void {
    if (pending.length === 0) return;
    const lines = dropped > 0 ? [droppedLine(dropped), ...pending] : pending;
    let rest: Buffer = Buffer.from(lines.join(""));
    try {
      while (rest.length > 0) rest = rest.subarray(write(rest));
      dropped = 0;
      drop(0);
    } catch (err) {
      const isBusy = (err as NodeJS.ErrnoException).code === "EAGAIN";
      if (!isBusy) return drop(pending.length);
      // What was written is not written twice; the count of lost lines was in it, or comes again.
      pending = [rest.toString()];
      pendingCharacters = rest.length;
      dropped = 0;
      schedule(RETRY_MS);
    }
  }

  return {
    flush,
    write: (line) => {
      if (pendingCharacters + line.length > PENDING_CHARACTERS_MAX) {
        dropped++;
        return;
      }
      pending.push(line);
      pendingCharacters += line.length;
      schedule(0);
    },
  };
}

/** Writes to a file descriptor and, before the process exits, what still waits (L3). */
export function fileDescriptorDestination(fd: number, droppedLine: (count: number) => string): LogDestination {
  const destination = createLogDestination(
    (bytes) => writeSync(fd, bytes),
    droppedLine,
    (work, delayMs) => (delayMs === 0 ? setImmediate(work) : setTimeout(work, delayMs)).unref(),
  );
  process.on("exit", () => destination.flush());
  return destination;
}
