/** Events have one store and two kinds: `v1 Event` is what is stored, `events.k8s.io/v1 Event` is another view of it. */
import type { Event as CoreEvent } from "../../../shared/api/generated/core/v1.ts";
import type { Event } from "../../../shared/api/generated/events/v1.ts";

/** `--event-ttl` */
export const EVENT_TTL_SECONDS = 3600;

/** Field selectors of a stored event. */
export const storedEventFields: Readonly<Record<string, (event: CoreEvent) => string>> = {
  "involvedObject.kind": ({ involvedObject }) => involvedObject.kind ?? "",
  "involvedObject.namespace": ({ involvedObject }) => involvedObject.namespace ?? "",
  "involvedObject.name": ({ involvedObject }) => involvedObject.name ?? "",
  "involvedObject.uid": ({ involvedObject }) => involvedObject.uid ?? "",
  "involvedObject.apiVersion": ({ involvedObject }) => involvedObject.apiVersion ?? "",
  "involvedObject.resourceVersion": ({ involvedObject }) => involvedObject.resourceVersion ?? "",
  "involvedObject.fieldPath": ({ involvedObject }) => involvedObject.fieldPath ?? "",
  reason: (event) => event.reason ?? "",
  reportingComponent: (event) => event.reportingComponent ?? "",
  source: (event) => event.source?.component ?? event.reportingComponent ?? "",
  type: (event) => event.type ?? "",
};

/** The stored form seen as `events.k8s.io/v1`. */
export function fromStoredEvent(stored: CoreEvent): Event {
  const {
    involvedObject,
    message,
    source,
    firstTimestamp,
    lastTimestamp,
    count,
    reportingComponent,
    reportingInstance,
    series,
    ...same
  } = stored;
  const view: Record<string, unknown> = {
    ...same,
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    regarding: involvedObject,
    note: message,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
    reportingController: reportingComponent,
    reportingInstance,
    series:
      series === undefined ? undefined : { count: series.count ?? 0, lastObservedTime: series.lastObservedTime ?? "" },
  };
  return withoutUndefined(view) as unknown as Event;
}

/** What is stored of an `events.k8s.io/v1` event. */
export function toStoredEvent(event: Event): CoreEvent {
  const {
    regarding,
    note,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    reportingController,
    reportingInstance,
    eventTime,
    ...same
  } = event;
  return withoutUndefined({
    ...same,
    apiVersion: "v1",
    kind: "Event",
    involvedObject: regarding ?? {},
    message: note,
    source: deprecatedSource ?? {},
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    count: deprecatedCount,
    eventTime,
    reportingComponent: reportingController ?? "",
    reportingInstance: reportingInstance ?? "",
  });
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
