/**
 * Pods that wait for a node (upstream: `pkg/scheduler/backend/queue/scheduling_queue.go`): those to try now, those
 * whose back-off runs, those that nothing has happened for, and those that are gated.
 *
 * Invariants:
 * Q1 A pod is in at most one of the four, or in flight (handed out by `pop` and neither done nor returned).
 * Q2 An event that comes while a pod is in flight is not lost: the pod is tried again if the event may help it.
 * Q3 A pod that changes while in flight is tried again in its new state.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { Clock, Timer } from "../../shared/process/clock.ts";
import type { ClusterEvent } from "../framework/plugin.ts";
import { uidOf } from "../snapshot/cluster-snapshot.ts";
import { KeyedHeap } from "./heap.ts";

export type QueueName = "active" | "backoff" | "unschedulable" | "gated";

export interface QueuedPod {
  readonly pod: Pod;
  readonly attempts: number;
  /** When it first came, for the SLI metric. */
  readonly firstSeenMs: number;
  /** When it came back last: among equal priorities the longest waiting is first. */
  readonly queuedMs: number;
  /** End of its back-off. */
  readonly retryAtMs: number;
  /** Events that may help it; meaningful after a failed attempt. */
  readonly wakesOn: ReadonlySet<ClusterEvent>;
}

export interface QueueObserver {
  /** Every entry into a queue, with what caused it, in upstream's words. */
  onIncoming?(queue: QueueName, event: string): void;
}

const BACKOFF_MIN_MS = 1000;
const BACKOFF_MAX_MS = 10_000;
/** How long a pod stays unschedulable without any event before it is tried all the same. */
const UNSCHEDULABLE_MAX_MS = 5 * 60_000;
const FLUSH_PERIOD_MS = 30_000;

const NOTHING: ReadonlySet<ClusterEvent> = new Set<ClusterEvent>();
const priorityOf = (pod: Pod): number => pod.spec?.priority ?? 0;
const isGated = (pod: Pod): boolean => (pod.spec?.schedulingGates ?? []).length > 0;

/** Back-off after this many failed attempts: 1 s, 2 s, 4 s … 10 s. */
export function backoffMs(attempts: number): number {
  return attempts === 0 ? 0 : Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** (attempts - 1));
}

function isFirst(left: QueuedPod, right: QueuedPod): boolean {
  const difference = priorityOf(left.pod) - priorityOf(right.pod);
  return difference === 0 ? left.queuedMs < right.queuedMs : difference > 0;
}

const keyOf = (queued: QueuedPod): string => uidOf(queued.pod);

