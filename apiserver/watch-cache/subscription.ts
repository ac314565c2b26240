/**
 * One watcher of a collection. It has no queue: while its consumer is full it stands still at a position of the
 * collection's ring, and goes on from there when the consumer drained. So a slow reader costs nothing, and one that
 * stays away until its events are gone is ended, never skipped over (upstream: `cache_watcher.go`).
 *
 *     initial ──all rows delivered──▶ live ◀──drained── blocked
 *        └────────────── ended ◀──────────┴───────────────┘
 *
 * W1  Every change after the start that the selection lets through is delivered exactly once and in order.
 * W2  `live` means that everything up to the collection's last event was delivered.
 * W3  After `ended` the consumer is not called any more.
 */
import type { CachedRow } from "./cached-row.ts";
import type { CacheEvent, EventRing } from "./event-ring.ts";
import type { Change, Selection } from "./selection.ts";

export interface WatchConsumer {
  /** Takes one change. False: it took it, but wants no more before it calls `resume`. */
  deliver(change: Change): boolean;
  /** The initial state at this revision is complete; comes before the first live change. */
  initialEnd(revision: number): void;
  /** No more deliveries in this turn: write out. */
  flush(): void;
  /** The watcher has fallen behind, or history is gone: answer 410 and close. */
  expired(): void;
}

type State =
  | { readonly phase: "initial"; readonly rows: Iterator<CachedRow>; readonly revision: number }
  | { readonly phase: "live" }
  | { readonly phase: "blocked" }
  | { readonly phase: "ended" };

export interface SubscriptionStart {
  /** Rows to deliver first, already filtered. */
  readonly initial: { readonly rows: Iterable<CachedRow>; readonly revision: number } | undefined;
  /** First event to look at. */
  readonly sequence: number;
  /** Events up to this revision are passed over: it may lie in the future. */
  readonly afterRevision: number;
}

export class Subscription {
  readonly selection: Selection;
  readonly #consumer: WatchConsumer;
  readonly #ring: EventRing;
  readonly #nowMs: () => number;
  readonly #afterRevision: number;
  #state: State;
  /** Next event to look at; not kept up to date while live. */
  #sequence: number;
  /** Since when the consumer has taken nothing, unless live. */
  #waitingSinceMs: number;

  constructor(
    selection: Selection,
    consumer: WatchConsumer,
    ring: EventRing,
    nowMs: () => number,
    start: SubscriptionStart,
  ) {
    this.selection = selection;
    this.#consumer = consumer;
    this.#ring = ring;
    this.#nowMs = nowMs;
    this.#sequence = start.sequence;
    this.#afterRevision = start.afterRevision;
    this.#waitingSinceMs = nowMs();
    this.#state =
      start.initial === undefined
        ? { phase: "blocked" }
        : { phase: "initial", rows: start.initial.rows[Symbol.iterator](), revision: start.initial.revision };
  }

  /** Whether everything that happened so far was delivered. */
  get isLive(): boolean {
    return this.#state.phase === "live";
  }

  get isEnded(): boolean {
    return this.#state.phase === "ended";
  }

  /** How long the consumer has been full. */
  blockedMs(nowMs: number): number {
    return this.isLive || this.isEnded ? 0 : nowMs - this.#waitingSinceMs;
  }

  /** Goes on delivering: at the start, and whenever the consumer has room again. */
  resume(): void {
    this.#waitingSinceMs = this.#nowMs();
    if (this.#state.phase === "initial") this.#deliverInitial(this.#state.rows, this.#state.revision);
    if (this.#state.phase === "blocked") this.#deliverMissed();
  }

  /** Offers a new event; returns whether the consumer must be flushed. */
  offer(event: CacheEvent): boolean {
    if (this.#state.phase !== "live") return false;
    const change = this.#changeOf(event);
    if (change === undefined) return false;
    if (!this.#consumer.deliver(change)) this.#block(event.sequence + 1);
    return true;
  }

  flush(): void {
    if (this.#state.phase !== "ended") this.#consumer.flush();
  }

  /** Ends it with 410. */
  expire(): void {
    if (this.#state.phase === "ended") return;
    this.#state = { phase: "ended" };
    this.#consumer.expired();
  }

  /** The consumer is gone. */
  end(): void {
    this.#state = { phase: "ended" };
  }

  #changeOf(event: CacheEvent): Change | undefined {
    return event.revision > this.#afterRevision ? this.selection.translate(event) : undefined;
  }

  #deliverInitial(rows: Iterator<CachedRow>, revision: number): void {
    while (!this.isEnded) {
      const next = rows.next();
      if (next.done === true) break;
      if (this.#consumer.deliver({ type: "ADDED", row: next.value, event: undefined })) continue;
      this.#consumer.flush();
      return;
    }
    this.#consumer.initialEnd(revision);
    if (!this.isEnded) this.#state = { phase: "blocked" };
  }

  #deliverMissed(): void {
    while (this.#sequence < this.#ring.end && !this.isEnded) {
      if (this.#sequence < this.#ring.start) return this.expire();
      const event = this.#ring.at(this.#sequence++);
      const change = event === undefined ? undefined : this.#changeOf(event);
      if (change === undefined || this.#consumer.deliver(change)) continue;
      this.#block(this.#sequence);
      this.#consumer.flush();
      return;
    }
    if (this.isEnded) return;
    this.#state = { phase: "live" };
    this.#consumer.flush();
  }

  #block(sequence: number): void {
    if (this.isEnded) return;
    this.#sequence = sequence;
    this.#waitingSinceMs = this.#nowMs();
    this.#state = { phase: "blocked" };
  }
}
