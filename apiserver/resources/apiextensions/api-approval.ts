import type { CustomResourceDefinition } from "../../../shared/api/generated/apiextensions/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidValue, required } from "../../validation/field-errors.ts";

const APPROVED = "api-approved.kubernetes.io";
const SEE = "see https://github.com/kubernetes/enhancements/pull/1111";
const PROTECTED = ["k8s.io", "kubernetes.io"];

/** Groups of the community need somebody's approval in an annotation (`apiextensions-apiserver/pkg/apihelpers`). */
export function approvalErrors({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  if (!PROTECTED.some((domain) => spec.group === domain || spec.group.endsWith(`.${domain}`))) return [];
  const field = `metadata.annotations[${APPROVED}]`;
  const approval = metadata.annotations?.[APPROVED] ?? "";
  const rule = `protected groups must have approval annotation ${JSON.stringify(APPROVED)}`;
  if (approval === "") return [required(field, `${rule}, ${SEE}`)];
  if (approval.startsWith("unapproved") || isAddress(approval)) return [];
  return [invalidValue(field, approval, `${rule} with either a URL or a reason starting with "unapproved", ${SEE}`)];
}

function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/iu.test(text);
}
