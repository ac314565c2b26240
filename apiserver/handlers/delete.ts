import type { Status } from "../../shared/api/generated/meta/v1.ts";
import { groupResourceOf, type KubeObject, type Resource } from "../../shared/resources/resource.ts";
import { sendObject } from "../http/respond.ts";
import type { WriteRequest } from "../registry/registry.ts";
import { readDeleteOptions } from "./delete-options.ts";
import type { ApiServices, Handler } from "./handler.ts";

/** Kinds whose DELETE answers the object that is gone; the others answer a `Status` (ReturnDeletedObject). */
const ANSWERS_OBJECT = new Set([
  "persistentvolumeclaims",
  "persistentvolumes",
  "pods",
  "podtemplates",
  "resourcequotas",
  "serviceaccounts",
  "services",
]);

function successStatus(resource: Resource<KubeObject>, deleted: KubeObject): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name: deleted.metadata.name,
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.plural,
      ...(deleted.metadata.uid === undefined ? {} : { uid: deleted.metadata.uid }),
    },
  };
}

/** DELETE of one object: 200 with the object while it is there, otherwise with a `Status`. */
export function createDeleteHandler({ registry }: Pick<ApiServices, "registry">): Handler {
  return async (context, target) => {
    const { resource } = target.strategy;
    const options = await readDeleteOptions(context);
    const request: WriteRequest = {
      user: context.user,
      isDryRun: (options.dryRun ?? []).length > 0,
      warn: (text) => context.warnings.push(text),
    };
    const deleted = await registry.delete(resource, target.namespace, target.name, options, request);
    if (deleted.isGone && !ANSWERS_OBJECT.has(groupResourceOf(resource))) {
      return sendObject(context, 200, successStatus(resource, deleted.object));
    }
    const isAccepted = !deleted.isGone && options.orphanDependents === false;
    sendObject(context, isAccepted ? 202 : 200, deleted.object, deleted.json);
  };
}
