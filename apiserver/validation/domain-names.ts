/** Names that are more than one DNS label (`apimachinery/pkg/util/validation/validation.go`). */
import type { FieldError } from "../../shared/errors/status-error.ts";
import { invalidFor, invalidValue, required } from "./field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "./names.ts";

const PATH_FORM = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const PATH = new RegExp(`^${PATH_FORM}$`, "u");
const PATH_RULE = `Invalid path (regex used for validation is '${PATH_FORM}')`;

/** `example.com/controller` (IsDomainPrefixedPath). */
export function domainPrefixedPathErrors(text: string, field: string): FieldError[] {
  if (text === "") return [required(field)];
  const at = text.indexOf("/");
  const [host, path] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || path === "")
    return [invalidValue(field, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  return [
    ...invalidFor(field, host, dnsSubdomainProblems(host)),
    ...(PATH.test(path) ? [] : [invalidValue(field, path, PATH_RULE)]),
  ];
}

/** `web.example.com`, with or without a dot at the end (IsFullyQualifiedDomainName). */
export function domainNameErrors(text: string, field: string): FieldError[] {
  if (text === "") return [required(field)];
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  const problems = dnsSubdomainProblems(name);
  if (problems.length > 0) return [invalidValue(field, name, problems.join(","))];
  const labels = name.split(".");
  if (labels.length < 2)
    return [invalidValue(field, name, "should be a domain with at least two segments separated by dots")];
  for (const label of labels) {
    const wrong = dnsLabelProblems(label);
    if (wrong.length > 0) return [invalidValue(field, label, wrong.join(","))];
  }
  return [];
}
