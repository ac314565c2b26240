/**
 * The stricter rules of `events.k8s.io/v1` (`pkg/apis/core/validation/events.go`). Paths name the fields of upstream's
 * internal form, which are those of the core group.
 */
import type { Event } from "../../../shared/api/generated/events/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { invalidFor, invalidValue, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";

const TYPES: readonly (string | undefined)[] = ["Normal", "Warning"];
const COUNT_MIN = 2;

/** Everything but the series, by its internal name. */
const IMMUTABLE_FIELDS: readonly (readonly [string, (event: Event) => unknown])[] = [
  ["involvedObject", ({ regarding }) => regarding],
  ["reason", ({ reason }) => reason],
  ["message", ({ note }) => note],
  ["source", ({ deprecatedSource }) => deprecatedSource],
  ["firstTimestamp", ({ deprecatedFirstTimestamp }) => deprecatedFirstTimestamp],
  ["lastTimestamp", ({ deprecatedLastTimestamp }) => deprecatedLastTimestamp],
  ["count", ({ deprecatedCount }) => deprecatedCount],
  ["type", ({ type }) => type],
  ["eventTime", ({ eventTime }) => eventTime],
  ["action", ({ action }) => action],
  ["related", ({ related }) => related],
  ["reportingController", ({ reportingController }) => reportingController],
  ["reportingInstance", ({ reportingInstance }) => reportingInstance],
];

export function validateEventCreate(event: Event): FieldError[] {
  const { name = "" } = event.metadata as { name?: string };
  const { type, eventTime, deprecatedSource, deprecatedCount = 0 } = event;
  const hasSource = (deprecatedSource?.component ?? "") !== "" || (deprecatedSource?.host ?? "") !== "";
  const set: readonly (readonly [string, boolean])[] = [
    ["firstTimestamp", event.deprecatedFirstTimestamp !== undefined],
    ["lastTimestamp", event.deprecatedLastTimestamp !== undefined],
    ["count", deprecatedCount !== 0],
    ["source", hasSource],
  ];
  return [
    ...(name === "" ? [] : invalidFor("metadata.name", name, dnsSubdomainProblems(name))),
    ...seriesErrors(event),
    ...(eventTime === undefined ? [required("eventTime")] : []),
    ...(TYPES.includes(type) ? [] : [invalidValue("type", "", `has invalid value: ${type ?? ""}`)]),
    ...set.flatMap(([field, isSet]) => (isSet ? [invalidValue(field, "", "needs to be unset")] : [])),
  ];
}

export function validateEventUpdate(next: Event, previous: Event): FieldError[] {
  return [
    ...(deepEqual(next.series, previous.series) ? [] : seriesErrors(next)),
    ...IMMUTABLE_FIELDS.flatMap(([field, of]) => immutable(of(next), of(previous), field)),
  ];
}

function seriesErrors({ series }: Event): FieldError[] {
  if (series === undefined) return [];
  const given: { readonly count?: number; readonly lastObservedTime?: string | null } = series;
  return [
    ...((given.count ?? 0) < COUNT_MIN ? [invalidValue("series.count", "", "should be at least 2")] : []),
    ...((given.lastObservedTime ?? "") === "" ? [required("series.lastObservedTime")] : []),
  ];
}
