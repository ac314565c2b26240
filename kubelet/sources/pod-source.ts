/** Where the kubelet learns which pods it has to run. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { createInformer } from "../../shared/informer/informer.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { pods } from "../../shared/resources/catalog.ts";

export interface PodSourceHandlers {
  onChange(pod: Pod): void;
  onRemove(pod: Pod): void;
}

export interface PodSource {
  /** Runs until `signal` aborts; `onReady` is called once all present pods were delivered. */
  run(handlers: PodSourceHandlers, onReady: () => void, signal: AbortSignal): Promise<void>;
}

/** Pods that are bound to this node, from the API; `before` is waited for. */
export function apiPodSource(
  client: ApiClient,
  nodeName: string,
  clock: Clock,
  logger: Logger,
  before: () => Promise<unknown>,
): PodSource {
  return {
    run: async (handlers, onReady, signal) => {
      try {
        await before();
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const informer = createInformer({
        client,
        resource: pods,
        clock,
        logger,
        fieldSelector: `spec.nodeName=${nodeName}`,
      });
      informer.addHandlers({
        onAdd: (pod) => handlers.onChange(pod),
        onUpdate: (pod) => handlers.onChange(pod),
        onDelete: (pod) => handlers.onRemove(pod),
      });
      const running = informer.run(signal);
      try {
        await informer.waitForSync(signal);
        onReady();
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      await running;
    },
  };
}
