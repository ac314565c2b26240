/** `pods/binding` and `bindings`: puts a pod on a node, once (upstream: `pkg/registry/core/pod/storage/storage.go`). */
import type { Binding, Pod } from "../../../shared/api/generated/core/v1.ts";
import { badRequest, conflict, type FieldError, invalid } from "../../../shared/errors/status-error.ts";
import { rfc3339 } from "../../../shared/process/clock.ts";
import { bindings, pods } from "../../../shared/resources/catalog.ts";
import { sendObject } from "../../http/respond.ts";
import { notSupportedInOrder, required } from "../../validation/field-errors.ts";
import { decodeRequest } from "../decode-request.ts";
import type { ApiServices, Handler } from "../handler.ts";
import { readWriteOptions } from "../write-options.ts";

const PODS_BINDING = { group: "", plural: "pods/binding" };

function bindingErrors({ target }: Binding): FieldError[] {
  const errors: FieldError[] = [];
  const kind = target?.kind ?? "";
  if (kind !== "" && kind !== "Node") errors.push(notSupportedInOrder("target.kind", kind, ["Node", "<empty>"]));
  if ((target?.name ?? "") === "") errors.push(required("target.name"));
  return errors;
}

/** The pod on that node. 409 when it may not be put there any more. */
function bound(pod: Pod, binding: Binding, nowMs: number): Pod {
  const { name, uid, deletionTimestamp } = pod.metadata;
  const refuse = (why: string): Error => conflict(PODS_BINDING, name, why);
  const wanted: Partial<Pod["metadata"]> = binding.metadata ?? {};
  if (wanted.uid !== undefined && wanted.uid !== "" && wanted.uid !== uid) {
    throw refuse(`Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid ?? ""}`);
  }
  if (deletionTimestamp !== undefined) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  const present = pod.spec.nodeName ?? "";
  if (present !== "") throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(present)}`);
  if ((pod.spec.schedulingGates ?? []).length > 0) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const condition = { type: "PodScheduled", status: "True", lastTransitionTime: rfc3339(nowMs) };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(wanted.annotations && { annotations: { ...pod.metadata.annotations, ...wanted.annotations } }),
    },
    spec: { ...pod.spec, nodeName: binding.target?.name },
    status: { ...pod.status, conditions: withCondition(pod, condition) },
  };
}

function withCondition(pod: Pod, condition: { type: string; status: string; lastTransitionTime: string }) {
  const others = (pod.status?.conditions ?? []).filter((one) => one.type !== condition.type);
  return [...others, condition];
}

/** POST; 201 with a `Status`. The pod is the one of the URL, or the binding's name. */
export function createBindingHandler({ registry, clock }: Pick<ApiServices, "registry" | "clock">): Handler {
  return async (context, target) => {
    const { request, fieldValidation } = readWriteOptions(context, "CreateOptions");
    const binding = await decodeRequest<Binding>(context, bindings, fieldValidation);
    // Through the old `bindings` the pod is the one that the binding names.
    if (target.name !== "" && binding.metadata?.name !== target.name)
      throw badRequest("name in URL does not match name in Binding object");
    const errors = bindingErrors(binding);
    const name = target.name === "" ? (binding.metadata?.name ?? "") : target.name;
    if (name === "") errors.push(required("metadata.name"));
    if (errors.length > 0) throw invalid(bindings, name, errors);
    const nowMs = clock.nowMs();
    const change = (pod: Pod | undefined): Pod => {
      if (pod === undefined) throw conflict(PODS_BINDING, name, "the pod is gone");
      return bound(pod, binding, nowMs);
    };
    await registry.update(pods, target.namespace, name, change, { ...request, mode: "raw", subresource: "binding" });
    sendObject(context, 201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
  };
}
