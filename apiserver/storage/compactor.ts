/**
 * Forgets old history: every five minutes what was current five minutes ago becomes the oldest that can be read
 * (upstream: `etcd3/compact.go`). Several apiservers may do so on one store: the later ones find it done.
 */
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { CompactedError, type Storage } from "./storage.ts";

/** Upstream's `--etcd-compaction-interval`. */
const COMPACT_EVERY_MS = 300_000;

export interface CompactorOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Runs until the signal aborts; failures are logged and tried again at the next turn. */
export async function runCompactor({ storage, clock, logger }: CompactorOptions, signal: AbortSignal): Promise<void> {
  let previous = 0;
  for (;;) {
    await clock.sleep(COMPACT_EVERY_MS, signal);
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
