/**
 * Forgets old history: every five minutes, or whatever is set, what was current one turn ago becomes the oldest that can be read
 * (upstream: `etcd3/compact.go`). Several apiservers may do so on one store: the later ones find it done.
 */
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { CompactedError, type Storage } from "./storage.ts";

/** Default of upstream's `--etcd-compaction-interval`. */
const COMPACT_EVERY_MS = 300_000;

export interface CompactorOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0: never. */
  readonly intervalMs?: number | undefined;
}

/** Runs until the signal aborts; failures are logged and tried again at the next turn. */
export async function runCompactor(options: CompactorOptions, signal: AbortSignal): Promise<void> {
  const { storage, clock, logger, intervalMs = COMPACT_EVERY_MS } = options;
  if (intervalMs === 0) return;
  let previous = 0;
  for (;;) {
    await clock.sleep(intervalMs, signal);
    if (signal.aborted) return;
    try {
      if (previous > 0) await compactTo(storage, previous);
      previous = await storage.currentRevision();
    } catch (err) {
      logger.warn({ err }, "cannot compact the store");
    }
  }
}

async function compactTo(storage: Storage, revision: number): Promise<void> {
  try {
    await storage.compact(revision);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
  }
}
