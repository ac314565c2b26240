/** Server-side apply of a configuration to one object (upstream: `applyPatcher` of `endpoints/handlers/patch.go`). */
import { apiVersionOf, type KubeObject, type Resource } from "../../../shared/resources/resource.ts";
import { type AppliedObject, applyConfiguration } from "../../registry/managed-fields/apply.ts";
import { emptyObjectOf, trackedKindOf } from "../../registry/managed-fields/tracked-write.ts";
import type { ResourceTarget } from "../handler.ts";
import type { WriteOptions } from "../write-options.ts";

/** `current` with the configuration applied; nothing is there yet when it is undefined. Throws 400, 409 or 500. */
export function applyPatch(
  { strategy, subresource }: ResourceTarget,
  { givenManager, force }: WriteOptions,
  config: object,
  current: KubeObject | undefined,
  now: string,
): AppliedObject {
  const resource: Resource<KubeObject> = strategy.resource;
  const status = strategy.use((one): object | undefined => one.status);
  const kind = trackedKindOf({ resource, status }, subresource);
  const apiVersion = apiVersionOf(resource);
  const name = { manager: givenManager, operation: "Apply", apiVersion, subresource } as const;
  const application = { kind, config, name, isForced: force, now };
  return applyConfiguration(application, current ?? emptyObjectOf(resource), current === undefined);
}
