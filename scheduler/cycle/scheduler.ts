/**
 * Takes pods from the queue, finds a node for each, and binds (upstream: `pkg/scheduler/schedule_one.go`).
 *
 * Invariants:
 * S1 Finding nodes is one pod after the other and synchronous; binding runs beside it, several at a time.
 * S2 A pod counts on its node from the moment it was chosen; when binding fails it is forgotten again.
 * S3 Every pod that was taken from the queue is given back to it, or told done.
 */
import { setImmediate } from "node:timers/promises";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import type { EventRecorder } from "../../shared/events/event-recorder.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { objectKey } from "../../shared/resources/resource.ts";
import { type Diagnosis, unschedulableMessage, wakingEvents } from "../framework/diagnosis.ts";
import { NodeFinder } from "../framework/find-node.ts";
import type { Profile } from "../framework/plugin.ts";
import type { QueuedPod, SchedulingQueue } from "../queue/scheduling-queue.ts";
import type { SchedulerMetrics } from "../scheduler-metrics.ts";
import type { VolumeDecision } from "../framework/volume-world.ts";
import { type ClusterSnapshot, uidOf } from "../snapshot/cluster-snapshot.ts";
import type { VolumeSnapshot } from "../snapshot/volume-snapshot.ts";
import { bindPod } from "./bind-pod.ts";
import { bindVolumes } from "./bind-volumes.ts";
import { type SchedulingCondition, writeCondition } from "./pod-condition.ts";

export interface SchedulerOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventRecorder;
  readonly queue: SchedulingQueue;
  readonly snapshot: ClusterSnapshot;
  readonly metrics: SchedulerMetrics;
  /** By scheduler name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Nobody decides about volumes when left out. */
  readonly volumes?: VolumeSnapshot | undefined;
}

/** Requests to the API under way at a time: more would only wait in the client. */
const BINDINGS_MAX = 64;
/** After this long without a pause the event loop gets its turn. */
const TURN_MS = 5;

