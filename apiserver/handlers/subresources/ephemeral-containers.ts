import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { invalid, notFound } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { pods } from "../../../shared/resources/catalog.ts";
import { sendObject } from "../../http/respond.ts";
import { forbiddenField } from "../../validation/field-errors.ts";
import { decodeRequest } from "../decode-request.ts";
import type { ApiServices, Handler, ResourceTarget } from "../handler.ts";
import { readPatch } from "../patch/read-patch.ts";
import { checkName } from "../update.ts";
import { readWriteOptions, type WriteOptions } from "../write-options.ts";
import { byVerb } from "./by-verb.ts";

/** The pod with the ephemeral containers of `wanted`; those it has already may not change or go. */
function withContainers(current: Pod, wanted: Pod): Pod {
  const next = wanted.spec.ephemeralContainers ?? [];
  for (const container of current.spec.ephemeralContainers ?? []) {
    const kept = next.find((one) => one.name === container.name);
    if (kept !== undefined && deepEqual(kept, container)) continue;
    const why = `existing ephemeral containers ${JSON.stringify(container.name)} may not be ${kept === undefined ? "removed" : "changed"}`;
    throw invalid(pods, current.metadata.name, [forbiddenField("spec.ephemeralContainers", why)]);
  }
  const { uid, resourceVersion } = wanted.metadata;
  return {
    ...current,
    metadata: { ...current.metadata, uid: uid || current.metadata.uid, resourceVersion },
    spec: { ...current.spec, ephemeralContainers: next },
  };
}

/** GET, PUT and PATCH of `pods/ephemeralcontainers` (`kubectl debug`). */
export function createEphemeralContainersHandler({ registry }: Pick<ApiServices, "registry">): Handler {
  const write = async (
    target: ResourceTarget,
    options: WriteOptions,
    wantedOf: (current: Pod) => Pod | Promise<Pod>,
  ): Promise<{ object: Pod; json: Buffer }> => {
    const change = async (current: Pod | undefined): Promise<Pod> => {
      if (current === undefined) throw notFound(pods, target.name);
      return withContainers(current, await wantedOf(current));
    };
    return registry.update(pods, target.namespace, target.name, change, { ...options.request, mode: "raw" });
  };
  return byVerb({
    get: async (context, target) => {
      const { object, json } = await registry.get(pods, target.namespace, target.name);
      sendObject(context, 200, object, json);
    },
    update: async (context, target) => {
      const options = readWriteOptions(context, "UpdateOptions");
      const wanted = await decodeRequest<Pod>(context, pods, options.fieldValidation);
      checkName(wanted, target);
      const { object, json } = await write(target, options, () => wanted);
      sendObject(context, 200, object, json);
    },
    patch: async (context, target) => {
      const options = readWriteOptions(context, "PatchOptions");
      const patch = await readPatch(context, pods, options);
      const { object, json } = await write(target, options, (current) => patch.apply<Pod>(current));
      sendObject(context, 200, object, json);
    },
  });
}
