/**
 * The apiserver as a component: the store, what must happen only once, and the threads that serve.
 *
 * R1  Ready means: the store answers, every cache is loaded, and the objects that every cluster has are written.
 * R2  At a stop `/readyz` fails first, then watches end, running requests finish, and the store is closed last.
 */
import type { RunningComponent } from "../shared/process/run-component.ts";
import type { ApiServerOptions } from "./options.ts";
import { PostStart } from "./post-start.ts";
import type { Registry } from "./registry/registry.ts";
import { createServing } from "./serving.ts";
import { runCompactor } from "./storage/compactor.ts";
import type { ServingThreads } from "./threads/serving-threads.ts";
import { ThreadHost } from "./threads/thread-host.ts";
import type { WatchCaches } from "./watch-cache/watch-caches.ts";

export interface RunningApiServer extends RunningComponent {
  /** The port it listens on. */
  readonly port: number;
  readonly registry: Registry;
  readonly caches: WatchCaches;
  /** Resolves when `/readyz` is ok for the first time (R1). */
  readonly ready: Promise<void>;
  /** Those that serve beside the main thread; nothing where it is the only one. */
  readonly threads: ServingThreads | undefined;
}

/** The listener waits so long for the caches; with a store that is down it opens without them. */
const CACHE_LOAD_WAIT_MS = 5000;

/** Resolves when the server listens; `ready` tells when it is ready. */
export async function run(options: ApiServerOptions): Promise<RunningApiServer> {
  const { clock, logger, servingThreads = 1 } = options;
  const stopping = new AbortController();
  let stopped: Promise<void> | undefined;
  // Strategies that somebody made cannot be sent to another thread.
  const host =
    servingThreads > 1 && options.strategies === undefined ? new ThreadHost(options, servingThreads) : undefined;
  const serving = createServing(options, {
    isBootstrapped: () => postStart.isDone,
    isStopping: () => stopped !== undefined,
    metricsText: (own) => host?.metricsText() ?? own.metrics(),
    ...host?.role,
  });
  host?.attach(serving);
  const { storage, caches, registry, serviceHook, server } = serving;
  const postStart = new PostStart({ options, registry, serviceHook, caches });

  const loaded = caches.start(stopping.signal);
  void runCompactor({ storage, clock, logger, intervalMs: options.compactionIntervalMs }, stopping.signal);
  const waited = new AbortController();
  await Promise.race([loaded, clock.sleep(CACHE_LOAD_WAIT_MS, waited.signal)]);
  waited.abort();
  const port = await server.listen().catch(async (error: unknown) => {
    stopping.abort();
    await options.storage.close();
    throw error;
  });
  logger.info({ port }, "listening");
  const threads = host?.begin(port);
  const ready = loaded.then(() => postStart.run(port, stopping.signal));
  ready.then(
    () => threads?.keepBalanced(),
    (err: unknown) => logger.error({ err }, "could not become ready"),
  );

  const stop = async (): Promise<void> => {
    host?.announceStop();
    // Load balancers must see that it is not ready before it refuses them.
    if (options.shutdownDelayMs !== undefined) await clock.sleep(options.shutdownDelayMs);
    stopping.abort();
    await postStart.finished();
    await Promise.all([serving.stop(), threads?.stop()]);
    await options.storage.close();
  };
  return {
    port,
    registry,
    caches,
    ready,
    threads,
    done: new Promise<void>(() => undefined),
    stop: () => (stopped ??= stop()),
  };
}
