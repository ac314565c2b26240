/** The cache's metrics, under upstream's names. Any registry of prom-client fits; tests pass `noCacheMetrics`. */
type Labels = Record<string, string>;

export interface GaugeLike {
  set(labels: Labels, value: number): void;
}

export interface CounterLike {
  inc(labels: Labels, value?: number): void;
}

export interface CacheMetrics {
  /** `apiserver_storage_objects`. */
  readonly objects: GaugeLike;
  /** `apiserver_registered_watchers`. */
  readonly watchers: GaugeLike;
  /** `apiserver_terminated_watchers_total`. */
  readonly terminatedWatchers: CounterLike;
  /** `apiserver_watch_cache_events_received_total`. */
  readonly eventsReceived: CounterLike;
  /** `apiserver_watch_cache_initializations_total`. */
  readonly initializations: CounterLike;
}

const ignore = { set: () => undefined, inc: () => undefined };
export const noCacheMetrics: CacheMetrics = {
  objects: ignore,
  watchers: ignore,
  terminatedWatchers: ignore,
  eventsReceived: ignore,
  initializations: ignore,
};
