/**
 * Decides what becomes of an event: dropped as spam, combined with similar ones, counted on one that was written
 * already, or written anew (client-go `tools/record/events_cache.go`).
 *
 * Invariants:
 * E1 One source may write `SPAM_BURST` events about one object at once, then one per five minutes.
 * E2 More than `SIMILAR_MAX` different messages of one reason about one object within ten minutes become one event.
 * E3 The same event again is a count on the first one.
 * E4 Each of the three memories holds at most `MEMORY_ENTRIES_MAX` keys, the longest unused go first.
 */
import type { Event } from "../api/generated/core/v1.ts";

const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;
const SIMILAR_MAX = 10;
const SIMILAR_WINDOW_MS = 600_000;
const MEMORY_ENTRIES_MAX = 4096;

export type Verdict =
  | { readonly kind: "drop" }
  | { readonly kind: "create"; readonly event: Event; readonly key: string }
  | {
      readonly kind: "count";
      readonly event: Event;
      readonly key: string;
      readonly patch: Pick<Event, "count" | "lastTimestamp" | "message">;
    };

/** A map that forgets its longest unused keys. */
class Memory<V> {
  readonly #entries = new Map<string, V>();

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= MEMORY_ENTRIES_MAX) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}

const objectKeyOf = ({ involvedObject: about, source }: Event): string =>
  [source?.component, source?.host, about.kind, about.namespace, about.name, about.uid, about.apiVersion].join(
    "\u0000",
  );
const similarKeyOf = (event: Event): string =>
  [objectKeyOf(event), event.involvedObject.fieldPath, event.type, event.reason].join("\u0000");

export class EventCorrelator {
  readonly #spam = new Memory<{ tokens: number; atMs: number }>();
  readonly #similar = new Memory<{ messages: Set<string>; startMs: number }>();
  readonly #written = new Memory<Event>();

  /** What to do with `event`, which happened at `nowMs`. */
  judge(event: Event, nowMs: number): Verdict {
    const isCombined = this.#isTooSimilar(event, nowMs);
    const message = isCombined ? `(combined from similar events): ${event.message ?? ""}` : (event.message ?? "");
    const key = isCombined ? similarKeyOf(event) : `${similarKeyOf(event)}\u0000${message}`;
    if (this.#isSpam(event, nowMs)) return { kind: "drop" };
    const known = this.#written.get(key);
    if (known === undefined) return { kind: "create", event: { ...event, message }, key };
    const patch = { count: (known.count ?? 1) + 1, lastTimestamp: event.lastTimestamp, message };
    const counted = { ...known, ...patch };
    this.#written.set(key, counted);
    return { kind: "count", event: counted, key, patch };
  }

  /** Tells what the server made of an event that was created or counted. */
  wasWritten(key: string, event: Event): void {
    this.#written.set(key, event);
  }

  /** The event is not at the server any more. */
  wasLost(key: string): void {
    this.#written.delete(key);
  }

  #isSpam(event: Event, nowMs: number): boolean {
    const key = objectKeyOf(event);
    const bucket = this.#spam.get(key) ?? { tokens: SPAM_BURST, atMs: nowMs };
    const tokens = Math.min(SPAM_BURST, bucket.tokens + (nowMs - bucket.atMs) / SPAM_REFILL_MS);
    this.#spam.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: nowMs });
    return tokens < 1;
  }

  #isTooSimilar(event: Event, nowMs: number): boolean {
    const key = similarKeyOf(event);
    const known = this.#similar.get(key);
    const record =
      known !== undefined && nowMs - known.startMs <= SIMILAR_WINDOW_MS
        ? known
        : { messages: new Set<string>(), startMs: nowMs };
    if (record.messages.size < SIMILAR_MAX) record.messages.add(event.message ?? "");
    this.#similar.set(key, { messages: record.messages, startMs: nowMs });
    return record.messages.size >= SIMILAR_MAX && !record.messages.has(event.message ?? "");
  }
}
