/** Rules of `spec.resourceClaims`. */
import type { PodResourceClaim } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addInvalid } from "../../validation/error-list.ts";
import { duplicate, forbiddenField, invalidValue, required } from "../../validation/field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";

/** The names of the claims, which containers may use. */
export function addPodClaimErrors(
  claims: readonly PodResourceClaim[] | undefined,
  isMirror: boolean,
  field: string,
  errors: FieldError[],
): ReadonlySet<string> {
  const names = new Set<string>();
  claims?.forEach((claim, index) => {
    if (isMirror) {
      errors.push(forbiddenField("", "static pods do not support resource claims"));
      return;
    }
    const at = `${field}[${index}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (name === "") errors.push(required(`${at}.name`));
    else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else addInvalid(errors, `${at}.name`, name, dnsLabelProblems(name));
    if (name !== "") names.add(name);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(
        invalidValue(at, claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"),
      );
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.push(invalidValue(at, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"));
    for (const kind of ["resourceClaimName", "resourceClaimTemplateName"] as const) {
      const reference = claim[kind];
      if (reference !== undefined) addInvalid(errors, `${at}.${kind}`, reference, dnsSubdomainProblems(reference));
    }
  });
  return names;
}
