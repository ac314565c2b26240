/** `scale` of every kind that declares where its replicas are: autoscaling/v1 Scale over the object itself. */
import type { Scale } from "../../../shared/api/generated/autoscaling/v1.ts";
import { conflict, invalid, notFound } from "../../../shared/errors/status-error.ts";
import { invariant } from "../../../shared/errors/invariant.ts";
import { apiVersionOf, type KubeObject } from "../../../shared/resources/resource.ts";
import { sendObject } from "../../http/respond.ts";
import { OPTIMISTIC_LOCK_MESSAGE } from "../../registry/update.ts";
import type { AnyStrategy, ScaleStrategy } from "../../registry/strategy.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { decodeRequest } from "../decode-request.ts";
import type { ApiServices, Handler, ResourceTarget } from "../handler.ts";
import { applyPatch } from "../patch/apply-patch.ts";
import { readPatch } from "../patch/read-patch.ts";
import { checkName } from "../update.ts";
import { readWriteOptions, type WriteOptions } from "../write-options.ts";
import { byVerb } from "./by-verb.ts";

export const SCALE = { group: "autoscaling", version: "v1", kind: "Scale" };

function scaleStrategyOf(strategy: AnyStrategy): ScaleStrategy<KubeObject> {
  const scale = strategy.use((one): ScaleStrategy<KubeObject> | undefined => one.scale);
  invariant(scale !== undefined, `${strategy.resource.plural} has no scale`);
  return scale;
}

function scaleOf(strategy: ScaleStrategy<KubeObject>, object: KubeObject): Scale & KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = strategy.selector(object);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: strategy.replicas(object) },
    status: { replicas: strategy.statusReplicas(object), ...(selector === "" ? {} : { selector }) },
  };
}

type Rescale = (current: Scale & KubeObject) => (Scale & KubeObject) | Promise<Scale & KubeObject>;

/** Applies a Scale: its replicas are those of the object itself, and so is who owns them. */
async function applyScale(
  { registry }: Pick<ApiServices, "registry">,
  target: ResourceTarget,
  options: WriteOptions,
  config: Partial<Scale & KubeObject>,
): Promise<Scale> {
  const { resource } = target.strategy;
  const scale = scaleStrategyOf(target.strategy);
  const { kind } = resource;
  const { metadata, spec } = config;
  if (metadata !== undefined) checkName(config, target);
  const whole = { apiVersion: apiVersionOf(resource), kind, ...(spec === undefined ? {} : { spec }) };
  const change = (current: KubeObject | undefined, now: string): KubeObject => {
    if (current === undefined) throw notFound(resource, target.name);
    const { object, managedFields } = applyPatch(target, options, whole, current, now);
    return { ...object, metadata: { ...object.metadata, managedFields } };
  };
  const request = { ...options.request, isApplied: true };
  const updated = await registry.update(resource, target.namespace, target.name, change, request);
  return scaleOf(scale, updated.object);
}

/** Writes the replicas of what `rescale` makes of the present scale. */
async function writeScale(
  { registry }: Pick<ApiServices, "registry">,
  target: ResourceTarget,
  options: WriteOptions,
  rescale: Rescale,
): Promise<Scale> {
  const { resource } = target.strategy;
  const scale = scaleStrategyOf(target.strategy);
  const scaled = { group: resource.group, plural: `${resource.plural}/scale` };
  const change = async (current: KubeObject | undefined): Promise<KubeObject> => {
    if (current === undefined) throw notFound(scaled, target.name);
    const wanted = await rescale(scaleOf(scale, current));
    checkName(wanted, target);
    const replicas = wanted.spec?.replicas ?? 0;
    if (replicas < 0) {
      throw invalid(SCALE, target.name, [
        invalidValue("spec.replicas", replicas, "must be greater than or equal to 0"),
      ]);
    }
    const { uid, resourceVersion } = wanted.metadata;
    const present = current.metadata.uid ?? "";
    if ((uid ?? "") !== "" && uid !== present) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${present}`;
      throw conflict(scaled, target.name, why);
    }
    const isOlder = (resourceVersion ?? "") !== "" && resourceVersion !== current.metadata.resourceVersion;
    if (isOlder) throw conflict(resource, target.name, OPTIMISTIC_LOCK_MESSAGE);
    scale.setReplicas(current, replicas);
    return current;
  };
  const updated = await registry.update(resource, target.namespace, target.name, change, options.request);
  return scaleOf(scale, updated.object);
}

/** GET, PUT and PATCH. */
export function createScaleHandler(services: Pick<ApiServices, "registry">): Handler {
  return byVerb({
    get: async (context, target) => {
      const { object } = await services.registry.get(target.strategy.resource, target.namespace, target.name);
      sendObject(context, 200, scaleOf(scaleStrategyOf(target.strategy), object));
    },
    update: async (context, target) => {
      const options = readWriteOptions(context, "UpdateOptions");
      const wanted = await decodeRequest<Scale & KubeObject>(context, SCALE, options.fieldValidation);
      checkName(wanted, target);
      sendObject(context, 200, await writeScale(services, target, options, () => wanted));
    },
    patch: async (context, target) => {
      const options = readWriteOptions(context, "PatchOptions");
      const patch = await readPatch(context, SCALE, options);
      const rescale: Rescale = (current) => patch.apply<Scale & KubeObject>(current);
      const scaled =
        patch.config === undefined
          ? writeScale(services, target, options, rescale)
          : applyScale(services, target, options, patch.config);
      sendObject(context, 200, await scaled);
    },
  });
}
