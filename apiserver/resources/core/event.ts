import type { Event } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { events } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { textColumn, wideColumn } from "../../tables/columns.ts";
import { ageOf } from "../../tables/human-duration.ts";
import { addInvalid, isGiven } from "../../validation/error-list.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { pathSegmentProblems } from "../../validation/names.ts";
import { EVENT_TTL_SECONDS, storedEventFields } from "../events/stored-event.ts";

const WORD_BYTES_MAX = 128;
const MESSAGE_BYTES_MAX = 1024;
/** Bytes of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;

export const eventStrategy = serve<Event>({
  resource: events,
  shortNames: ["ev"],
  storagePrefix: "events",
  ttlSeconds: EVENT_TTL_SECONDS,
  allowCreateOnUpdate: true,
  validateName: pathSegmentProblems,
  validate: validateEvent,
  selectableFields: storedEventFields,
  fieldAliases: { source: "source" },
  columns: [
    textColumn("Last Seen", "How long ago it was seen last.", lastSeen),
    textColumn("Type", "Normal or Warning.", (event) => event.type ?? ""),
    textColumn("Reason", "Why it happened, in one word.", (event) => event.reason ?? ""),
    textColumn("Object", "What it is about.", objectText),
    wideColumn("Subobject", "Which part of it.", (event) => event.involvedObject.fieldPath ?? ""),
    wideColumn("Source", "Who says so.", sourceText),
    textColumn("Message", "What happened.", (event) => (event.message ?? "").trim()),
    wideColumn("First Seen", "How long ago it was seen first.", (event, nowMs) =>
      ageOf(event.firstTimestamp ?? event.eventTime, nowMs),
    ),
    { name: "Count", type: "integer", description: "How often it was seen.", priority: 1, cell: countOf },
    { ...wideColumn("Name", "Name of the event.", (event) => event.metadata.name), format: "name" },
  ],
  example: {
    involvedObject: { kind: "Pod", namespace: "default", name: "web", apiVersion: "v1" },
    reason: "Started",
    message: "Started container",
    type: "Normal",
    source: { component: "kubelet" },
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    count: 1,
  },
});

/** Events of the old form have no `eventTime`, and looser rules (`legacyValidateEvent`). */
function validateEvent(event: Event): FieldError[] {
  const errors: FieldError[] = [];
  const wanted = event.involvedObject.namespace ?? "";
  const { namespace = "" } = event.metadata;
  const isNew = event.eventTime !== undefined;
  const isAboutNone = namespace === "default" || (isNew && namespace === "kube-system");
  if (wanted === "" ? !isAboutNone : !isNew && wanted !== namespace)
    errors.push(invalidValue("involvedObject.namespace", wanted, "does not match event.namespace"));
  if (isNew) addNewErrors(event, errors);
  return errors;
}

function addNewErrors(event: Event, errors: FieldError[]): void {
  const { reportingComponent = "", reportingInstance, action, reason } = event;
  isGiven(errors, "reportingComponent", reportingComponent);
  addInvalid(errors, "reportingComponent", reportingComponent, qualifiedNameProblems(reportingComponent));
  for (const [field, text] of Object.entries({ reportingInstance, action, reason })) {
    if (isGiven(errors, field, text)) addLengthErrors(field, text, WORD_BYTES_MAX, errors);
  }
  addLengthErrors("message", event.message ?? "", MESSAGE_BYTES_MAX, errors);
}

function addLengthErrors(field: string, text: string, limit: number, errors: FieldError[]): void {
  // No text is longer in bytes than three times its length: nearly all need no counting.
  if (text.length * UTF8_BYTES_MAX > limit && Buffer.byteLength(text) > limit)
    errors.push(invalidValue(field, "", `can have at most ${limit} characters`));
}

function countOf(event: Event): number {
  return event.series?.count ?? (event.count === undefined || event.count === 0 ? 1 : event.count);
}

function lastSeen(event: Event, nowMs: number): string {
  return ageOf(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.firstTimestamp ?? event.eventTime, nowMs);
}

function objectText({ involvedObject }: Event): string {
  return `${(involvedObject.kind ?? "").toLowerCase()}/${involvedObject.name ?? ""}`;
}

function sourceText(event: Event): string {
  const component = event.source?.component ?? event.reportingComponent ?? "";
  const host = event.source?.host ?? event.reportingInstance ?? "";
  return [component, host].filter((text) => text !== "").join(", ");
}
