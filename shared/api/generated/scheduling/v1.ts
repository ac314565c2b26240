// Generated from definitions.json by `npm run generate`: do not edit.
import type { ListMeta, ObjectMeta } from "../meta/v1.ts";

export interface PriorityClass {
  apiVersion?: string | undefined;
  description?: string | undefined;
  globalDefault?: boolean | undefined;
  kind?: string | undefined;
  metadata: ObjectMeta & { name: string };
  preemptionPolicy?: string | undefined;
  value?: number | undefined;
}

export interface PriorityClassList {
  apiVersion?: string | undefined;
  items: PriorityClass[];
  kind?: string | undefined;
  metadata?: ListMeta | undefined;
}
