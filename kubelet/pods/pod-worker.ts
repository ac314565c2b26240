/**
 * The one place where anything is done to a pod: a serial loop per pod uid. Upstream: `pod_workers.go`.
 *
 * W1. At most one activity per pod at any time; what comes in meanwhile makes the loop turn once more.
 * W2. The phase only goes forward: syncing → terminating → terminated → gone.
 * W3. A pod is removed from the API only after all its containers are dead and its volumes are gone.
 * W4. A grace can only become shorter.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { assertNever } from "../../shared/errors/invariant.ts";
import type { Timer } from "../../shared/process/clock.ts";
import type { RuntimeContainer, RuntimeEvent } from "../runtime/runtime.ts";
import { isTerminalPhase } from "../status/pod-status.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { podChange } from "./pod-change.ts";
import { podText } from "./pod-containers.ts";
import { removePodRemains } from "./pod-remains.ts";
import { type PodFailure, PodSession } from "./pod-session.ts";
import { terminatePod } from "./terminate-pod.ts";

type WorkerState =
  | { readonly phase: "syncing" }
  | { readonly phase: "terminating"; readonly graceSeconds: number }
  | { readonly phase: "terminated" }
  | { readonly phase: "gone" };

const DEFAULT_GRACE_SECONDS = 30;
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 30_000;

export class PodWorker {
  readonly uid: string;
  readonly #context: KubeletContext;
  readonly #session: PodSession;
  readonly #onReleased: () => void;
  readonly #onGone: () => void;
  #state: WorkerState = { phase: "syncing" };
  #isDirty = false;
  #isRunning = false;
  #isClosed = false;
  #isRemoved = false;
  #isCleaned = false;
  #isRefreshDue = false;
  #isAdmitted = false;
  #activity = new AbortController();
  #timer: Timer | undefined;
  #retryMs = RETRY_FIRST_MS;
  #idle = Promise.withResolvers<void>();

  /** `onReleased`: its resources are free again; `onGone`: nothing is left of it. */
  constructor(context: KubeletContext, pod: Pod, onReleased: () => void, onGone: () => void) {
    this.uid = pod.metadata.uid ?? "";
    this.#context = context;
    this.#session = new PodSession(context, pod);
    this.#onReleased = onReleased;
    this.#onGone = onGone;
  }

  get pod(): Pod {
    return this.#session.pod;
  }

  get phase(): WorkerState["phase"] {
    return this.#state.phase;
  }

  /** As last seen. */
  get runningContainers(): readonly RuntimeContainer[] {
    return this.#session.observed.containers.filter(({ state }) => state === "running");
  }

  get isResizeDeferred(): boolean {
    return this.#session.isResizeDeferred;
  }

  get isBusy(): boolean {
    return this.#isRunning;
  }

  /** Ids and states as last seen: changes when the worker has to look again. */
  get fingerprint(): string {
    const { sandboxes, containers } = this.#session.observed;
    return [...sandboxes, ...containers]
      .map(({ id, state }) => `${id}=${state}`)
      .toSorted()
      .join();
  }

  /** The source has a newer version of the pod. */
  update(pod: Pod): void {
    const change = podChange(this.#session.pod, pod);
    const isFirst = this.#session.pod === pod;
    this.#session.pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.#beginTermination(graceOf(pod));
    if (change === "metadata") this.#isRefreshDue = true;
    if (isFirst || change !== "none") this.wake();
  }

  /** The source no longer has the pod. */
  remove(): void {
    this.#isRemoved = true;
    this.#beginTermination(graceOf(this.pod));
    this.wake();
  }

  /** The node ends the pod itself: it fails with this reason once its containers are dead. False: it is ending anyway. */
  evict(failure: PodFailure, graceSeconds: number): boolean {
    if (this.#state.phase !== "syncing") return false;
    this.#session.failure = failure;
    this.#beginTermination(graceSeconds);
    this.wake();
    return true;
  }

  note(event: RuntimeEvent): void {
    this.#session.noteEvent(event);
    this.wake();
  }

  wake(): void {
    this.#isDirty = true;
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    this.#idle = Promise.withResolvers();
    void this.#run();
  }

  /** Content of the API in volumes may have changed; looked at in the worker's own turn (W1). */
  refreshVolumes(): void {
    if (this.#state.phase !== "syncing") return;
    this.#isRefreshDue = true;
    this.wake();
  }

  /** Ends the loop; containers live on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#activity.abort();
    if (this.#isRunning) await this.#idle.promise;
  }

  #beginTermination(graceSeconds: number): void {
    const { phase } = this.#state;
    if (phase === "terminated" || phase === "gone") return;
    if (phase === "terminating" && this.#state.graceSeconds <= graceSeconds) return;
    this.#state = { phase: "terminating", graceSeconds };
    this.#context.probes.stopRestarting(this.uid);
    this.#activity.abort();
  }

  async #run(): Promise<void> {
    while (this.#isDirty && !this.#isClosed) {
      this.#isDirty = false;
      this.#timer?.cancel();
      this.#activity = new AbortController();
      try {
        await this.#turn(this.#activity.signal);
        this.#retryMs = RETRY_FIRST_MS;
      } catch (err) {
        this.#context.logger.warn(
          { err, pod: podText(this.pod), phase: this.phase },
          "pod could not be synced, will try again",
        );
        this.#wakeAfter(this.#retryMs);
        this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
      }
    }
    // In the same breath as the loop's last look: what comes from here on starts a loop of its own.
    this.#isRunning = false;
    this.#idle.resolve();
  }

  #wakeAfter(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#context.clock.after(delayMs, () => this.wake());
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const state = this.#state;
    switch (state.phase) {
      case "syncing":
        return this.#sync(signal);
      case "terminating":
        return this.#terminate(state.graceSeconds, signal);
      case "terminated":
        return this.#afterTermination();
      case "gone":
        return;
      default:
        return assertNever(state);
    }
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    if (isTerminalPhase(this.pod.status?.phase)) return this.#finish();
    if (!(await this.#admit())) return this.#finish();
    if (signal.aborted) return;
    if (this.#deadlineMs() <= clock.nowMs()) return this.#failAtDeadline();
    const { isFinished, wakeAtMs } = await this.#session.sync(signal);
    if (signal.aborted) return;
    if (isFinished) return this.#finish();
    if (this.#isRefreshDue) {
      this.#isRefreshDue = false;
      await this.#session.refreshVolumes();
    }
    const wakeAt = Math.min(wakeAtMs ?? Number.POSITIVE_INFINITY, this.#deadlineMs());
    if (Number.isFinite(wakeAt)) this.#wakeAfter(Math.max(0, wakeAt - clock.nowMs()));
  }

  /** False: the node refuses the pod, and its status says why. */
  async #admit(): Promise<boolean> {
    if (this.#isAdmitted) return true;
    const rejection = await this.#context.admission.admit(this.pod);
    this.#isAdmitted = rejection === undefined;
    if (rejection === undefined) return true;
    this.#session.rejection = rejection;
    this.#context.events(this.pod, "Warning", rejection.reason, rejection.message);
    return false;
  }

  #finish(): void {
    this.#beginTermination(this.pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
    this.#isDirty = true;
  }

  /** Infinity for a pod without one, and before it has started. */
  #deadlineMs(): number {
    const seconds = this.pod.spec.activeDeadlineSeconds;
    const startTime = (this.#context.status.latest(this.uid) ?? this.pod.status)?.startTime;
    if (seconds === undefined || startTime === undefined) return Number.POSITIVE_INFINITY;
    return Date.parse(startTime) + seconds * 1000;
  }

  #failAtDeadline(): void {
    const message = "Pod was active on the node longer than the specified deadline";
    this.#session.failure = { reason: "DeadlineExceeded", message };
    this.#context.events(this.pod, "Normal", "DeadlineExceeded", message);
    this.#finish();
  }

  async #terminate(graceSeconds: number, signal: AbortSignal): Promise<void> {
    const isDead = await terminatePod(this.#context, this.#session, graceSeconds, signal);
    if (signal.aborted) return;
    if (!isDead) throw new Error("containers are still running");
    this.#state = { phase: "terminated" };
    this.#isDirty = true;
  }

  async #afterTermination(): Promise<void> {
    const { probes, volumes, cgroups, status, admission, resources } = this.#context;
    if (!this.#isCleaned) {
      this.#session.publish(new Map(), true);
      probes.forgetPod(this.uid);
      // Last words are in the published status; from here on only logs are left.
      await volumes.unmount(this.uid);
      cgroups.remove(this.uid);
      admission.release(this.uid);
      resources.allocated.remove(this.uid);
      resources.actuated.remove(this.uid);
      this.#onReleased();
      this.#isCleaned = true;
    }
    if (this.#isRemoved) return this.#leave();
    if (this.pod.metadata.deletionTimestamp !== undefined) status.finishDeletion(this.pod);
  }

  async #leave(): Promise<void> {
    await removePodRemains(this.#context, this.pod.metadata.namespace ?? "", this.pod.metadata.name, this.uid);
    this.#context.status.forget(this.uid);
    this.#state = { phase: "gone" };
    this.#isClosed = true;
    this.#onGone();
  }
}

function graceOf(pod: Pod): number {
  return pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}
