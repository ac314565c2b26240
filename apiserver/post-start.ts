import { type BootstrapOptions, bootstrapObjects } from "./bootstrap/bootstrap.ts";
import { keepKubernetesService } from "./bootstrap/kubernetes-service.ts";
import type { ServiceHook } from "./allocation/service-hook.ts";
import type { ApiServerOptions } from "./options.ts";
import { builtInStrategies } from "./resources/all.ts";
import type { Registry } from "./registry/registry.ts";
import type { WatchCaches } from "./watch-cache/watch-caches.ts";

export interface PostStartOptions {
  readonly options: ApiServerOptions;
  readonly registry: Registry;
  readonly serviceHook: ServiceHook;
  readonly caches: WatchCaches;
}

const RETRY_MS = 1000;

/** What runs once the server listens: objects that every cluster has, then the loops that keep things right. */
export class PostStart {
  readonly #given: PostStartOptions;
  #isDone = false;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(given: PostStartOptions) {
    this.#given = given;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Resolves when everything is written once, however often that takes; rejects never. */
  async run(securePort: number, signal: AbortSignal): Promise<void> {
    const { options, registry, serviceHook } = this.#given;
    const { clock, logger, storage, advertiseAddress, clientCa, frontProxy } = options;
    const { apiServiceIp: serviceIp, serviceRanges } = serviceHook;
    const service = { registry, storage, clock, logger, serviceIp, serviceRanges, advertiseAddress, securePort };
    const strategies = options.strategies ?? builtInStrategies;
    await this.#bootstrap({ ...service, clientCa, frontProxy, strategies }, signal);
    if (signal.aborted) return;
    this.#isDone = true;
    this.#loops = Promise.all([keepKubernetesService(service, signal), serviceHook.keepRepaired(signal)]);
  }

  /** Resolves when the loops have ended after their signal was aborted. */
  async finished(): Promise<void> {
    await this.#loops;
  }

  async #bootstrap(bootstrap: BootstrapOptions, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#given.options;
    while (!signal.aborted) {
      try {
        await bootstrapObjects(bootstrap);
        await this.#given.caches.waitForRevision(await bootstrap.storage.currentRevision());
        return;
      } catch (err) {
        logger.warn({ err }, "could not write the objects of every cluster yet");
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }
}
