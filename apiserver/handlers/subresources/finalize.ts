import type { Namespace } from "../../../shared/api/generated/core/v1.ts";
import { notFound } from "../../../shared/errors/status-error.ts";
import { namespaces } from "../../../shared/resources/catalog.ts";
import { sendObject } from "../../http/respond.ts";
import { decodeRequest } from "../decode-request.ts";
import type { ApiServices, Handler } from "../handler.ts";
import { checkName } from "../update.ts";
import { readWriteOptions } from "../write-options.ts";

/** PUT `namespaces/NAME/finalize`: sets `spec.finalizers` only; a namespace without any, being deleted, is gone then. */
export function createFinalizeHandler({ registry }: Pick<ApiServices, "registry">): Handler {
  return async (context, target) => {
    const { request, fieldValidation } = readWriteOptions(context, "UpdateOptions");
    const wanted = await decodeRequest<Namespace>(context, namespaces, fieldValidation);
    checkName(wanted, target);
    const change = (current: Namespace | undefined): Namespace => {
      if (current === undefined) throw notFound(namespaces, target.name);
      const { uid, resourceVersion } = wanted.metadata;
      return {
        ...current,
        metadata: { ...current.metadata, uid: uid || current.metadata.uid, resourceVersion },
        spec: { ...current.spec, finalizers: wanted.spec?.finalizers ?? [] },
      };
    };
    const updated = await registry.update(namespaces, "", target.name, change, { ...request, mode: "raw" });
    sendObject(context, 200, updated.object, updated.json);
  };
}
