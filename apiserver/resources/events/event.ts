import type { Event as CoreEvent } from "../../../shared/api/generated/core/v1.ts";
import type { Event } from "../../../shared/api/generated/events/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { eventsV1Events } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { textColumn, wideColumn } from "../../tables/columns.ts";
import { ageOf } from "../../tables/human-duration.ts";
import { invalidValue, required } from "../../validation/field-errors.ts";
import { EVENT_TTL_SECONDS, fromStoredEvent, toStoredEvent } from "./stored-event.ts";

const NOTE_BYTES_MAX = 1024;
const REASON_BYTES_MAX = 128;

export const eventsV1EventStrategy = serve<Event>({
  resource: eventsV1Events,
  shortNames: ["ev"],
  storagePrefix: "events",
  ttlSeconds: EVENT_TTL_SECONDS,
  allowCreateOnUpdate: true,
  validateName: () => [],
  conversion: { fromStored: (stored) => fromStoredEvent(stored as CoreEvent), toStored: toStoredEvent },
  validate: validateEvent,
  selectableFields: {
    "regarding.kind": ({ regarding }) => regarding?.kind ?? "",
    "regarding.namespace": ({ regarding }) => regarding?.namespace ?? "",
    "regarding.name": ({ regarding }) => regarding?.name ?? "",
    "regarding.uid": ({ regarding }) => regarding?.uid ?? "",
    "regarding.apiVersion": ({ regarding }) => regarding?.apiVersion ?? "",
    "regarding.resourceVersion": ({ regarding }) => regarding?.resourceVersion ?? "",
    "regarding.fieldPath": ({ regarding }) => regarding?.fieldPath ?? "",
    reason: (event) => event.reason ?? "",
    reportingController: (event) => event.reportingController ?? "",
    type: (event) => event.type ?? "",
  },
  columns: [
    textColumn("Last Seen", "How long ago it was seen last.", lastSeen),
    textColumn("Type", "Normal or Warning.", (event) => event.type ?? ""),
    textColumn("Reason", "Why it happened, in one word.", (event) => event.reason ?? ""),
    textColumn(
      "Object",
      "What it is about.",
      ({ regarding }) => `${(regarding?.kind ?? "").toLowerCase()}/${regarding?.name ?? ""}`,
    ),
    wideColumn("Subobject", "Which part of it.", ({ regarding }) => regarding?.fieldPath ?? ""),
    wideColumn("Source", "Who says so.", sourceText),
    textColumn("Message", "What happened.", (event) => (event.note ?? "").trim()),
    wideColumn("First Seen", "How long ago it was seen first.", (event, nowMs) =>
      ageOf(event.deprecatedFirstTimestamp ?? event.eventTime, nowMs),
    ),
    {
      name: "Count",
      type: "integer",
      description: "How often it was seen.",
      priority: 1,
      cell: (event) => event.series?.count ?? event.deprecatedCount ?? 1,
    },
    { ...wideColumn("Name", "Name of the event.", (event) => event.metadata.name), format: "name" },
  ],
  example: {
    regarding: { kind: "Pod", namespace: "default", name: "web", apiVersion: "v1" },
    reason: "Started",
    note: "Started container",
    type: "Normal",
    action: "Starting",
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "kubernode.dev/test",
    reportingInstance: "test-1",
  },
});

function lastSeen(event: Event, nowMs: number): string {
  return ageOf(
    event.series?.lastObservedTime ??
      event.deprecatedLastTimestamp ??
      event.deprecatedFirstTimestamp ??
      event.eventTime,
    nowMs,
  );
}

function sourceText(event: Event): string {
  const component = event.deprecatedSource?.component ?? event.reportingController ?? "";
  const host = event.deprecatedSource?.host ?? event.reportingInstance ?? "";
  return [component, host].filter((text) => text !== "").join(", ");
}

function validateEvent(event: Event): FieldError[] {
  // An event of the old kind seen through this one keeps its looser rules.
  if (event.eventTime === undefined) return event.deprecatedFirstTimestamp === undefined ? [required("eventTime")] : [];
  const errors: FieldError[] = [];
  if ((event.reportingController ?? "") === "") errors.push(required("reportingController"));
  if ((event.reportingInstance ?? "") === "") errors.push(required("reportingInstance"));
  if ((event.action ?? "") === "") errors.push(required("action"));
  if ((event.reason ?? "") === "") errors.push(required("reason"));
  if ((event.reason ?? "").length > REASON_BYTES_MAX)
    errors.push(invalidValue("reason", "", `can have at most ${REASON_BYTES_MAX} characters`));
  if ((event.note ?? "").length > NOTE_BYTES_MAX)
    errors.push(invalidValue("note", "", `can have at most ${NOTE_BYTES_MAX} characters`));
  if (event.type !== "Normal" && event.type !== "Warning") errors.push(invalidValue("type", "", "has invalid value: "));
  const wanted = event.regarding?.namespace ?? "";
  const namespace = event.metadata.namespace ?? "";
  const fits = wanted === "" ? namespace === "default" || namespace === "kube-system" : wanted === namespace;
  return fits
    ? errors
    : [...errors, invalidValue("involvedObject.namespace", wanted, "does not match event.namespace")];
}
