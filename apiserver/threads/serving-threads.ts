/**
 * Serving threads beside the main thread: started while all threads are busy, ended after a long quiet time.
 *
 * G1  At most `threadsMax` threads serve, the main thread among them.
 * G2  A thread that ended without being told is replaced, later each time it happens again soon.
 * G3  A thread's end breaks its own connections and nothing else.
 */
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { MetricValues } from "../metrics/merge-metrics.ts";
import { ServingThread, type ServingThreadDependencies } from "./serving-thread.ts";
import { THREADS_MAX } from "./shared-state.ts";
import { NO_LOAD, planThreads } from "./thread-plan.ts";

export interface ServingThreadsOptions extends ServingThreadDependencies {
  readonly threadsMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Lets clients of the main thread connect anew, some at a time. */
  readonly spreadOwn: () => void;
}

const CHECK_MS = 1000;
const RESTART_MS_MIN = 1000;
const RESTART_MS_MAX = 60_000;
/** A thread that served so long may fail again without being held back longer. */
const GOOD_MS = 300_000;

export class ServingThreads {
  readonly #options: ServingThreadsOptions;
  readonly #threads = new Map<number, ServingThread>();
  readonly #stopping = new AbortController();
  #load = NO_LOAD;
  #utilisation: EventLoopUtilization | undefined;
  #restartMs = RESTART_MS_MIN;

  constructor(options: ServingThreadsOptions) {
    this.#options = { ...options, threadsMax: Math.min(options.threadsMax, THREADS_MAX) };
  }

  /** Those that there are beside the main thread; some may not serve yet. */
  get all(): readonly ServingThread[] {
    return [...this.#threads.values()];
  }

  /** Looks at the load once a second until `stop`. */
  keepBalanced(): void {
    if (this.#options.threadsMax < 2) return;
    this.#options.clock.after(CHECK_MS, () => {
      if (this.#stopping.signal.aborted) return;
      this.#check();
      this.keepBalanced();
    });
  }

  /** Starts one more, whatever the load; resolves when it serves, rejects when it cannot. */
  async start(): Promise<ServingThread> {
    const index = Array.from({ length: THREADS_MAX }, (_, at) => at).find((at) => at > 0 && !this.#threads.has(at));
    if (index === undefined || index >= this.#options.threadsMax) throw new Error("all threads are running");
    const { clock, logger } = this.#options;
    const thread = new ServingThread(index, this.#options);
    this.#threads.set(index, thread);
    const startedMs = clock.monotonicMs();
    void thread.ended.then((reason) => {
      this.#threads.delete(index);
      if (reason !== undefined) this.#replace(index, reason, clock.monotonicMs() - startedMs);
    });
    await thread.serving;
    logger.info({ thread: index }, "a further thread serves");
    this.#options.spreadOwn();
    for (const other of this.all) if (other !== thread) other.spread();
    return thread;
  }

  /** Metrics of those that answer. */
  async metrics(): Promise<MetricValues[]> {
    const values = await Promise.all(this.all.map((thread) => thread.metrics()));
    return values.filter((one) => one !== undefined);
  }

  /** Ends them all in an orderly way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.all.map((thread) => thread.stop()));
  }

  #check(): void {
    const last = this.#utilisation;
    this.#utilisation = performance.eventLoopUtilization();
    const own = performance.eventLoopUtilization(this.#utilisation, last).utilization;
    const others = this.all.map((thread) => thread.utilisation());
    const { load, action } = planThreads(this.#load, [own, ...others], this.#options.threadsMax);
    this.#load = load;
    if (action === "start") this.#startSafely();
    if (action === "end") this.#endNewest();
  }

  #startSafely(): void {
    this.start().catch((err: unknown) => this.#options.logger.error({ err }, "cannot start a serving thread"));
  }

  #endNewest(): void {
    const newest = this.all.at(-1);
    this.#options.logger.info({ thread: newest?.index }, "a serving thread is not needed any more");
    void newest?.stop();
  }

  #replace(index: number, err: Error, livedMs: number): void {
    const { clock, logger } = this.#options;
    if (livedMs >= GOOD_MS) this.#restartMs = RESTART_MS_MIN;
    logger.error({ err, thread: index, restartMs: this.#restartMs }, "a serving thread ended");
    clock.after(this.#restartMs, () => {
      if (!this.#stopping.signal.aborted && this.#threads.size + 1 < this.#options.threadsMax) this.#startSafely();
    });
    this.#restartMs = Math.min(this.#restartMs * 2, RESTART_MS_MAX);
  }
}
