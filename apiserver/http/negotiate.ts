/**
 * Which form an answer takes, from the Accept header (apiserver `pkg/endpoints/handlers/negotiation`). Answers are
 * JSON or YAML; a protobuf clause is skipped, because every client that sends it lists JSON too or takes anything.
 */
import { StatusError } from "../../shared/errors/status-error.ts";

/** Kinds of meta.k8s.io that objects can be turned into. */
export type Representation = "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";

export interface Negotiated {
  readonly format: "json" | "yaml";
  /** `undefined`: the object itself. */
  readonly as: Representation | undefined;
  /** Version of meta.k8s.io when `as` is set. */
  readonly version: "v1" | "v1beta1";
}

const ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const PLAIN: Negotiated = { format: "json", as: undefined, version: "v1" };
const YAML: Negotiated = { format: "yaml", as: undefined, version: "v1" };
/** Clients send a handful of Accept headers for ever; an attacker's variety must not grow memory. */
const CACHE_ENTRIES_MAX = 512;
const cache = new Map<string, readonly Negotiated[]>();

interface Clause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

function parseClause(text: string): Clause {
  const [type = "", ...rest] = text.split(";");
  const parameters: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const part of rest) {
    const at = part.indexOf("=");
    if (at > 0) parameters[part.slice(0, at).trim().toLowerCase()] = part.slice(at + 1).trim();
  }
  const quality = Number(parameters["q"] ?? "1");
  return { type: type.trim().toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
}

function formOf(clause: Clause): Negotiated | undefined {
  const format = formatOf(clause.type);
  if (format === undefined) return undefined;
  const as = clause.parameters["as"];
  if (as === undefined) return format === "json" ? PLAIN : YAML;
  const version = clause.parameters["v"];
  if (clause.parameters["g"] !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (as !== "Table" && as !== "PartialObjectMetadata" && as !== "PartialObjectMetadataList") return undefined;
  return { format, as, version };
}

function formatOf(type: string): "json" | "yaml" | undefined {
  if (type === "application/json" || type === "*/*" || type === "application/*") return "json";
  return type === "application/yaml" ? "yaml" : undefined;
}

/** Every form that the header allows and we know, best first. Empty: nothing fits. */
function formsOf(accept: string): readonly Negotiated[] {
  const known = cache.get(accept);
  if (known !== undefined) return known;
  const clauses = accept
    .split(",")
    .map(parseClause)
    .filter((clause) => clause.quality > 0);
  const forms = clauses
    .toSorted((a, b) => b.quality - a.quality)
    .map(formOf)
    .filter((form) => form !== undefined);
  if (cache.size >= CACHE_ENTRIES_MAX) cache.clear();
  cache.set(accept, forms);
  return forms;
}

/** The error of an Accept header that nothing fits. */
export function notAcceptable(): StatusError {
  return new StatusError("NotAcceptable", `only the following media types are accepted: ${ACCEPTED}`);
}

/** The error of a body that is in no known format. */
export function unsupportedMediaType(accepted: string = ACCEPTED): StatusError {
  return new StatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

/** Best form of the answer among the object itself and `representations`; throws 406 when there is none. */
export function negotiate(accept: string | undefined, representations: readonly Representation[] = []): Negotiated {
  if (accept === undefined || accept === "") return PLAIN;
  for (const form of formsOf(accept)) {
    if (form.as === undefined || representations.includes(form.as)) return form;
  }
  throw notAcceptable();
}

/** For errors: the same, but never fails. */
export function negotiateFormat(accept: string | undefined): "json" | "yaml" {
  return (accept === undefined ? undefined : formsOf(accept)[0]?.format) ?? "json";
}
