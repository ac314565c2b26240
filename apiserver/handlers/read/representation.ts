/** Refusals of representations that do not fit what was asked for (upstream: `handlers/response.go`). */
import { StatusError } from "../../../shared/errors/status-error.ts";
import type { KubeObject, Resource } from "../../../shared/resources/resource.ts";

/** `*core.PodList`: upstream names the Go type of its internal form. */
function goType({ group, kind }: Resource<KubeObject>, suffix: string): string {
  return `*${group === "" ? "core" : (group.split(".")[0] ?? "")}.${kind}${suffix}`;
}

export function notForLists(resource: Resource<KubeObject>): StatusError {
  const type = goType(resource, "List");
  return new StatusError(
    "NotAcceptable",
    `you requested PartialObjectMetadata, but the requested object is a list (${type})`,
  );
}

export function onlyForLists(resource: Resource<KubeObject>): StatusError {
  const type = goType(resource, "");
  return new StatusError(
    "NotAcceptable",
    `you requested PartialObjectMetadataList, but the requested object is not a list (${type})`,
  );
}
