import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidFor, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems, pathSegmentProblems } from "../../validation/names.ts";

/** A name that must be there and fit into a path. */
export function segmentErrors(text: string | undefined, field: string): FieldError[] {
  return text === undefined || text === "" ? [required(field)] : invalidFor(field, text, pathSegmentProblems(text));
}

/** A reference to an object by group, kind and name (`validateIngressTypedLocalObjectReference`). */
export function objectReferenceErrors(
  reference: { readonly apiGroup?: string | undefined; readonly kind: string; readonly name: string },
  field: string,
): FieldError[] {
  const { apiGroup, kind, name } = reference;
  return [
    ...(apiGroup === undefined ? [] : invalidFor(`${field}.apiGroup`, apiGroup, dnsSubdomainProblems(apiGroup))),
    ...segmentErrors(kind, `${field}.kind`),
    ...segmentErrors(name, `${field}.name`),
  ];
}
