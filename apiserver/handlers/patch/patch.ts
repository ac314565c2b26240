import type { KubeObject } from "../../../shared/resources/resource.ts";
import { sendObject } from "../../http/respond.ts";
import { asObject, objectStrategy } from "../../registry/object-strategy.ts";
import type { ApiServices, Handler, ResourceTarget } from "../handler.ts";
import { checkName } from "../update.ts";
import { readWriteOptions, type WriteOptions } from "../write-options.ts";
import { applyPatch } from "./apply-patch.ts";
import { type Patch, readPatch } from "./read-patch.ts";

function patchedObject(
  patch: Patch,
  target: ResourceTarget,
  options: WriteOptions,
  current: KubeObject | undefined,
  now: string,
): KubeObject {
  if (patch.config === undefined) return patch.apply(current ?? asObject(objectStrategy(target.strategy), {}));
  const { object, managedFields } = applyPatch(target, options, patch.config, current, now);
  const read = patch.read<KubeObject>(object);
  return { ...read, metadata: { ...read.metadata, managedFields } };
}

/**
 * PATCH of an object, of its `/status` or of another part of it: applied to what is stored, and again when somebody else wrote in between.
 * A resourceVersion that the patch sets is a precondition (upstream: `endpoints/handlers/patch.go`).
 */
export function createPatchHandler(
  { registry }: Pick<ApiServices, "registry">,
  mode: "object" | "status" | "part",
): Handler {
  return async (context, target) => {
    const { resource } = target.strategy;
    const options = readWriteOptions(context, "PatchOptions");
    const patch = await readPatch(context, resource, options);
    const change = (current: KubeObject | undefined, now: string): KubeObject => {
      const patched = patchedObject(patch, target, options, current, now);
      checkName(patched, target);
      return patched;
    };
    const isApplied = patch.config !== undefined;
    const request = { ...options.request, mode, isApplied, createIfMissing: isApplied && mode === "object" };
    const updated = await registry.update(resource, target.namespace, target.name, change, request);
    sendObject(context, updated.wasCreated ? 201 : 200, updated.object, updated.json);
  };
}
