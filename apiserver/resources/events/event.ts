import type { Event as CoreEvent } from "../../../shared/api/generated/core/v1.ts";
import type { Event } from "../../../shared/api/generated/events/v1.ts";
import { eventsV1Events } from "../../../shared/resources/catalog.ts";
import { type Column, serve } from "../../registry/strategy.ts";
import { pathSegmentProblems } from "../../validation/names.ts";
import { eventColumns } from "./event-columns.ts";
import { validateEventCreate, validateEventUpdate } from "./event-validation.ts";
import { storedEventErrors } from "./stored-event-rules.ts";
import { EVENT_TTL_SECONDS, fromStoredEvent, toStoredEvent } from "./stored-event.ts";

export const eventsV1EventStrategy = serve<Event>({
  resource: eventsV1Events,
  shortNames: ["ev"],
  storagePrefix: "events",
  ttlSeconds: EVENT_TTL_SECONDS,
  allowCreateOnUpdate: true,
  // Events of the core group may have looser names; new ones are looked at by the stricter rules.
  validateName: pathSegmentProblems,
  conversion: { fromStored: (stored) => fromStoredEvent(stored as CoreEvent), toStored: toStoredEvent },
  validate: (event) => storedEventErrors(toStoredEvent(event)),
  validateCreate: validateEventCreate,
  validateUpdate: validateEventUpdate,
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
  columns: eventColumns.map(
    (column): Column<Event> => ({ ...column, cell: (event, nowMs) => column.cell(toStoredEvent(event), nowMs) }),
  ),
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
