/**
 * Keeps the node alive: watches what it runs out of, frees what nobody uses, and ends pods when that is not enough.
 * Upstream: `pkg/kubelet/eviction/eviction_manager.go`.
 *
 * E1. At most one pod is ended per look for the sake of the node; the next look comes when it is gone.
 * E2. A critical pod is never evicted.
 * E3. A look that fails changes nothing: pressures stay as they were.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { isCriticalPod } from "../admission/critical-pod.ts";
import type { PodFailure } from "../pods/pod-session.ts";
import { assess, CALM, type EvictionState, isMet, type Observations } from "./assess.ts";
import { evictionMessage } from "./eviction-message.ts";
import type { NodePressure } from "./node-pressure.ts";
import type { UsedPod } from "./pod-usage.ts";
import { rankPods } from "./rank-pods.ts";
import { storageProblem } from "./storage-limits.ts";
import { SIGNALS, type Signal, type Threshold } from "./thresholds.ts";

const LOOK_MS = 10_000;
/** How long the end of an evicted pod is waited for. */
const CLEANUP_WAIT_MS = 30_000;
const CLEANUP_POLL_MS = 250;
/** Hard thresholds and broken limits: nothing is waited for but the signal to end. */
const IMMEDIATE_GRACE_SECONDS = 1;

/** A pod that can be ended. */
export interface EvictablePod {
  readonly pod: Pod;
  /** False when it ends already. */
  evict(failure: PodFailure, graceSeconds: number): boolean;
  isGone(): boolean;
}

export type PodScope = "all" | "withStorageLimits";

export interface EvictionOptions {
  readonly thresholds: readonly Threshold[];
  readonly transitionMs: number;
  readonly maxPodGraceSeconds: number;
  readonly hasStorageLimits: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pressure: NodePressure;
  observe(): Promise<{ readonly observations: Observations; readonly hasImageFs: boolean }>;
  /** Pods that run, with what they use; reading the disk for all of them is dear. */
  pods(scope: PodScope): Promise<readonly (UsedPod & EvictablePod)[]>;
  /** Frees what nobody uses; false when nothing can be freed for this signal. */
  reclaim(signal: Signal, hasImageFs: boolean): Promise<boolean>;
  tellNode(type: "Warning", reason: string, message: string): void;
  tellPod(pod: Pod, reason: string, message: string): void;
  onEviction(signal: string): void;
}

export class EvictionManager {
  readonly #options: EvictionOptions;
  #state: EvictionState = CALM;

  constructor(options: EvictionOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        const evicted = await this.look();
        if (evicted.length > 0) {
          await this.#waitUntilGone(evicted, signal);
          continue;
        }
      } catch (err) {
        logger.warn({ err }, "could not look at what the node runs out of");
      }
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /** Measures, and acts once; gives the pods that it ended. */
  async look(): Promise<readonly EvictablePod[]> {
    const { clock, thresholds, transitionMs, pressure, hasStorageLimits } = this.#options;
    const { observations, hasImageFs } = await this.#options.observe();
    const { state, pressures, due } = assess(thresholds, observations, this.#state, transitionMs, clock.nowMs());
    this.#state = state;
    pressure.types = pressures;
    const over = hasStorageLimits ? await this.#endThoseOverLimits() : [];
    const [first] = due;
    if (over.length > 0 || first === undefined) return over;
    return this.#relieve(first, due, observations, hasImageFs);
  }

  async #endThoseOverLimits(): Promise<EvictablePod[]> {
    const evicted: EvictablePod[] = [];
    for (const candidate of await this.#options.pods("withStorageLimits")) {
      const message = storageProblem(candidate);
      if (message !== undefined && this.#evict(candidate, message, IMMEDIATE_GRACE_SECONDS)) {
        evicted.push(candidate);
        this.#options.onEviction("ephemeralcontainerfs.limit");
      }
    }
    return evicted;
  }

  async #relieve(
    first: Threshold,
    due: readonly Threshold[],
    observations: Observations,
    hasImageFs: boolean,
  ): Promise<EvictablePod[]> {
    const { resource } = SIGNALS[first.signal];
    const { logger, maxPodGraceSeconds, tellNode } = this.#options;
    tellNode("Warning", "EvictionThresholdMet", `Attempting to reclaim ${resource}`);
    if (await this.#isRelievedByCleaning(first, hasImageFs)) return [];
    const ranked = rankPods(await this.#options.pods("all"), first.signal, resource, hasImageFs);
    for (const candidate of ranked) {
      const message = evictionMessage(candidate, resource, due, observations);
      const grace = first.gracePeriodMs === 0 ? IMMEDIATE_GRACE_SECONDS : maxPodGraceSeconds;
      if (!this.#evict(candidate, message, grace)) continue;
      this.#options.onEviction(first.signal);
      return [candidate];
    }
    logger.warn({ resource }, "the node is short of something, and no pod can be evicted");
    return [];
  }

  /** Freeing what nobody uses was enough. */
  async #isRelievedByCleaning(threshold: Threshold, hasImageFs: boolean): Promise<boolean> {
    const { reclaim, observe, thresholds, logger } = this.#options;
    if (!(await reclaim(threshold.signal, hasImageFs))) return false;
    const { observations } = await observe();
    const isEnough = !thresholds.some((one) => one.gracePeriodMs === 0 && isMet(one, observations, true));
    if (isEnough) logger.info({ signal: threshold.signal }, "freed enough without ending a pod");
    return isEnough && !isMet(threshold, observations, true);
  }

  #evict(candidate: UsedPod & EvictablePod, message: string, graceSeconds: number): boolean {
    const { pod } = candidate;
    if (isCriticalPod(pod)) return false;
    const condition = { type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message };
    if (!candidate.evict({ reason: "Evicted", message, condition }, graceSeconds)) return false;
    this.#options.logger.info({ pod: pod.metadata.name, namespace: pod.metadata.namespace, message }, "evicted a pod");
    this.#options.tellPod(pod, "Evicted", message);
    return true;
  }

  async #waitUntilGone(pods: readonly EvictablePod[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + CLEANUP_WAIT_MS;
    while (!signal.aborted && clock.monotonicMs() < untilMs && !pods.every((pod) => pod.isGone())) {
      await clock.sleep(CLEANUP_POLL_MS, signal);
    }
  }
}
