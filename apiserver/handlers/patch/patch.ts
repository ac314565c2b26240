import type { KubeObject } from "../../../shared/resources/resource.ts";
import { sendObject } from "../../http/respond.ts";
import { asObject, objectStrategy } from "../../registry/object-strategy.ts";
import type { ApiServices, Handler } from "../handler.ts";
import { checkName } from "../update.ts";
import { readWriteOptions } from "../write-options.ts";
import { readPatch } from "./read-patch.ts";

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
    const erased = objectStrategy(target.strategy);
    const change = (current: KubeObject | undefined): KubeObject => {
      const patched = patch.apply<KubeObject>(current ?? asObject(erased, {}));
      checkName(patched, target);
      return patched;
    };
    const createIfMissing = patch.isApply && mode === "object";
    const request = { ...options.request, mode, createIfMissing };
    const updated = await registry.update(resource, target.namespace, target.name, change, request);
    sendObject(context, updated.wasCreated ? 201 : 200, updated.object, updated.json);
  };
}
