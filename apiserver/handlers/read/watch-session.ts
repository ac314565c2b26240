/**
 * One WATCH from its first line to its end: takes changes from a subscription, writes them out, sends bookmarks, and
 * stops reading from the subscription while the client is slow.
 */
import type { Clock } from "../../../shared/process/clock.ts";
import { StatusError } from "../../../shared/errors/status-error.ts";
import type { ResourceCache } from "../../watch-cache/resource-cache.ts";
import type { Change } from "../../watch-cache/selection.ts";
import type { Subscription, WatchConsumer } from "../../watch-cache/subscription.ts";
import type { WatchEncoder } from "./watch-encoder.ts";
import type { WatchOutput } from "./watch-output.ts";

/** A client that is further behind gets nothing more until it has read all of it. */
const WATCH_BUFFER_BYTES_MAX = 1024 * 1024;
/** Frames are joined up to this size before they are written. */
const WATCH_BATCH_BYTES_MAX = 128 * 1024;
/** Upstream's `defaultBookmarkFrequency`. */
const BOOKMARK_EVERY_MS = 60_000;
/** A last bookmark comes so long before the end, so that the client goes on from there. */
const BOOKMARK_BEFORE_END_MS = 2000;

export interface WatchSessionOptions {
  readonly cache: ResourceCache;
  readonly output: WatchOutput;
  readonly encoder: WatchEncoder;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly allowsBookmarks: boolean;
  /** Whether a bookmark ends the initial events. */
  readonly marksInitialEnd: boolean;
  /** Counts what was sent. */
  readonly countEvents: (count: number) => void;
}

export class WatchSession implements WatchConsumer {
  readonly done: Promise<void>;
  readonly #options: WatchSessionOptions;
  readonly #deadlineMs: number;
  readonly #ended = new AbortController();
  #subscription: Subscription | undefined;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #isWaiting = false;

  constructor(options: WatchSessionOptions) {
    this.#options = options;
    this.#deadlineMs = options.clock.monotonicMs() + options.timeoutMs;
    this.done = new Promise((resolve) => this.#ended.signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  /** Starts delivering. */
  run(subscription: Subscription, signal: AbortSignal): void {
    const { clock, timeoutMs, allowsBookmarks } = this.#options;
    this.#subscription = subscription;
    if (signal.aborted) return this.end();
    signal.addEventListener("abort", () => this.end(), { once: true, signal: this.#ended.signal });
    const timer = clock.after(timeoutMs, () => this.end());
    this.#ended.signal.addEventListener("abort", () => timer.cancel(), { once: true });
    if (allowsBookmarks) this.#scheduleBookmark();
    subscription.resume();
  }

  deliver(change: Change): boolean {
    const frame = this.#options.encoder.change(change);
    this.#pending.push(frame);
    this.#pendingBytes += frame.length;
    if (this.#pendingBytes >= WATCH_BATCH_BYTES_MAX) this.flush();
    return !this.#isWaiting;
  }

  initialEnd(revision: number): void {
    if (this.#options.marksInitialEnd) this.#pending.push(this.#options.encoder.bookmark(revision, true));
  }

  flush(): void {
    if (this.#pending.length > 0) {
      this.#options.output.write(this.#pending);
      this.#options.countEvents(this.#pending.length);
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    if (this.#isWaiting || this.#options.output.bufferedBytes < WATCH_BUFFER_BYTES_MAX) return;
    this.#isWaiting = true;
    this.#options.output.onDrain(() => {
      this.#isWaiting = false;
      this.#subscription?.resume();
    });
  }

  expired(): void {
    this.fail(new StatusError("Expired", "The resourceVersion for the provided watch is too old."));
  }

  /** Ends the watch with an ERROR event. */
  fail(error: StatusError): void {
    this.#options.output.write([this.#options.encoder.error(error.toStatus())]);
    this.end();
  }

  end(): void {
    if (this.#ended.signal.aborted) return;
    if (this.#subscription !== undefined) this.#options.cache.endWatch(this.#subscription);
    this.#ended.abort();
    this.#options.output.end();
  }

  #scheduleBookmark(): void {
    const { clock, cache, output, encoder } = this.#options;
    const leftMs = this.#deadlineMs - clock.monotonicMs() - BOOKMARK_BEFORE_END_MS;
    if (leftMs < 0) return;
    const isLast = leftMs <= BOOKMARK_EVERY_MS;
    const timer = clock.after(isLast ? leftMs : BOOKMARK_EVERY_MS, () => {
      if (this.#ended.signal.aborted) return;
      if (this.#subscription?.isLive === true) output.write([encoder.bookmark(cache.revision)]);
      if (!isLast) this.#scheduleBookmark();
    });
    this.#ended.signal.addEventListener("abort", () => timer.cancel(), { once: true });
  }
}