export const schedulerNameOf = (pod: Pod): string => pod.spec?.schedulerName ?? "default-scheduler";

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #finder = new NodeFinder();
  readonly #working = new Set<Promise<void>>();
  /** Bindings that wait for volumes, which may take minutes: they hold nobody else up. */
  readonly #waitingForVolumes = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;
  /** Why pods could not be placed at their last attempt, by uid. */
  readonly #diagnoses = new Map<string, Diagnosis>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  diagnosisOf(pod: Pod): Diagnosis | undefined {
    return this.#diagnoses.get(uidOf(pod));
  }

  /** The pod waits no longer: nobody will ask why. */
  forgetDiagnosis(pod: Pod): void {
    this.#diagnoses.delete(uidOf(pod));
  }

  /** Runs until `signal` aborts; resolves when the last binding has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { queue, clock } = this.#options;
    this.#signal = signal;
    let turnEndsMs = clock.monotonicMs() + TURN_MS;
    for (;;) {
      const queued = await queue.pop(signal);
      if (queued === undefined) break;
      this.#scheduleOne(queued);
      while (this.#working.size >= BINDINGS_MAX) await Promise.race(this.#working);
      if (clock.monotonicMs() < turnEndsMs) continue;
      await setImmediate();
      turnEndsMs = clock.monotonicMs() + TURN_MS;
    }
    await Promise.all([...this.#working, ...this.#waitingForVolumes]);
  }

  #scheduleOne(queued: QueuedPod): void {
    const { queue, snapshot, profiles, clock, metrics, logger } = this.#options;
    const { pod } = queued;
    const profileName = schedulerNameOf(pod);
    const profile = profiles.get(profileName);
    if (profile === undefined || queue.isGone(pod) || pod.metadata.deletionTimestamp !== undefined) {
      queue.done(pod);
      return;
    }
    const startedMs = clock.monotonicMs();
    const outcome = this.#finder.find(pod, snapshot.columns, profile, () => clock.random());
    metrics.algorithmDuration.observe((clock.monotonicMs() - startedMs) / 1000);
    if (outcome.kind === "unschedulable") {
      this.#refuse(queued, outcome.diagnosis);
      this.#count(profileName, "unschedulable", startedMs);
      return;
    }
    const nodeName = snapshot.columns.names[outcome.index] ?? "";
    snapshot.assume(pod, nodeName);
    logger.debug({ pod: objectKey(pod), node: nodeName, feasibleNodes: outcome.feasibleNodes }, "placed");
    const { volumes } = outcome;
    if (volumes === undefined) return this.#beside(this.#bind(queued, nodeName, profileName, startedMs));
    this.#beside(this.#bindWithVolumes(queued, nodeName, profileName, startedMs, volumes), this.#waitingForVolumes);
  }

  /** S2 holds for volumes too: they are spoken for until they are bound, or until that failed. */
  async #bindWithVolumes(
    queued: QueuedPod,
    nodeName: string,
    profileName: string,
    startedMs: number,
    decision: VolumeDecision,
  ): Promise<void> {
    const { client, clock, queue, volumes, logger } = this.#options;
    const { pod } = queued;
    if (volumes === undefined || this.#signal === undefined) return;
    const isGone = (): boolean => queue.isGone(pod);
    const reservation = volumes.assume(decision, nodeName);
    try {
      await bindVolumes({ client, clock, volumes, isGone, signal: this.#signal }, reservation, nodeName);
    } catch (err) {
      const message = err instanceof Error ? err.message : String(err);
      logger.warn({ err, pod: objectKey(pod), node: nodeName }, "could not bind volumes");
      volumes.revert(reservation);
      this.#unassume(pod);
      if (isGone()) return queue.done(pod);
      this.#count(profileName, "error", startedMs);
      if (this.#signal.aborted) return queue.returnFailed(queued);
      return this.#fail(queued, `running PreBind plugin "VolumeBinding": binding volumes: ${message}`);
    }
    // The API says now what we had decided: nothing needs to be laid over it any more.
    volumes.revert(reservation);
    await this.#bind(queued, nodeName, profileName, startedMs);
  }

  /** Work that the loop does not wait for. It must not reject. */
  #beside(work: Promise<void>, among = this.#working): void {
    among.add(work);
    void work.finally(() => among.delete(work));
  }

  #count(profile: string, result: "scheduled" | "unschedulable" | "error", startedMs: number): void {
    const { metrics, clock } = this.#options;
    metrics.attempts.inc({ result, profile });
    metrics.attemptDuration.observe({ result, profile }, (clock.monotonicMs() - startedMs) / 1000);
  }

  async #bind(queued: QueuedPod, nodeName: string, profileName: string, startedMs: number): Promise<void> {
    const { client, queue, snapshot, logger, events, metrics, clock } = this.#options;
    const { pod } = queued;
    try {
      const result = await bindPod(client, pod, nodeName);
      if (result.kind === "bound") {
        // Deleted meanwhile: nobody else will take the assumption back.
        if (queue.isGone(pod)) snapshot.forget(pod);
        queue.done(pod);
        this.forgetDiagnosis(pod);
        events.event(pod, "Normal", "Scheduled", `Successfully assigned ${objectKey(pod)} to ${nodeName}`);
        const attempts = queued.attempts > 15 ? "16+" : String(queued.attempts);
        metrics.sliDuration.observe({ attempts }, (clock.nowMs() - queued.firstSeenMs) / 1000);
        metrics.podAttempts.observe(queued.attempts);
        this.#count(profileName, "scheduled", startedMs);
        return;
      }
      this.#unassume(pod);
      if (result.kind === "gone") return queue.done(pod);
      logger.info({ pod: objectKey(pod), node: nodeName, message: result.message }, "somebody else changed the pod");
      this.#count(profileName, "error", startedMs);
      queue.returnFailed(queued);
    } catch (err) {
      logger.warn({ err, pod: objectKey(pod), node: nodeName }, "could not bind");
      this.#unassume(pod);
      this.#count(profileName, "error", startedMs);
      this.#fail(queued, `binding rejected: ${err instanceof Error ? err.message : String(err)}`);
    }
  }

  /** What the pod took is free again, so others may fit. */
  #unassume(pod: Pod): void {
    this.#options.snapshot.forget(pod);
    this.#options.queue.wake(["AssignedPodDeleted"]);
  }

  #refuse(queued: QueuedPod, diagnosis: Diagnosis): void {
    const message = unschedulableMessage(queued.pod, diagnosis);
    this.#diagnoses.set(uidOf(queued.pod), diagnosis);
    this.#options.queue.returnUnschedulable(queued, wakingEvents(diagnosis));
    this.#report(queued.pod, { reason: "Unschedulable", message });
  }

  #fail(queued: QueuedPod, message: string): void {
    this.#options.queue.returnFailed(queued);
    this.#report(queued.pod, { reason: "SchedulerError", message });
  }

  /** The event and the condition that tell users why their pod waits. */
  #report(pod: Pod, condition: SchedulingCondition): void {
    const { client, clock, events, logger } = this.#options;
    events.event(pod, "Warning", "FailedScheduling", condition.message);
    const write = writeCondition(client, clock, pod, condition).catch((err: unknown) => {
      logger.warn({ err, pod: objectKey(pod) }, "could not write the PodScheduled condition");
    });
    this.#beside(write);
  }
}
