import type { Event } from "../../../shared/api/generated/core/v1.ts";
import { events } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { pathSegmentProblems } from "../../validation/names.ts";
import { eventColumns } from "../events/event-columns.ts";
import { storedEventErrors } from "../events/stored-event-rules.ts";
import { EVENT_TTL_SECONDS, storedEventFields } from "../events/stored-event.ts";

export const eventStrategy = serve<Event>({
  resource: events,
  shortNames: ["ev"],
  storagePrefix: "events",
  ttlSeconds: EVENT_TTL_SECONDS,
  allowCreateOnUpdate: true,
  validateName: pathSegmentProblems,
  validate: storedEventErrors,
  selectableFields: storedEventFields,
  fieldAliases: { source: "source" },
  columns: eventColumns,
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