/** True when the change of a pod that waits may make it fit (upstream: `UpdatePod…` events). */
function mayHelp(previous: Pod, next: Pod): boolean {
  const relevant = ({ spec, metadata }: Pod): string =>
    JSON.stringify([
      spec?.containers.map(({ resources }) => resources),
      spec?.tolerations,
      spec?.nodeSelector,
      spec?.affinity,
      metadata.labels,
    ]);
  return relevant(previous) !== relevant(next);
}

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #observer: QueueObserver;
  readonly #active = new KeyedHeap<QueuedPod>(keyOf, isFirst);
  readonly #backoff = new KeyedHeap<QueuedPod>(keyOf, (left, right) => left.retryAtMs < right.retryAtMs);
  readonly #unschedulable = new Map<string, QueuedPod>();
  readonly #gated = new Map<string, QueuedPod>();
  /** Pods in flight, with the events since they were handed out. */
  readonly #inFlight = new Map<string, { events: Set<ClusterEvent>; changed: Pod | undefined; isGone: boolean }>();
  #waiting: (() => void) | undefined;
  #backoffTimer: Timer | undefined;

  constructor(clock: Clock, observer: QueueObserver = {}) {
    this.#clock = clock;
    this.#observer = observer;
  }

  sizeOf(queue: QueueName): number {
    const queues = {
      active: this.#active,
      backoff: this.#backoff,
      unschedulable: this.#unschedulable,
      gated: this.#gated,
    };
    return queues[queue].size;
  }

  /** All waiting pods, for people who ask. */
  *entries(): Iterable<readonly [QueueName, QueuedPod]> {
    for (const queued of this.#active.values()) yield ["active", queued];
    for (const queued of this.#backoff.values()) yield ["backoff", queued];
    for (const queued of this.#unschedulable.values()) yield ["unschedulable", queued];
    for (const queued of this.#gated.values()) yield ["gated", queued];
  }

  /** A pod without a node appeared, or changed. */
  put(pod: Pod): void {
    const uid = uidOf(pod);
    const flight = this.#inFlight.get(uid);
    if (flight !== undefined) {
      flight.changed = pod;
      return;
    }
    const known = this.#find(uid);
    if (known === undefined) {
      const nowMs = this.#clock.nowMs();
      const fresh = { pod, attempts: 0, firstSeenMs: nowMs, queuedMs: nowMs, retryAtMs: 0, wakesOn: NOTHING };
      return isGated(pod) ? this.#gate(fresh) : this.#activate(fresh, "UnscheduledPodAdd");
    }
    const updated = { ...known, pod };
    if (this.#gated.has(uid)) {
      if (isGated(pod)) this.#gated.set(uid, updated);
      else this.#activate(updated, "UnscheduledPodUpdate");
    } else if (this.#unschedulable.has(uid)) {
      if (mayHelp(known.pod, pod)) this.#retry(updated, "UnscheduledPodUpdate");
      else this.#unschedulable.set(uid, updated);
    } else if (this.#active.has(uid)) {
      this.#active.push(updated);
    } else {
      this.#backoff.push(updated);
    }
  }

  /** The pod is gone, or has a node. */
  remove(pod: Pod): void {
    const uid = uidOf(pod);
    const flight = this.#inFlight.get(uid);
    if (flight !== undefined) flight.isGone = true;
    this.#take(uid);
  }

  /** The next pod to try; undefined once `signal` aborts. */
  async pop(signal: AbortSignal): Promise<QueuedPod | undefined> {
    while (!signal.aborted) {
      const queued = this.#active.pop();
      if (queued !== undefined) {
        this.#inFlight.set(keyOf(queued), { events: new Set(), changed: undefined, isGone: false });
        return { ...queued, attempts: queued.attempts + 1 };
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      const onAbort = (): void => resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      await promise;
      signal.removeEventListener("abort", onAbort);
    }
    return undefined;
  }

  isInFlight(pod: Pod): boolean {
    return this.#inFlight.has(uidOf(pod));
  }

  /** True when the pod that is in flight was deleted or got a node meanwhile. */
  isGone(pod: Pod): boolean {
    return this.#inFlight.get(uidOf(pod))?.isGone ?? true;
  }

  /** The pod that was handed out has its node, or is gone. */
  done(pod: Pod): void {
    this.#inFlight.delete(uidOf(pod));
  }

  /** No node fits: it waits for one of these events, or for its back-off when one came already (Q2). */
  returnUnschedulable(queued: QueuedPod, wakesOn: ReadonlySet<ClusterEvent>): void {
    const flight = this.#land(queued);
    if (flight === undefined) return;
    const waiting = this.#after(queued, flight.changed, wakesOn);
    if (isGated(waiting.pod)) return this.#gate(waiting);
    const isChanged = flight.changed !== undefined && mayHelp(queued.pod, flight.changed);
    if (isChanged || [...flight.events].some((event) => wakesOn.has(event))) {
      return this.#retry(waiting, "ScheduleAttemptFailure");
    }
    this.#unschedulable.set(keyOf(waiting), waiting);
    this.#observer.onIncoming?.("unschedulable", "ScheduleAttemptFailure");
  }

  /** The attempt failed for no fault of the pod (the API could not be reached, a conflict): after its back-off. */
  returnFailed(queued: QueuedPod): void {
    const flight = this.#land(queued);
    if (flight !== undefined) this.#retry(this.#after(queued, flight.changed, NOTHING), "ScheduleAttemptFailure");
  }

  /** Something happened in the cluster: wakes the pods that wait for it, those only that it concerns. */
  wake(events: readonly ClusterEvent[], concerns: (pod: Pod) => boolean = () => true): void {
    if (events.length === 0) return;
    for (const flight of this.#inFlight.values()) for (const event of events) flight.events.add(event);
    for (const [uid, queued] of this.#unschedulable) {
      const event = events.find((candidate) => queued.wakesOn.has(candidate));
      if (event === undefined || !concerns(queued.pod)) continue;
      this.#unschedulable.delete(uid);
      this.#retry(queued, event);
    }
  }

  /** Tries pods anew that waited too long for an event. Runs until `signal` aborts. */
  async runFlush(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(FLUSH_PERIOD_MS, signal);
      const before = this.#clock.nowMs() - UNSCHEDULABLE_MAX_MS;
      for (const [uid, queued] of this.#unschedulable) {
        if (queued.queuedMs > before) continue;
        this.#unschedulable.delete(uid);
        this.#retry(queued, "UnschedulableTimeout");
      }
    }
  }

  #after(queued: QueuedPod, changed: Pod | undefined, wakesOn: ReadonlySet<ClusterEvent>): QueuedPod {
    const nowMs = this.#clock.nowMs();
    const retryAtMs = nowMs + backoffMs(queued.attempts);
    return { ...queued, pod: changed ?? queued.pod, queuedMs: nowMs, retryAtMs, wakesOn };
  }

  /** What happened to the pod in flight; undefined when it need not come back. */
  #land(queued: QueuedPod): { events: Set<ClusterEvent>; changed: Pod | undefined } | undefined {
    const flight = this.#inFlight.get(keyOf(queued));
    this.#inFlight.delete(keyOf(queued));
    return flight === undefined || flight.isGone ? undefined : flight;
  }

  #find(uid: string): QueuedPod | undefined {
    return this.#active.get(uid) ?? this.#backoff.get(uid) ?? this.#unschedulable.get(uid) ?? this.#gated.get(uid);
  }

  #take(uid: string): void {
    this.#active.remove(uid);
    this.#backoff.remove(uid);
    this.#unschedulable.delete(uid);
    this.#gated.delete(uid);
  }

  #gate(queued: QueuedPod): void {
    this.#take(keyOf(queued));
    this.#gated.set(keyOf(queued), queued);
    this.#observer.onIncoming?.("gated", "UnscheduledPodAdd");
  }

  /** To the active queue, or to the back-off queue when its time has not come. */
  #retry(queued: QueuedPod, event: string): void {
    if (queued.retryAtMs <= this.#clock.nowMs()) return this.#activate(queued, event);
    this.#take(keyOf(queued));
    this.#backoff.push(queued);
    this.#observer.onIncoming?.("backoff", event);
    this.#scheduleBackoff();
  }

  #activate(queued: QueuedPod, event: string): void {
    this.#take(keyOf(queued));
    this.#active.push(queued);
    this.#observer.onIncoming?.("active", event);
    this.#waiting?.();
    this.#waiting = undefined;
  }

  #scheduleBackoff(): void {
    this.#backoffTimer?.cancel();
    const next = this.#backoff.peek();
    if (next === undefined) return;
    const delayMs = Math.max(0, next.retryAtMs - this.#clock.nowMs());
    this.#backoffTimer = this.#clock.after(delayMs, () => {
      const nowMs = this.#clock.nowMs();
      for (let due = this.#backoff.peek(); due !== undefined && due.retryAtMs <= nowMs; due = this.#backoff.peek()) {
        this.#activate(due, "BackoffComplete");
      }
      this.#scheduleBackoff();
    });
  }
}
