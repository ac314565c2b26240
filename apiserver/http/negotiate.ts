/**
 * Which form an answer takes, from the Accept header (apiserver `pkg/endpoints/handlers/negotiation`). Answers are
 * JSON or YAML; a protobuf clause is skipped, because every client that sends it lists JSON too or takes anything.
 */
import { StatusError } from "../../shared/errors/status-error.ts";
import { type AcceptClause, acceptClauses } from "./accept.ts";

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
function formOf(clause: AcceptClause): Negotiated | undefined {
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
  for (const clause of acceptClauses(accept)) {
    const form = formOf(clause);
    if (form !== undefined && (form.as === undefined || representations.includes(form.as))) return form;
  }
  throw notAcceptable();
}

/** For errors: the same, but never fails. */
export function negotiateFormat(accept: string | undefined): "json" | "yaml" {
  if (accept === undefined || accept === "") return "json";
  for (const clause of acceptClauses(accept)) {
    const format = formatOf(clause.type);
    if (format !== undefined) return format;
  }
  return "json";
}
