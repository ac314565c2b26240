/** What devices, their pools, attributes and requests may be called. */
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidFor, invalidValue, required, tooLong } from "../../validation/field-errors.ts";
import { DNS_SUBDOMAIN_MAX, dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";
import { driverNameErrors } from "../storage/driver-name.ts";

const IDENTIFIER_MAX = 32;
const IDENTIFIER_FORM = "[A-Za-z_][A-Za-z0-9_]*";
const IDENTIFIER = new RegExp(`^${IDENTIFIER_FORM}$`, "u");
const IDENTIFIER_RULE = `a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '${IDENTIFIER_FORM}')`;
const UUID_LENGTH = 36;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

export function labelErrors(name: string, field: string): FieldError[] {
  return invalidFor(field, name, dnsLabelProblems(name));
}

export function requiredLabelErrors(name: string, field: string): FieldError[] {
  return name === "" ? [required(field)] : labelErrors(name, field);
}

export function classNameErrors(name: string, field: string): FieldError[] {
  return name === "" ? [required(field)] : invalidFor(field, name, dnsSubdomainProblems(name));
}

export function poolNameErrors(name: string, field: string): FieldError[] {
  if (name === "") return [required(field)];
  return [
    ...(name.length > DNS_SUBDOMAIN_MAX ? [tooLong(field, DNS_SUBDOMAIN_MAX)] : []),
    ...name.split("/").flatMap((part) => invalidFor(field, part, dnsSubdomainProblems(part))),
  ];
}

function identifierErrors(name: string, field: string): FieldError[] {
  return [
    ...(name.length > IDENTIFIER_MAX ? [tooLong(field, IDENTIFIER_MAX)] : []),
    ...(IDENTIFIER.test(name) ? [] : [invalidValue(field, name, IDENTIFIER_RULE)]),
  ];
}

/** `model` or `gpu.example.com/model`. */
export function qualifiedErrors(name: string, field: string): FieldError[] {
  const [domain = "", identifier, more] = name.split("/");
  if (more !== undefined) return [];
  if (identifier === undefined) return identifierErrors(name, field);
  return [
    ...(domain === "" ? [invalidValue(field, "", "the domain must not be empty")] : driverNameErrors(domain, field)),
    ...(identifier === ""
      ? [invalidValue(field, "", "the name must not be empty")]
      : identifierErrors(identifier, field)),
  ];
}

export function fullyQualifiedErrors(name: string, field: string): FieldError[] {
  const errors = qualifiedErrors(name, field);
  if (name.includes("/")) return errors;
  const detail = "a fully qualified name must be a domain and a name separated by a slash";
  return [...errors, invalidValue(field, name, detail)];
}

export function uidErrors(uid: string, field: string): FieldError[] {
  if (uid.length !== UUID_LENGTH)
    return [invalidValue(field, uid, `error validating uid: invalid UUID length: ${uid.length}`)];
  if (!UUID.test(uid)) return [invalidValue(field, uid, "error validating uid: invalid UUID format")];
  if (uid === uid.toLowerCase()) return [];
  const detail =
    "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters";
  return [invalidValue(field, uid, detail)];
}
