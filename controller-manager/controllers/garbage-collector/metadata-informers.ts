/**
 * Informers on everything that can be deleted, of which only the metadata is kept; the set follows discovery.
 */
import type { ApiClient } from "../../../shared/client/api-client.ts";
import { createInformer } from "../../../shared/informer/informer.ts";
import type { InformerHandlers } from "../../../shared/informer/lister.ts";
import type { Clock } from "../../../shared/process/clock.ts";
import type { Logger } from "../../../shared/process/logger.ts";
import { groupResourceOf, type KubeObject } from "../../../shared/resources/resource.ts";
import { type DiscoveredResource, discover } from "../../discovery/discovery.ts";

/** Resources that own nothing and are owned by nobody worth the watching. */
const IGNORED: ReadonlySet<string> = new Set(["events", "events.events.k8s.io"]);
const REDISCOVER_EVERY_MS = 30_000;
/** The first work waits this long for all informers; one that cannot sync must not stop the others. */
const SYNC_TIMEOUT_MS = 60_000;

interface Options {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly handlersFor: (resource: DiscoveredResource) => InformerHandlers<KubeObject>;
}

interface Monitor {
  readonly resource: DiscoveredResource;
  readonly stop: AbortController;
  readonly running: Promise<void>;
  readonly synced: Promise<void>;
}

/** Only what the graph needs stays in memory. */
function metadataOnly({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp },
  };
}

export class MetadataInformers {
  readonly #options: Options;
  readonly #monitors = new Map<string, Monitor>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Keeps the informers in step with discovery until the signal aborts. `onSynced` is called once. */
  async run(onSynced: () => void): Promise<void> {
    const { clock, signal, logger } = this.#options;
    let isFirst = true;
    while (!signal.aborted) {
      try {
        await this.#follow();
        if (isFirst) {
          await Promise.race([this.#allSynced(), clock.sleep(SYNC_TIMEOUT_MS, signal)]);
          onSynced();
        }
        isFirst = false;
      } catch (err) {
        if (!signal.aborted) logger.warn({ err }, "resources could not be discovered: will try again");
      }
      await clock.sleep(isFirst ? 1000 : REDISCOVER_EVERY_MS, signal);
    }
    await Promise.all([...this.#monitors.values()].map(({ running }) => running));
  }

  /** The resource of that kind, by an owner reference. */
  find(apiVersion: string, kind: string): DiscoveredResource | undefined {
    const [group = "", version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    const found = [...this.#monitors.values()].find(
      ({ resource }) => resource.group === group && resource.kind === kind,
    )?.resource;
    return found === undefined || version === undefined ? undefined : found;
  }

  async #allSynced(): Promise<void> {
    await Promise.allSettled([...this.#monitors.values()].map(({ synced }) => synced));
  }

  async #follow(): Promise<void> {
    const { client, signal } = this.#options;
    const { resources, failures } = await discover(client, signal);
    const wanted = new Map(resources.filter(isCollectable).map((resource) => [groupResourceOf(resource), resource]));
    for (const [key, resource] of wanted) if (!this.#monitors.has(key)) this.#monitors.set(key, this.#start(resource));
    // While some groups cannot be discovered, nothing is known to be gone.
    if (failures.length > 0) return;
    for (const [key, { stop }] of this.#monitors) {
      if (wanted.has(key)) continue;
      stop.abort();
      this.#monitors.delete(key);
    }
  }

  #start(resource: DiscoveredResource): Monitor {
    const { client, clock, logger, signal, handlersFor } = this.#options;
    const stop = new AbortController();
    const until = AbortSignal.any([signal, stop.signal]);
    const informer = createInformer<KubeObject>({ client, clock, logger, resource, transform: metadataOnly });
    informer.addHandlers(handlersFor(resource));
    const synced = informer.waitForSync(until);
    // Heard by whoever waits; a monitor that is stopped first is no failure.
    synced.catch(() => undefined);
    return { resource, stop, synced, running: informer.run(until) };
  }
}

function isCollectable(resource: DiscoveredResource): boolean {
  const { verbs } = resource;
  return ["delete", "list", "watch"].every((verb) => verbs.includes(verb)) && !IGNORED.has(groupResourceOf(resource));
}
