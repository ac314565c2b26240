/** What images and containers take on the disk. The Engine walks all files to find out: it is asked seldom. */
import type { Clock } from "../../../shared/process/clock.ts";
import type { EngineClient } from "./engine-client.ts";
import type { WireDiskUsage } from "./engine-wire.ts";

const VALID_MS = 10_000;
const CALL_TIMEOUT_MS = 120_000;

export interface DiskUsageResult {
  readonly imageBytes: number;
  readonly bytesOf: ReadonlyMap<string, number>;
}

export class DiskUsage {
  readonly #engine: EngineClient;
  readonly #clock: Clock;
  #last: { readonly result: Promise<DiskUsageResult>; readonly atMs: number } | undefined;

  constructor(engine: EngineClient, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** At most ten seconds old; callers at the same time share one walk. */
  read(): Promise<DiskUsageResult> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#last !== undefined && nowMs - this.#last.atMs < VALID_MS) return this.#last.result;
    const result = this.#measure();
    this.#last = { result, atMs: nowMs };
    result.catch(() => {
      this.#last = undefined;
    });
    return result;
  }

  async #measure(): Promise<DiskUsageResult> {
    const usage = await this.#engine.call<WireDiskUsage>("GET", "/system/df", { timeoutMs: CALL_TIMEOUT_MS });
    return {
      imageBytes: usage.LayersSize,
      bytesOf: new Map((usage.Containers ?? []).map(({ Id, SizeRw }) => [Id, SizeRw ?? 0])),
    };
  }
}
