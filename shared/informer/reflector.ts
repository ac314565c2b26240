/**
 * Keeps a sink equal to one resource of the server (client-go `tools/cache/reflector.go`), as a state machine:
 *
 *   listing ⇄ backing-off ⇄ watching
 *
 * First it asks for a watch with initial events (WatchList); where the server refuses that, it lists and watches.
 *
 * Invariants:
 * R1 The sink is replaced as a whole, never by half a list.
 * R2 A watch is resumed from the last revision that was delivered to the sink, so nothing is skipped.
 * R3 An event that is older than what the sink has of that object is dropped, so nothing goes back in time.
 * R4 Whatever the server answers, the reflector goes on: an error costs at most `BACKOFF_MAX_MS`.
 * R5 A connection that went silent is given up after the timeout that the server was asked to keep.
 *
 * Different from upstream: the watch with initial events also falls back when its end mark does not come in time.
 */
import type { Clock } from "../process/clock.ts";
import type { Logger } from "../process/logger.ts";
import { isExpired, StatusError } from "../errors/status-error.ts";
import { assertNever } from "../errors/invariant.ts";
import type { ApiClient, WatchEvent, WatchOptions } from "../client/api-client.ts";
import type { KubeObject, Resource } from "../resources/resource.ts";
import { apiVersionOf } from "../resources/resource.ts";
import { deadline, type Deadline } from "./deadline.ts";
import { isResourceVersionTooLarge, statusErrorOf } from "./watch-error.ts";

