import { decodeRequest } from "./decode-request.ts";
import type { ApiServices, Handler } from "./handler.ts";
import { sendStored } from "./send-stored.ts";
import { readWriteOptions } from "./write-options.ts";

/** POST to a collection: 201 with the object as it was stored. */
export function createCreateHandler({ registry }: Pick<ApiServices, "registry">): Handler {
  return async (context, target) => {
    const { resource } = target.strategy;
    const { request, fieldValidation } = readWriteOptions(context, "CreateOptions");
    const draft = await decodeRequest(context, resource, fieldValidation);
    const created = await registry.create(resource, draft, { ...request, namespace: target.namespace });
    sendStored(context, 201, created);
  };
}
