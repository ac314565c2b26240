// Generated from definitions.json by `npm run generate`: do not edit.
import type { ListMeta, ObjectMeta } from "../meta/v1.ts";

export interface Lease {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata: ObjectMeta & { name: string };
  spec: LeaseSpec;
}

export interface LeaseList {
  apiVersion?: string | undefined;
  items: Lease[];
  kind?: string | undefined;
  metadata?: ListMeta | undefined;
}

export interface LeaseSpec {
  acquireTime?: string | undefined;
  holderIdentity?: string | undefined;
  leaseDurationSeconds?: number | undefined;
  leaseTransitions?: number | undefined;
  preferredHolder?: string | undefined;
  renewTime?: string | undefined;
  strategy?: string | undefined;
}
