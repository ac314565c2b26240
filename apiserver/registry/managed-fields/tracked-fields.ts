/** Fields of which nobody keeps track (upstream: `managedfields/internal/stripmeta.go`, `GetResetFields` of strategies). */
import { field, fieldSetOf, type FieldSet, LEAF, NO_FIELDS } from "../../schema/apply/field-set.ts";
import type { FieldType } from "../../schema/apply/field-type.ts";

const SYSTEM_METADATA = [
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "clusterName",
  "generation",
  "managedFields",
  "resourceVersion",
];

/** What makes the object what it is. `metadata` itself is among them, what is below it is not. */
export const SYSTEM_FIELDS: FieldSet = fieldSetOf([
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ...SYSTEM_METADATA.map((name) => ["metadata", name]),
]);

const STATUS: FieldSet = { [field("status")]: LEAF };
const SPEC: FieldSet = { [field("spec")]: LEAF };

/** What a write of the object or of that subresource does not change, whatever it says. */
export function resetFields(hasStatus: boolean, subresource: string): FieldSet {
  if (!hasStatus) return NO_FIELDS;
  return subresource === "status" || subresource === "approval" ? SPEC : STATUS;
}

export interface TrackedKind {
  readonly apiVersion: string;
  readonly type: FieldType;
  /** Fields and all below them that this request cannot change. */
  readonly ignored: FieldSet;
}
