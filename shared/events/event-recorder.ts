/**
 * Writes core/v1 Events about objects, in the background and in order (client-go `tools/record`).
 *
 * Invariants:
 * E5 `event` never waits and never throws: telling about the work must not disturb the work.
 * E6 At most `QUEUE_EVENTS_MAX` events wait; further ones are dropped.
 */
import type { Event, ObjectReference } from "../api/generated/core/v1.ts";
import type { ApiClient } from "../client/api-client.ts";
import { isNotFound, StatusError } from "../errors/status-error.ts";
import { type Clock, rfc3339 } from "../process/clock.ts";
import type { Logger } from "../process/logger.ts";
import { events } from "../resources/catalog.ts";
import type { KubeObject } from "../resources/resource.ts";
import { EventCorrelator } from "./event-correlator.ts";

export interface EventRecorder {
  /** `object` must carry its kind, as everything from an informer or from a get does. */
  event(object: KubeObject, type: "Normal" | "Warning", reason: string, message: string, fieldPath?: string): void;
  /** Resolves when everything said so far was written or dropped. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: ApiClient;
  readonly component: string;
  readonly host?: string | undefined;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  /** Ends the retries. */
  readonly signal?: AbortSignal | undefined;
}

const QUEUE_EVENTS_MAX = 1000;
/** Tries for one event while the server cannot be reached, as client-go. */
const TRIES_MAX = 12;
/**
 * The longest wait between them is client-go's only one. The first ones are shorter: a component that starts with the
 * server says something at once, and what it says later must not wait behind that.
 */
const RETRY_FIRST_MS = 250;
const RETRY_MS_MAX = 10_000;
/** Longest message the API takes. */
const MESSAGE_CHARS_MAX = 1024;

function referenceTo(object: KubeObject, fieldPath: string | undefined): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind: object.kind,
    apiVersion: object.apiVersion,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(fieldPath === undefined ? {} : { fieldPath }),
  };
}

class BackgroundRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator = new EventCorrelator();
  readonly #queue: Event[] = [];
  #draining: Promise<void> | undefined;
  /** Makes names unique within one millisecond. */
  #serial = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  event(object: KubeObject, type: "Normal" | "Warning", reason: string, message: string, fieldPath?: string): void {
    if (this.#queue.length >= QUEUE_EVENTS_MAX) return;
    this.#queue.push(this.#draft(object, type, reason, message.slice(0, MESSAGE_CHARS_MAX), fieldPath));
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined;
    });
  }

  async flush(): Promise<void> {
    await this.#draining;
  }

  #draft(object: KubeObject, type: string, reason: string, message: string, fieldPath: string | undefined): Event {
    const { clock, component, host } = this.#options;
    const nowMs = clock.nowMs();
    const now = rfc3339(nowMs);
    this.#serial = (this.#serial + 1) % 1_000_000;
    const nanoseconds = BigInt(Math.floor(nowMs)) * 1_000_000n + BigInt(this.#serial);
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: `${object.metadata.name}.${nanoseconds.toString(16)}`,
        namespace: object.metadata.namespace ?? "default",
      },
      involvedObject: referenceTo(object, fieldPath),
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      ...(host === undefined ? {} : { reportingInstance: host }),
    };
  }

  async #drain(): Promise<void> {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      await this.#write(event);
    }
  }

  async #write(event: Event): Promise<void> {
    const { clock, signal, logger } = this.#options;
    const verdict = this.#correlator.judge(event, clock.nowMs());
    if (verdict.kind === "drop") return;
    for (let tries = 1; signal?.aborted !== true; tries++) {
      try {
        const written =
          verdict.kind === "count"
            ? await this.#count(verdict.event, verdict.patch)
            : await this.#create(verdict.event);
        this.#correlator.wasWritten(verdict.key, written);
        return;
      } catch (err) {
        const isFinal = err instanceof StatusError && err.code !== 429 && err.code < 500;
        if (isFinal || tries >= TRIES_MAX) {
          this.#correlator.wasLost(verdict.key);
          logger?.warn({ err, reason: event.reason, about: event.involvedObject.name }, "an event was not written");
          return;
        }
      }
      const delayMs = Math.min(RETRY_FIRST_MS * 2 ** (tries - 1), RETRY_MS_MAX);
      await clock.sleep(delayMs * (0.5 + clock.random()), signal);
    }
  }

  #create(event: Event): Promise<Event> {
    return this.#options.client.create(events, event, this.#writeOptions());
  }

  async #count(event: Event, patch: object): Promise<Event> {
    const { namespace, name } = event.metadata;
    try {
      return await this.#options.client.patch(events, { namespace, name }, "strategic", patch, this.#writeOptions());
    } catch (err) {
      if (!isNotFound(err)) throw err;
      const { resourceVersion: _, uid: __, ...metadata } = event.metadata;
      return this.#create({ ...event, metadata });
    }
  }

  #writeOptions(): { signal?: AbortSignal } {
    const { signal } = this.#options;
    return signal === undefined ? {} : { signal };
  }
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new BackgroundRecorder(options);
}
