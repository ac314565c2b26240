import type { IPAddress, ParentReference } from "../../../shared/api/generated/networking/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { groupResourceOf } from "../../../shared/resources/resource.ts";
import { ipAddresses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { nameColumn, textColumn } from "../../tables/columns.ts";
import { strictIpProblems } from "../../validation/addresses.ts";
import { invalidFor, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems, pathSegmentProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";
import { segmentErrors } from "./object-reference.ts";

export const ipAddressStrategy = serve<IPAddress>({
  resource: ipAddresses,
  shortNames: ["ip"],
  storagePrefix: "ipaddresses",
  validateName: strictIpProblems,
  validate: ({ spec: { parentRef } }) =>
    parentRef === undefined ? [required("spec.parentRef")] : parentErrors(parentRef, "spec.parentRef"),
  validateUpdate: (next, previous) => immutable(next.spec.parentRef, previous.spec.parentRef, "spec.parentRef"),
  columns: [nameColumn, textColumn("ParentRef", "What the address belongs to.", parentText)],
  example: {
    metadata: { name: "10.0.0.1" },
    spec: { parentRef: { resource: "services", namespace: "default", name: "web" } },
  },
});

function parentErrors({ group = "", resource, namespace = "", name }: ParentReference, field: string): FieldError[] {
  return [
    ...(group === "" ? [] : invalidFor(`${field}.group`, group, dnsSubdomainProblems(group))),
    ...segmentErrors(resource, `${field}.resource`),
    ...segmentErrors(name, `${field}.name`),
    ...(namespace === "" ? [] : invalidFor(`${field}.namespace`, namespace, pathSegmentProblems(namespace))),
  ];
}

function parentText({ spec: { parentRef } }: IPAddress): string {
  if (parentRef === undefined) return "<none>";
  const { group = "", resource, namespace = "", name } = parentRef;
  const plural = groupResourceOf({ group, plural: resource }).toLowerCase();
  return [plural, ...(namespace === "" ? [] : [namespace]), name].join("/");
}
