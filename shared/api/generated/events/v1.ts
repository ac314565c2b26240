// Generated from definitions.json by `npm run generate`: do not edit.
import type { EventSource, ObjectReference } from "../core/v1.ts";
import type { ListMeta, ObjectMeta } from "../meta/v1.ts";

export interface Event {
  action?: string | undefined;
  apiVersion?: string | undefined;
  deprecatedCount?: number | undefined;
  deprecatedFirstTimestamp?: string | undefined;
  deprecatedLastTimestamp?: string | undefined;
  deprecatedSource?: EventSource | undefined;
  eventTime: string;
  kind?: string | undefined;
  metadata: ObjectMeta & { name: string };
  note?: string | undefined;
  reason?: string | undefined;
  regarding?: ObjectReference | undefined;
  related?: ObjectReference | undefined;
  reportingController?: string | undefined;
  reportingInstance?: string | undefined;
  series?: EventSeries | undefined;
  type?: string | undefined;
}

export interface EventList {
  apiVersion?: string | undefined;
  items: Event[];
  kind?: string | undefined;
  metadata?: ListMeta | undefined;
}

export interface EventSeries {
  count: number;
  lastObservedTime: string;
}
