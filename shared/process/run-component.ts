/**
 * Life of a component process: every component exports `run(options): Promise<RunningComponent>` (D2), and its
 * `main.ts` hands that to `runMain`, which owns signals and exit codes.
 */
import { writeSync } from "node:fs";
import { createLogger } from "./logger.ts";
import { nameProcess } from "./process-name.ts";

export interface RunningComponent {
  /** Resolves when the component ended by itself; rejects when it cannot go on. */
  readonly done: Promise<void>;
  /** Ends it in an orderly way; may be called more than once. */
  stop(): Promise<void>;
}

/** Longest orderly stop before the process ends anyway. */
const STOP_TIMEOUT_MS = 25_000;

/** The log may be on a disk that is full: that must not keep the process from ending. */
function sayLastWords(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Nobody is left to tell.
  }
}

/** Starts the component, stops it at SIGTERM or SIGINT, and sets the exit code: 0 stopped, 1 failed. */
export async function runMain(name: string, run: () => Promise<RunningComponent>): Promise<void> {
  nameProcess(name);
  const logger = createLogger(name);
  const fail = (err: unknown, message: string): never => {
    logger.error({ err }, message);
    sayLastWords(`${name}: ${err instanceof Error ? err.message : String(err)}\n`);
    process.exit(1);
  };
  process.on("uncaughtException", (err) => fail(err, "uncaught exception"));
  process.on("unhandledRejection", (err) => fail(err, "unhandled rejection"));
  let running: RunningComponent;
  try {
    running = await run();
  } catch (err) {
    return fail(err, "could not start");
  }
  const stop = (signal: string): void => {
    logger.info({ signal }, "stopping");
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    running.stop().then(
      () => process.exit(0),
      (err: unknown) => fail(err, "could not stop"),
    );
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  running.done.then(
    () => process.exit(0),
    (err: unknown) => fail(err, "ended"),
  );
}
