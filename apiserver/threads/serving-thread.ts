/**
 * The main thread's end of one serving thread: its worker, its share of the store and of the caches' contents.
 *
 *     starting ──serving──▶ serving ──stop()──▶ stopping ──stopped, or too late──▶ ended
 *         └──────────── error, exit ────┴──────────────────────────────────────▶ ended
 */
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { MetricValues } from "../metrics/merge-metrics.ts";
import { StorageService } from "../storage/remote/storage-service.ts";
import type { Storage } from "../storage/storage.ts";
import type { CacheRelay, SendFeed } from "./cache-relay.ts";
import type { FromThread, ToThread } from "./messages.ts";
import type { SharedState } from "./shared-state.ts";
import type { ThreadStart, ThreadOptions } from "./thread-options.ts";

export interface ServingThreadDependencies {
  readonly storage: Storage;
  readonly relay: CacheRelay;
  readonly state: SharedState;
  readonly options: ThreadOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Metrics of all threads as one page. */
  readonly mergedMetrics: () => Promise<string>;
}

/** Longer than a thread gives its running requests. */
const STOP_MS_MAX = 12_000;
/** A thread that does not answer is left out of `/metrics`. */
const METRICS_MS_MAX = 2000;
const ENTRY = new URL("main.ts", import.meta.url);

export class ServingThread {
  readonly index: number;
  /** Resolves when it serves; rejects when it ended before. */
  readonly serving: Promise<void>;
  /** Resolves at its end, with the reason when it was none of ours. */
  readonly ended: Promise<Error | undefined>;
  readonly #dependencies: ServingThreadDependencies;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #service: StorageService;
  readonly #sendFeed: SendFeed;
  readonly #metrics = new Map<number, (values: MetricValues | undefined) => void>();
  readonly #isServing = Promise.withResolvers<void>();
  readonly #isStopped = Promise.withResolvers<void>();
  #utilisation: EventLoopUtilization | undefined;
  #nextId = 1;
  #isStopping = false;

  constructor(index: number, dependencies: ServingThreadDependencies) {
    const { storage, state, options } = dependencies;
    this.index = index;
    this.#dependencies = dependencies;
    state.clear(index);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const start: ThreadStart = { index, port: port2, buffers: state.buffers, options };
    this.#worker = new Worker(ENTRY, { workerData: start, transferList: [port2], name: `serving-${index}` });
    this.#service = new StorageService(storage, (message, transfer) => this.#port.postMessage(message, transfer));
    this.#sendFeed = (message) => {
      this.#send(message);
      state.noteSent(index);
    };
    this.serving = this.#isServing.promise;
    this.serving.catch(() => undefined);
    this.#port.on("message", (message: FromThread) => this.#receive(message));
    this.ended = this.#watchEnd();
  }

  /** How busy it was since the last call. */
  utilisation(): number {
    const last = this.#utilisation;
    this.#utilisation = this.#worker.performance.eventLoopUtilization();
    return performance.eventLoopUtilization(this.#utilisation, last).utilization;
  }

  /** Nothing when it does not answer in time. */
  metrics(): Promise<MetricValues | undefined> {
    const id = this.#nextId++;
    const waited = new AbortController();
    const answered = new Promise<MetricValues | undefined>((resolve) => {
      this.#metrics.set(id, resolve);
      this.#send({ kind: "metrics?", id });
    });
    const { clock } = this.#dependencies;
    const tooLate = clock.sleep(METRICS_MS_MAX, waited.signal).then(() => undefined);
    return Promise.race([answered, tooLate]).finally(() => {
      this.#metrics.delete(id);
      waited.abort();
    });
  }

  /** Lets clients of this thread connect anew, some at a time. */
  spread(): void {
    this.#send({ kind: "spread" });
  }

  /** Ends it in an orderly way: its watches end, its running requests finish. */
  async stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#send({ kind: "stop" });
    }
    const waited = new AbortController();
    const tooLate = this.#dependencies.clock.sleep(STOP_MS_MAX, waited.signal);
    await Promise.race([this.#isStopped.promise, this.ended, tooLate]);
    waited.abort();
    await this.terminate();
  }

  /** Ends it at once, with everything that it does. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
    await this.ended;
  }

  #watchEnd(): Promise<Error | undefined> {
    let failure: Error | undefined;
    this.#worker.once("error", (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    return new Promise((resolve) => {
      this.#worker.once("exit", (code) => {
        const { relay, state } = this.#dependencies;
        relay.unfollow(this.#sendFeed);
        this.#service.close();
        this.#port.close();
        state.clear(this.index);
        for (const answer of this.#metrics.values()) answer(undefined);
        const reason = this.#isStopping ? undefined : (failure ?? new Error(`the thread ended with code ${code}`));
        this.#isServing.reject(reason ?? new Error("the thread was stopped"));
        resolve(reason);
      });
    });
  }

  #send(message: ToThread): void {
    this.#port.postMessage(message);
  }

  #receive(message: FromThread): void {
    const { relay, mergedMetrics, logger } = this.#dependencies;
    switch (message.kind) {
      case "calls":
        return this.#service.receive(message);
      case "load":
        return relay.follow(this.#sendFeed);
      case "wantProgress":
        return relay.requestProgress();
      case "metrics":
        return this.#metrics.get(message.id)?.(message.values);
      case "metrics?":
        mergedMetrics().then(
          (text) => this.#send({ kind: "metrics", id: message.id, text }),
          (err: unknown) => logger.error({ err }, "cannot collect the metrics"),
        );
        return;
      case "serving":
        return this.#isServing.resolve();
      case "stopped":
        return this.#isStopped.resolve();
    }
  }
}
