/** The volumes of one pod while it is to run: made while its sandbox is, waited for by its containers. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { VolumeError } from "../volumes/volume-error.ts";
import type { MountedVolumes } from "../volumes/volume-plugin.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { podText } from "./pod-containers.ts";

const RETRY = { firstMs: 500, limitMs: 122_000 };
/** While the cluster binds a claim or attaches a volume. */
const POLL = { firstMs: 300, limitMs: 2000 };

export interface VolumeDelay {
  readonly firstMs: number;
  readonly limitMs: number;
}

export class PodVolumes {
  readonly #context: KubeletContext;
  #mounting: Promise<MountedVolumes> | undefined;

  constructor(context: KubeletContext) {
    this.#context = context;
  }

  start(pod: Pod): void {
    if (this.#mounting !== undefined) return;
    this.#mounting = this.#context.volumes.mount(pod);
    // Awaited by the first container; until then a failure must not count as unhandled.
    this.#mounting.catch(() => undefined);
  }

  /** The next container may use a volume that nobody used before. */
  startOver(): void {
    this.#mounting = undefined;
  }

  /** How to try again when they cannot be made now; undefined when `signal` aborted. Events were told already. */
  async mounted(pod: Pod, signal: AbortSignal): Promise<MountedVolumes | VolumeDelay | undefined> {
    try {
      this.start(pod);
      // A driver may take minutes: who ends the pod does not wait for it.
      return await untilAborted(this.#mounting, signal);
    } catch (error) {
      this.#mounting = undefined;
      return error instanceof VolumeError && error.isPending ? POLL : RETRY;
    }
  }

  /** Content of the API in them may have changed. */
  async refresh(pod: Pod): Promise<void> {
    const fresh = this.#context.volumes.mount(pod);
    try {
      await fresh;
      this.#mounting = fresh;
    } catch (err) {
      this.#context.logger.debug({ err, pod: podText(pod) }, "volumes could not be brought up to date");
    }
  }
}

export function isDelay(outcome: MountedVolumes | VolumeDelay): outcome is VolumeDelay {
  return "firstMs" in outcome;
}

async function untilAborted<T>(promise: Promise<T> | undefined, signal: AbortSignal): Promise<T | undefined> {
  const over = Promise.withResolvers<undefined>();
  const onAbort = (): void => over.resolve(undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, over.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
