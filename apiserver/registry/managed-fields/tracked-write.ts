/** The bridge from the flows of writing to `managedFields`: which kind is tracked how. */
import type { ManagedFieldsEntry } from "../../../shared/api/generated/meta/v1.ts";
import { apiVersionOf, type KubeObject } from "../../../shared/resources/resource.ts";
import { fieldTypeOfKind } from "../../schema/apply/field-type.ts";
import { definitionNameOf, type GroupVersionKind } from "../../schema/definitions.ts";
import { readAsDefinition } from "../../schema/structural.ts";
import type { WriteRequest } from "../registry.ts";
import { areSameButForTimes, trackUpdate } from "./track-update.ts";
import { resetFields, type TrackedKind } from "./tracked-fields.ts";

interface TrackedStrategy {
  readonly resource: GroupVersionKind;
  /** Present when the kind has the subresource. */
  readonly status?: object | undefined;
}

export function trackedKindOf({ resource, status }: TrackedStrategy, subresource: string): TrackedKind {
  const { group, version, kind } = resource;
  return {
    apiVersion: apiVersionOf(resource),
    type: fieldTypeOfKind({ group, version, kind }),
    ignored: resetFields(status !== undefined, subresource),
  };
}

/** What Go has before anything is set: structs that are no pointers are there. */
export function emptyObjectOf({ group, version, kind }: GroupVersionKind): KubeObject {
  const empty = { apiVersion: apiVersionOf({ group, version }), kind, metadata: { name: "" } };
  const definition = definitionNameOf({ group, version, kind });
  return definition === undefined ? empty : (readAsDefinition(definition, empty).object as KubeObject);
}

/** The entries with which `next` is written. Requests without a manager leave them as they are. */
export function managedFieldsOf(
  strategy: TrackedStrategy,
  previous: KubeObject | undefined,
  next: KubeObject,
  request: WriteRequest,
  now: string,
): ManagedFieldsEntry[] | undefined {
  if (request.isApplied === true) return next.metadata.managedFields;
  if (request.fieldManager === undefined) return previous?.metadata.managedFields;
  const subresource = request.subresource ?? "";
  const kind = trackedKindOf(strategy, subresource);
  const { apiVersion } = kind;
  const name = { manager: request.fieldManager, operation: "Update", apiVersion, subresource } as const;
  return trackUpdate(kind, previous, () => emptyObjectOf(strategy.resource), next, name, now);
}

/** Gives `next` the stored entries back when it has the same but for their times: changing nothing else is no write. */
export function keepTimes(next: KubeObject, previous: KubeObject): void {
  const [ours, stored] = [next.metadata.managedFields, previous.metadata.managedFields];
  if (areSameButForTimes(ours, stored)) next.metadata.managedFields = stored;
}
