/** The columns of events of both groups (`printEvent`): both are seen in the stored form. */
import type { Event } from "../../../shared/api/generated/core/v1.ts";
import type { Column } from "../../registry/strategy.ts";
import { textColumn, wideColumn } from "../../tables/columns.ts";
import { ageOf } from "../../tables/human-duration.ts";

export const eventColumns: readonly Column<Event>[] = [
  textColumn("Last Seen", "How long ago it was seen last.", lastSeen),
  textColumn("Type", "Normal or Warning.", (event) => event.type ?? ""),
  textColumn("Reason", "Why it happened, in one word.", (event) => event.reason ?? ""),
  textColumn("Object", "What it is about.", objectText),
  wideColumn("Subobject", "Which part of it.", (event) => event.involvedObject.fieldPath ?? ""),
  wideColumn("Source", "Who says so.", sourceText),
  textColumn("Message", "What happened.", (event) => (event.message ?? "").trim()),
  wideColumn("First Seen", "How long ago it was seen first.", firstSeen),
  { ...textColumn("Count", "How often it was seen.", countOf), priority: 1 },
  { ...wideColumn<Event>("Name", "Name of the event.", (event) => event.metadata.name), format: "name" },
];

function firstSeen(event: Event, nowMs: number): string {
  return ageOf(event.firstTimestamp ?? event.eventTime, nowMs);
}

function lastSeen(event: Event, nowMs: number): string {
  return ageOf(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.firstTimestamp ?? event.eventTime, nowMs);
}

/** An event that was seen once has no count in the new form. */
function countOf(event: Event): number {
  return event.series?.count ?? (event.count === undefined || event.count === 0 ? 1 : event.count);
}

function objectText({ involvedObject: { kind = "", name = "" } }: Event): string {
  return name === "" ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;
}

function sourceText({ source, reportingComponent = "", reportingInstance = "" }: Event): string {
  const { component = "", host = "" } = source ?? {};
  const [who, where] = [component === "" ? reportingComponent : component, host === "" ? reportingInstance : host];
  return where === "" ? who : `${who}, ${where}`;
}
