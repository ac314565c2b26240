/** What the halves that speak to the API share: caches, a client of the driver, and loops over keys. */
import type { PersistentVolume, PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import type { StorageClass, VolumeAttachment } from "../../shared/api/generated/storage/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import type { CsiClient } from "../../shared/csi/csi-client.ts";
import { isConflict } from "../../shared/errors/status-error.ts";
import type { EventRecorder } from "../../shared/events/event-recorder.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { type KubeObject, objectKey } from "../../shared/resources/resource.ts";
import { createWorkQueue } from "../../shared/workqueue/work-queue.ts";

export interface SidecarContext {
  readonly driverName: string;
  readonly nodeName: string;
  readonly client: ApiClient;
  /** The driver itself, over its socket: these halves would do the same for any other. */
  readonly driver: CsiClient;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly classes: Informer<StorageClass>;
  readonly attachments: Informer<VolumeAttachment>;
  readonly clock: Clock;
  readonly logger: Logger;
  recorderFor(component: string): EventRecorder;
  readonly signal: AbortSignal;
}

/** Keys that are worked on at a time. */
const WORKERS = 8;
/** As external-provisioner's --retry-interval-start and -max. */
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 300_000;

/** Calls `work` for every object that is there or changes, one call at a time for each; again later when it fails. */
export async function keepDoing<T extends KubeObject>(
  { clock, logger, signal }: SidecarContext,
  name: string,
  informer: Informer<T>,
  isWork: (object: T) => boolean,
  work: (object: T) => Promise<void>,
): Promise<void> {
  const queue = createWorkQueue<string>({ clock, retryMinMs: RETRY_MIN_MS, retryMaxMs: RETRY_MAX_MS });
  const add = (object: T): void => {
    if (isWork(object)) queue.add(objectKey(object));
  };
  const remove = informer.addHandlers({ onAdd: add, onUpdate: add });
  if (signal.aborted) queue.shutDown();
  signal.addEventListener("abort", () => queue.shutDown(), { once: true });
  const worker = async (): Promise<void> => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      try {
        const object = find(informer, key);
        if (object !== undefined && isWork(object)) await work(object);
        queue.forget(key);
      } catch (err) {
        // A conflict only says that the cache is behind.
        if (!signal.aborted && !isConflict(err)) logger.warn({ err, key }, `${name} failed: will try again`);
        queue.addRateLimited(key);
      } finally {
        queue.done(key);
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  remove();
}

function find<T extends KubeObject>({ lister }: Informer<T>, key: string): T | undefined {
  const [first = "", second] = key.split("/");
  return second === undefined ? lister.get(undefined, first) : lister.get(first, second);
}
