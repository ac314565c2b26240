/** How webhooks are reached (`apiserver/pkg/util/webhook/validation.go`); shared by all that are configured as objects. */
import type { FieldError } from "../../shared/errors/status-error.ts";
import { invalidFor, invalidValue, required } from "./field-errors.ts";
import { dns1035LabelProblems, dnsSubdomainProblems, portNumberProblems } from "./names.ts";

const FORM = "; desired format: https://host[/path]";
/** Scheme, user, host, path, query, fragment. */
const ADDRESS = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/(?:([^/?#@]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/iu;

export function webhookUrlErrors(url: string, field: string): FieldError[] {
  const [, scheme = "", user, host = "", , query = "", fragment = ""] = ADDRESS.exec(url) ?? [];
  return [
    ...(scheme.toLowerCase() === "https"
      ? []
      : [invalidValue(field, scheme, `'https' is the only allowed URL scheme${FORM}`)]),
    ...(host === "" ? [invalidValue(field, host, `host must be specified${FORM}`)] : []),
    ...(user === undefined ? [] : [invalidValue(field, user, "user information is not permitted in the URL")]),
    ...(fragment === "" ? [] : [invalidValue(field, fragment, "fragments are not permitted in the URL")]),
    ...(query === "" ? [] : [invalidValue(field, query, "query parameters are not permitted in the URL")]),
  ];
}

export interface WebhookService {
  readonly namespace: string;
  readonly name: string;
  readonly path?: string | undefined;
  readonly port?: number | undefined;
}

export function webhookServiceErrors(
  { namespace, name, path = "", port = 0 }: WebhookService,
  field: string,
): FieldError[] {
  const portProblems = portNumberProblems(port);
  return [
    ...(name === "" ? [required(`${field}.name`)] : []),
    ...(namespace === "" ? [required(`${field}.namespace`)] : []),
    ...(portProblems.length === 0
      ? []
      : [invalidValue(`${field}.port`, port, `port is not valid: ${portProblems.join(", ")}`)]),
    ...pathErrors(path, `${field}.path`),
  ];
}

function pathErrors(path: string, field: string): FieldError[] {
  const wrong = (detail: string): FieldError => invalidValue(field, path, detail);
  if (path === "" || path === "/") return [];
  if (path === "//") return [wrong("segment[0] may not be empty")];
  const segments = path.slice(1).replace(/\/$/u, "").split("/");
  return [
    ...(path.startsWith("/") ? [] : [wrong("must start with a '/'")]),
    ...segments.flatMap((segment, index) =>
      segment === ""
        ? [wrong(`segment[${index}] may not be empty`)]
        : dnsSubdomainProblems(segment).map((problem) => wrong(`segment[${index}]: ${problem}`)),
    ),
  ];
}

/** Versions of the reviews that a webhook understands: one of them must be `known`, unless none need be. */
export function reviewVersionErrors(
  versions: readonly string[],
  field: string,
  known: readonly string[] | undefined,
): FieldError[] {
  const errors = versions.flatMap((version, index) =>
    versions.indexOf(version) < index
      ? [invalidValue(`${field}[${index}]`, version, "duplicate version")]
      : invalidFor(`${field}[${index}]`, version, dns1035LabelProblems(version)),
  );
  if (known === undefined || versions.some((version) => known.includes(version))) return errors;
  return [...errors, invalidValue(field, versions, `must include at least one of ${known.join(", ")}`)];
}
