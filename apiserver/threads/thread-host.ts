/** The main thread's side of several serving threads: what they share, and what it does for them. */
import { randomBytes } from "node:crypto";
import { mergeMetrics } from "../metrics/merge-metrics.ts";
import type { ApiServerOptions } from "../options.ts";
import type { Serving, ServingRole } from "../serving.ts";
import { storeSource } from "../watch-cache/cache-source.ts";
import { CacheRelay } from "./cache-relay.ts";
import { ServingThreads } from "./serving-threads.ts";
import { SharedState } from "./shared-state.ts";

/** Keys of TLS session tickets, as Node wants them. */
const TICKET_KEYS_BYTES = 48;

export class ThreadHost {
  /** Of the main thread's own serving parts. */
  readonly role: Required<Pick<ServingRole, "source" | "counts" | "sharing" | "ticketKeys">>;
  readonly #options: ApiServerOptions;
  readonly #threadsMax: number;
  readonly #state = new SharedState(0);
  readonly #relay: CacheRelay;
  #serving: Serving | undefined;
  #threads: ServingThreads | undefined;

  constructor(options: ApiServerOptions, threadsMax: number) {
    this.#options = options;
    this.#threadsMax = threadsMax;
    this.#relay = new CacheRelay((revision) => this.#state.publish(revision));
    this.role = {
      source: (storage) => this.#relay.of(storeSource(storage, options.clock)),
      counts: this.#state,
      sharing: "first",
      ticketKeys: randomBytes(TICKET_KEYS_BYTES),
    };
  }

  /** The main thread's serving parts have been made; to be called before its caches are started. */
  attach(serving: Serving): void {
    this.#serving = serving;
    this.#relay.fills(serving.caches);
  }

  /** The main thread listens on that port; further threads may join. */
  begin(port: number): ServingThreads {
    const { clock, logger, storage, strategies: _own, ...plain } = this.#options;
    this.#threads = new ServingThreads({
      threadsMax: this.#threadsMax,
      clock,
      logger,
      storage,
      state: this.#state,
      relay: this.#relay,
      options: {
        ...plain,
        securePort: port,
        ticketKeys: this.role.ticketKeys,
        knowsRevision: storage.tellsWatchesFirst === true,
      },
      mergedMetrics: () => this.metricsText(),
      spreadOwn: () => this.#serving?.server.spread(),
    });
    return this.#threads;
  }

  /** Of all threads together. */
  async metricsText(): Promise<string> {
    const own = (await this.#serving?.metrics.getMetricsAsJSON()) ?? [];
    return mergeMetrics([own, ...((await this.#threads?.metrics()) ?? [])]);
  }

  /** `/readyz` fails on all threads from now on. */
  announceStop(): void {
    this.#state.announceStop();
  }
}
