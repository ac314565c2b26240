import { badRequest } from "../../shared/errors/status-error.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { decodeRequest } from "./decode-request.ts";
import type { ApiServices, Handler, ResourceTarget } from "./handler.ts";
import { sendStored } from "./send-stored.ts";
import { readWriteOptions } from "./write-options.ts";

/** 400 when the body names another object than the URL. */
export function checkName(
  object: Partial<KubeObject>,
  { name, namespace }: Pick<ResourceTarget, "name" | "namespace">,
): void {
  const metadata: Partial<KubeObject["metadata"]> = object.metadata ?? {};
  const own = metadata.name ?? "";
  if (own === "")
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (own !== name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
  const ownNamespace = metadata.namespace ?? "";
  if (namespace !== "" && ownNamespace !== "" && ownNamespace !== namespace) {
    throw badRequest(
      `the namespace of the object (${ownNamespace}) does not match the namespace on the request (${namespace})`,
    );
  }
}

/** PUT of an object, of its `/status` or of another part of it: 200, or 201 where a PUT may create. */
export function createUpdateHandler(
  { registry }: Pick<ApiServices, "registry">,
  mode: "object" | "status" | "part" = "object",
): Handler {
  return async (context, target) => {
    const { resource } = target.strategy;
    const { request, fieldValidation } = readWriteOptions(context, "UpdateOptions");
    const draft = await decodeRequest(context, resource, fieldValidation);
    checkName(draft, target);
    const createIfMissing =
      mode === "object" && target.strategy.use((strategy) => strategy.allowCreateOnUpdate === true);
    const updated = await registry.update(resource, target.namespace, target.name, () => draft, {
      ...request,
      mode,
      createIfMissing,
    });
    sendStored(context, updated.wasCreated ? 201 : 200, updated);
  };
}