/** Where the reflector delivers. All calls are synchronous and in the order of the server. */
export interface ReflectorSink<T extends KubeObject> {
  /** The whole state at `resourceVersion`. */
  replace(objects: readonly T[], resourceVersion: string): void;
  put(object: T): void;
  remove(object: T): void;
  /** All events up to `resourceVersion` have been delivered. */
  reached(resourceVersion: string): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: ApiClient;
  readonly resource: Resource<T>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sink: ReflectorSink<T>;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

type EventStream<T> = AsyncIterator<WatchEvent<T>>;

type Phase<T> =
  | { readonly phase: "listing" }
  | { readonly phase: "watching"; readonly from: string; readonly stream?: { events: EventStream<T>; limit: Deadline } }
  | { readonly phase: "backing-off"; readonly then: Phase<T> };

const BACKOFF_MIN_MS = 800;
const BACKOFF_MAX_MS = 30_000;
/** Errors this far apart start again at the shortest delay. */
const BACKOFF_RESET_MS = 120_000;
/** A watch that ended sooner than this is not opened again at once: the server may be refusing all of them. */
const SHORT_WATCH_MS = 1000;
/** The server is asked to end a watch after 5 to 10 minutes. */
const WATCH_TIMEOUT_MIN_SECONDS = 300;
/** What the server may be late in ending a watch before the connection counts as dead (R5). */
const WATCH_OVERTIME_MS = 30_000;
/** Longest silence before the end mark of the initial events. */
const INITIAL_EVENTS_SILENCE_MS = 30_000;
/** Page of a fallback list. */
const LIST_PAGE_OBJECTS = 500;
/** Codes by which a server says that it knows no initial events. */
const WATCH_LIST_REFUSALS: ReadonlySet<number> = new Set([400, 404, 405, 406, 422]);
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  #canWatchList = true;
  /** Revision to list at: what was delivered last, or empty for the most recent one after an expiry. */
  #listFrom = "";
  #failures = 0;
  #lastFailureAtMs = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let state: Phase<T> = { phase: "listing" };
    while (!signal.aborted) state = await this.#step(state, signal);
    if (state.phase === "watching" && state.stream !== undefined) await close(state.stream);
  }

  async #step(state: Phase<T>, signal: AbortSignal): Promise<Phase<T>> {
    switch (state.phase) {
      case "listing":
        return this.#guarded(state, signal, () => (this.#canWatchList ? this.#watchList(signal) : this.#list(signal)));
      case "watching":
        return this.#guarded(state, signal, () => this.#watch(state, signal));
      case "backing-off":
        await this.#options.clock.sleep(this.#nextBackoffMs(), signal);
        return state.then;
      default:
        return assertNever(state);
    }
  }

  /** Turns every error of a step into the state that comes next (R4). */
  async #guarded(state: Phase<T>, signal: AbortSignal, step: () => Promise<Phase<T>>): Promise<Phase<T>> {
    try {
      return await step();
    } catch (err) {
      return signal.aborted ? state : this.#afterError(state, err);
    }
  }

  #afterError(state: Phase<T>, err: unknown): Phase<T> {
    const { logger, resource } = this.#options;
    if (isExpired(err) || isResourceVersionTooLarge(err)) {
      logger.info(
        { resource: resource.plural, reason: err.message },
        "revision is not kept by the server: listing again",
      );
      const isRepeated = state.phase === "listing" && this.#listFrom === "";
      this.#listFrom = "";
      return isRepeated ? { phase: "backing-off", then: { phase: "listing" } } : { phase: "listing" };
    }
    const isUnsupported = err instanceof StatusError && WATCH_LIST_REFUSALS.has(err.code);
    if (state.phase === "listing" && this.#canWatchList && isUnsupported) {
      logger.info({ resource: resource.plural, err }, "no initial events from this server: listing instead");
      this.#canWatchList = false;
      return { phase: "listing" };
    }
    logger.warn({ resource: resource.plural, phase: state.phase, err }, "lost the server: will try again");
    const then: Phase<T> =
      state.phase === "watching" ? { phase: "watching", from: this.#listFrom } : { phase: "listing" };
    return { phase: "backing-off", then };
  }

  #nextBackoffMs(): number {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastFailureAtMs > BACKOFF_RESET_MS) this.#failures = 0;
    this.#lastFailureAtMs = nowMs;
    const delayMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures);
    this.#failures += 1;
    return delayMs * (1 + clock.random());
  }

  async #list(signal: AbortSignal): Promise<Phase<T>> {
    const { client, resource, namespace, labelSelector, fieldSelector, sink } = this.#options;
    const items: T[] = [];
    let continueToken: string | undefined;
    let resourceVersion = "";
    do {
      const page = await client.list(resource, {
        namespace,
        labelSelector,
        fieldSelector,
        limit: LIST_PAGE_OBJECTS,
        signal,
        ...(continueToken === undefined ? {} : { continueToken }),
      });
      for (const item of page.items) items.push(this.#typed(item));
      resourceVersion = page.metadata.resourceVersion ?? "";
      continueToken = page.metadata.continue === "" ? undefined : page.metadata.continue;
    } while (continueToken !== undefined);
    sink.replace(items, resourceVersion);
    this.#listFrom = resourceVersion;
    return { phase: "watching", from: resourceVersion };
  }

  /** Initial events and the watch after them come on one stream. */
  async #watchList(signal: AbortSignal): Promise<Phase<T>> {
    const stream = this.#open(
      { resourceVersion: this.#listFrom, resourceVersionMatch: "NotOlderThan", sendInitialEvents: true },
      signal,
    );
    try {
      const objects = new Map<string, T>();
      for (;;) {
        const event = await this.#initialEvent(stream, signal);
        if (event.type === "ERROR") throw statusErrorOf(event.object);
        if (event.type === "BOOKMARK") {
          const { resourceVersion = "", annotations } = event.object.metadata;
          if (annotations?.[INITIAL_EVENTS_END] !== "true") continue;
          this.#options.sink.replace([...objects.values()], resourceVersion);
          this.#listFrom = resourceVersion;
          return { phase: "watching", from: resourceVersion, stream };
        }
        const key = `${event.object.metadata.namespace ?? ""}/${event.object.metadata.name}`;
        if (event.type === "DELETED") objects.delete(key);
        else objects.set(key, this.#typed(event.object));
      }
    } catch (err) {
      await close(stream);
      throw err;
    }
  }

  async #initialEvent(
    stream: { events: EventStream<T>; limit: Deadline },
    signal: AbortSignal,
  ): Promise<WatchEvent<T>> {
    let isSilent = false;
    const silence = this.#options.clock.after(INITIAL_EVENTS_SILENCE_MS, () => {
      isSilent = true;
      stream.limit.expire();
    });
    try {
      const next = await stream.events.next();
      if (next.done !== true) return next.value;
    } catch (err) {
      if (!isSilent || signal.aborted) throw err;
    } finally {
      silence.cancel();
    }
    if (isSilent) throw new StatusError("Invalid", "the end of the initial events was not marked in time");
    throw new Error("the watch ended before its initial events did");
  }

  async #watch(state: Extract<Phase<T>, { phase: "watching" }>, signal: AbortSignal): Promise<Phase<T>> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const stream = state.stream ?? this.#open({ resourceVersion: state.from }, signal);
    let events = 0;
    try {
      for (;;) {
        const next = await stream.events.next();
        if (next.done === true) break;
        this.#deliver(next.value);
        events += 1;
      }
    } catch (err) {
      // A stream that worked and then broke is opened again at once; a refused one goes to the back-off.
      const isCut = !(err instanceof StatusError) && clock.monotonicMs() - startMs > SHORT_WATCH_MS;
      if (!isCut) throw err;
    } finally {
      await close(stream);
    }
    const then: Phase<T> = { phase: "watching", from: this.#listFrom };
    const isShort = events === 0 && clock.monotonicMs() - startMs < SHORT_WATCH_MS;
    return isShort && !signal.aborted ? { phase: "backing-off", then } : then;
  }

  #deliver(event: WatchEvent<T>): void {
    const { sink } = this.#options;
    if (event.type === "ERROR") throw statusErrorOf(event.object);
    const resourceVersion = event.object.metadata.resourceVersion ?? "";
    switch (event.type) {
      case "ADDED":
      case "MODIFIED":
        sink.put(this.#typed(event.object));
        break;
      case "DELETED":
        sink.remove(this.#typed(event.object));
        break;
      case "BOOKMARK":
        break;
      default:
        assertNever(event);
    }
    this.#listFrom = resourceVersion;
    sink.reached(resourceVersion);
  }

  #open(options: WatchOptions, signal: AbortSignal): { events: EventStream<T>; limit: Deadline } {
    const { client, resource, namespace, labelSelector, fieldSelector, clock } = this.#options;
    const timeoutSeconds = Math.floor(WATCH_TIMEOUT_MIN_SECONDS * (1 + clock.random()));
    const limit = deadline(clock, timeoutSeconds * 1000 + WATCH_OVERTIME_MS, signal);
    const watch = client.watch(resource, {
      namespace,
      labelSelector,
      fieldSelector,
      timeoutSeconds,
      allowWatchBookmarks: true,
      signal: limit.signal,
      ...options,
    });
    return { events: watch[Symbol.asyncIterator](), limit };
  }

  /** Objects of a list carry no kind of their own: every object of the store has one. */
  #typed(object: T): T {
    const { resource } = this.#options;
    object.kind ??= resource.kind;
    object.apiVersion ??= apiVersionOf(resource);
    return object;
  }
}

async function close<T>(stream: { events: EventStream<T>; limit: Deadline }): Promise<void> {
  stream.limit.end();
  await stream.events.return?.();
}
