/**
 * Ends the pods before the machine goes down, the least important first. Upstream: `pkg/kubelet/nodeshutdown`, which
 * holds logind back; where there is no logind, whoever turns the machine off sends SIGPWR to the kubelet and waits for
 * `shutdownGracePeriod`. SIGTERM only stops the kubelet: containers live on, as through every restart.
 *
 * D1. From the first moment the node takes no more pods and is not ready.
 * D2. A group is begun when the one before it has ended or its time is over.
 */
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { PodWorkers } from "../pods/pod-workers.ts";
import { byGroup, type ShutdownGroup } from "./plan-shutdown.ts";

export interface NodeShutdownOptions {
  readonly groups: readonly ShutdownGroup[];
  readonly clock: Clock;
  readonly logger: Logger;
  workers(): Pick<PodWorkers, "list">;
  /** The node's status has to say so at once. */
  onBegin(): void;
}

const POLL_MS = 100;
const MESSAGE = "Pod was terminated in response to imminent node shutdown.";
const FAILURE = {
  reason: "Terminated",
  message: MESSAGE,
  condition: { type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message: MESSAGE },
} as const;

export class NodeShutdown {
  readonly #options: NodeShutdownOptions;
  #isRunning = false;

  constructor(options: NodeShutdownOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** For the node's Ready condition. */
  get problems(): readonly string[] {
    return this.#isRunning ? ["node is shutting down"] : [];
  }

  /** Begins when the process is told that the power goes; does nothing when no time is configured. */
  listen(signal: AbortSignal): void {
    if (this.#options.groups.length === 0) return;
    const begin = (): void => void this.begin();
    process.on("SIGPWR", begin);
    signal.addEventListener("abort", () => process.off("SIGPWR", begin), { once: true });
  }

  /** Resolves when every pod has ended or had its time. */
  async begin(): Promise<void> {
    const { groups, workers, onBegin, logger } = this.#options;
    if (this.#isRunning) return;
    this.#isRunning = true;
    logger.info({}, "the machine goes down: ending pods");
    onBegin();
    const running = workers()
      .list()
      .filter(({ phase }) => phase === "syncing" || phase === "terminating");
    for (const { group, items } of byGroup(groups, running, ({ pod }) => pod.spec.priority ?? 0)) {
      await this.#end(items, group.graceMs);
    }
    logger.info({}, "pods have ended");
  }

  async #end(items: ReturnType<PodWorkers["list"]>, graceMs: number): Promise<void> {
    const { clock } = this.#options;
    for (const worker of items) {
      const own = worker.pod.spec.terminationGracePeriodSeconds ?? 30;
      worker.evict(FAILURE, Math.min(own, Math.floor(graceMs / 1000)));
    }
    const untilMs = clock.monotonicMs() + graceMs;
    const isOver = (): boolean => items.every(({ phase }) => phase === "terminated" || phase === "gone");
    while (!isOver() && clock.monotonicMs() < untilMs) await clock.sleep(POLL_MS);
  }
}
