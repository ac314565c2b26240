/**
 * The last changes of one collection, for watches that start at an older revision and for watchers that lag
 * (upstream: `watch_cache.go`). Events have consecutive sequence numbers; what is older than `floorRevision` is gone.
 */
import type { CachedRow } from "./cached-row.ts";

export interface CacheEvent {
  readonly sequence: number;
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** The new object; for DELETED the last state under the revision of the delete. */
  readonly row: CachedRow;
  /** The object before, under its own revision. */
  readonly previous: CachedRow | undefined;
  readonly atMs: number;
  /** Framed bytes by form, shared by all watchers; dropped after the dispatch. */
  readonly frames: Map<string, Buffer>;
}

/** Kept whatever their age: a quiet collection can be watched from far back. */
const RING_EVENTS_MIN = 256;
/** Bounds memory in a storm of writes. */
const RING_EVENTS_MAX = 50_000;
/** Younger events are kept, up to the maximum (upstream's `eventFreshDuration`). */
const RING_FRESH_MS = 75_000;
/** The start of the array is cut off only now and then: cutting moves all pointers. */
const TRIM_STEP = 128;

export class EventRing {
  #events: CacheEvent[] = [];
  #start = 0;
  #floorRevision: number;

  constructor(floorRevision: number) {
    this.#floorRevision = floorRevision;
  }

  /** Every event with a greater revision is still here. */
  get floorRevision(): number {
    return this.#floorRevision;
  }

  /** Sequence of the oldest event that is still here. */
  get start(): number {
    return this.#start;
  }

  /** Sequence of the next event. */
  get end(): number {
    return this.#start + this.#events.length;
  }

  at(sequence: number): CacheEvent | undefined {
    return this.#events[sequence - this.#start];
  }

  /** Events that are here from that sequence on. */
  eventsFrom(sequence: number): readonly CacheEvent[] {
    return this.#events.slice(Math.max(0, sequence - this.#start));
  }

  /** Sequence of the first event with a greater revision. */
  sequenceAfter(revision: number): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#start + low;
  }

  push(event: Omit<CacheEvent, "sequence" | "frames">): CacheEvent {
    const full = { ...event, sequence: this.end, frames: new Map<string, Buffer>() };
    this.#events.push(full);
    this.#trim(event.atMs);
    return full;
  }

  /** Forgets everything: history before `floorRevision` is unknown. */
  reset(floorRevision: number): void {
    this.#start = this.end;
    this.#events = [];
    this.#floorRevision = floorRevision;
  }

  #trim(nowMs: number): void {
    let count = Math.max(0, this.#events.length - RING_EVENTS_MAX);
    const removable = this.#events.length - RING_EVENTS_MIN;
    while (count < removable && nowMs - (this.#events[count]?.atMs ?? nowMs) > RING_FRESH_MS) count++;
    if (count < TRIM_STEP) return;
    this.#floorRevision = this.#events[count - 1]?.revision ?? this.#floorRevision;
    this.#events.splice(0, count);
    this.#start += count;
  }
}
