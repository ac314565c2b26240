/** Refusals and views that the plugins share (apiserver `pkg/admission/errors.go`). */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { StatusCause } from "../../shared/api/generated/meta/v1.ts";
import { forbidden, StatusError } from "../../shared/errors/status-error.ts";
import { pods } from "../../shared/resources/catalog.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import type { AdmissionRequest } from "./admission.ts";

/** The name to show: a generated one does not exist yet. */
function nameOf(request: AdmissionRequest): string {
  if (request.name !== "") return request.name;
  const metadata: KubeObject["metadata"] | undefined = request.object?.metadata;
  return metadata?.name || metadata?.generateName || "Unknown";
}

/** 403 for the object of the request; `causes` go into the details. */
export function refuse(request: AdmissionRequest, why: string, causes?: StatusCause[]): StatusError {
  const error = forbidden(request.resource, nameOf(request), why);
  return causes === undefined
    ? error
    : new StatusError("Forbidden", error.message, { details: { ...error.details, causes } });
}

export function isAbout(request: AdmissionRequest, resource: Resource<KubeObject>): boolean {
  return request.resource.group === resource.group && request.resource.plural === resource.plural;
}

/** The pod of a request for a pod itself (not one of its subresources). */
export function podOf(request: AdmissionRequest): Pod | undefined {
  return request.subresource === "" && isAbout(request, pods) ? (request.object as Pod | undefined) : undefined;
}
