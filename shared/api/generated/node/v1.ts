// Generated from definitions.json by `npm run generate`: do not edit.
import type { ListMeta, ObjectMeta } from "../meta/v1.ts";
import type { Toleration } from "../core/v1.ts";

export interface Overhead {
  podFixed?: Record<string, string> | undefined;
}

export interface RuntimeClass {
  apiVersion?: string | undefined;
  handler: string;
  kind?: string | undefined;
  metadata: ObjectMeta & { name: string };
  overhead?: Overhead | undefined;
  scheduling?: Scheduling | undefined;
}

export interface RuntimeClassList {
  apiVersion?: string | undefined;
  items: RuntimeClass[];
  kind?: string | undefined;
  metadata?: ListMeta | undefined;
}

export interface Scheduling {
  nodeSelector?: Record<string, string> | undefined;
  tolerations?: Toleration[] | undefined;
}
