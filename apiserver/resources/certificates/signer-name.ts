import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidValue, required, tooLong } from "../../validation/field-errors.ts";
import { DNS_LABEL_MAX, DNS_SUBDOMAIN_MAX, dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";

/** Domain, slash, and a path that has room for `<namespace>.<name>`. */
const SIGNER_NAME_MAX = DNS_SUBDOMAIN_MAX + 1 + DNS_LABEL_MAX + 1 + DNS_SUBDOMAIN_MAX;

/** `example.com/signer` (`ValidateSignerName` of `pkg/apis/core/validation/names.go`). */
export function signerNameErrors(name: string, field: string): FieldError[] {
  if (name === "") return [required(field)];
  const [domain = "", path = "", ...more] = name.split("/");
  if (!name.includes("/") || more.length > 0) {
    return [
      invalidValue(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ];
  }
  const errors = domain.length > DNS_SUBDOMAIN_MAX ? [tooLong(field, DNS_SUBDOMAIN_MAX)] : [];
  errors.push(...firstBadLabel(domain, dnsLabelProblems, field));
  if (!domain.includes("."))
    errors.push(invalidValue(field, domain, "should be a domain with at least two segments separated by dots"));
  errors.push(...firstBadLabel(path, dnsSubdomainProblems, field));
  if (name.length > SIGNER_NAME_MAX) errors.push(tooLong(field, SIGNER_NAME_MAX));
  return errors;
}

function firstBadLabel(text: string, problemsOf: (label: string) => string[], field: string): FieldError[] {
  const bad = text.split(".").find((label) => problemsOf(label).length > 0);
  if (bad === undefined) return [];
  return problemsOf(bad).map((problem) =>
    invalidValue(field, text, `validating label ${JSON.stringify(bad)}: ${problem}`),
  );
}
