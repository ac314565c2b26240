/**
 * Decides when to sync: soon after a change, not more often than the minimum period, again after a failure, and
 * every sync period a look whether our rules are still there (upstream: `BoundedFrequencyRunner`, `iptables.Monitor`).
 */
import type { Clock, Timer } from "../shared/process/clock.ts";
import type { Logger } from "../shared/process/logger.ts";
import type { ProxyHealth } from "./proxy-health.ts";
import type { Proxier } from "./proxier.ts";

export interface SyncLoopOptions {
  readonly proxier: Proxier;
  readonly health: ProxyHealth;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Changes within this time share one sync. */
  readonly minSyncPeriodMs: number;
  /** How often we look whether our rules are still there. */
  readonly syncPeriodMs: number;
  /** Called after every successful sync. */
  readonly onSynced: () => void;
}

/** How often everything is read and written again even though all looks well, as upstream. */
const FULL_SYNC_PERIOD_MS = 3_600_000;
/** First wait after a failed sync; doubles up to the sync period. */
const RETRY_MS = 500;

export class SyncLoop {
  readonly #options: SyncLoopOptions;
  #wake: (() => void) | undefined;
  #isDue = false;
  #retryMs = RETRY_MS;
  #lastFullMs: number;

  constructor(options: SyncLoopOptions) {
    this.#options = options;
    this.#lastFullMs = options.clock.monotonicMs();
  }

  /** Something changed: sync soon. */
  trigger(): void {
    this.#options.health.queued();
    this.#isDue = true;
    this.#wake?.();
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, syncPeriodMs } = this.#options;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      if (!this.#isDue) await this.#waitForTrigger(syncPeriodMs, signal);
      if (signal.aborted) return;
      if (!this.#isDue) await this.#inspect();
      if (!this.#isDue) continue;
      this.#isDue = false;
      await clock.sleep(await this.#sync(), signal);
    }
  }

  async #waitForTrigger(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer: Timer = this.#options.clock.after(timeoutMs, resolve);
    await promise;
    timer.cancel();
    this.#wake = undefined;
  }

  /** Resolves to how long to wait before the next sync. */
  async #sync(): Promise<number> {
    const { proxier, health, logger, onSynced, syncPeriodMs, minSyncPeriodMs } = this.#options;
    try {
      await proxier.sync();
    } catch (err) {
      const waitMs = this.#retryMs;
      logger.error({ err, waitMs }, "could not write the rules");
      this.#isDue = true;
      this.#retryMs = Math.min(waitMs * 2, syncPeriodMs);
      return waitMs;
    }
    this.#retryMs = RETRY_MS;
    health.synced();
    onSynced();
    return minSyncPeriodMs;
  }

  /** Nothing changed for a sync period: is everything still as we left it? */
  async #inspect(): Promise<void> {
    const { proxier, clock, logger, health } = this.#options;
    const isOld = clock.monotonicMs() - this.#lastFullMs >= FULL_SYNC_PERIOD_MS;
    let isIntact = false;
    try {
      isIntact = await proxier.isIntact();
    } catch (err) {
      logger.warn({ err }, "could not look at the rules");
    }
    if (isIntact && !isOld) {
      health.synced();
      return;
    }
    if (!isIntact) logger.warn({}, "our rules were removed by somebody else: writing all of them again");
    this.#lastFullMs = clock.monotonicMs();
    proxier.forget();
    this.trigger();
  }
}
