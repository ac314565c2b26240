/**
 * Which form an answer takes, from the Accept header (apiserver `pkg/endpoints/handlers/negotiation`): the first
 * clause that can be served wins.
 */
import { StatusError } from "../../shared/errors/status-error.ts";
import { type AcceptClause, acceptClauses } from "./accept.ts";

/** Kinds of meta.k8s.io that objects can be turned into. */
export type Representation = "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
export type Format = "json" | "yaml" | "protobuf";

export interface Negotiated {
  readonly format: Format;
  /** `undefined`: the object itself. */
  readonly as: Representation | undefined;
  /** Version of meta.k8s.io when `as` is set. */
  readonly version: "v1" | "v1beta1";
}

export const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";
const TYPES = ["application/json", "application/yaml", PROTOBUF_TYPE] as const;
const STREAM_TYPES = [`application/json;stream=watch`, `${PROTOBUF_TYPE};stream=watch`] as const;
const FORMATS: readonly Format[] = ["json", "yaml", "protobuf"];
const PLAIN: Readonly<Record<Format, Negotiated>> = {
  json: { format: "json", as: undefined, version: "v1" },
  yaml: { format: "yaml", as: undefined, version: "v1" },
  protobuf: { format: "protobuf", as: undefined, version: "v1" },
};

/** Every format that the media type of a clause stands for, the preferred one first. */
function formatsOf(type: string): readonly Format[] {
  switch (type) {
    case "application/json":
      return ["json"];
    case "application/yaml":
      return ["yaml"];
    case PROTOBUF_TYPE:
      return ["protobuf"];
    case "*/*":
    case "application/*":
      return FORMATS;
    default:
      return [];
  }
}

/** What an endpoint can answer; everything when left out. */
export interface Abilities {
  readonly hasProtobuf?: boolean;
  readonly hasTables?: boolean;
}

function formOf({ parameters }: AcceptClause, format: Format, abilities: Abilities): Negotiated | undefined {
  if (format === "protobuf" && abilities.hasProtobuf === false) return undefined;
  const { as, g, v: version, stream, sv } = parameters;
  if (stream !== undefined && stream !== "" && (stream !== "watch" || format === "yaml")) return undefined;
  if (sv !== undefined && sv !== "" && sv !== "v1") return undefined;
  if (as === undefined && g === undefined && version === undefined) return PLAIN[format];
  if (g !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (as === "Table")
    return format === "protobuf" || abilities.hasTables === false ? undefined : { format, as, version };
  if (as !== "PartialObjectMetadata" && as !== "PartialObjectMetadataList") return undefined;
  return { format, as, version };
}

/** The error of an Accept header that nothing fits. */
export function notAcceptable(types: readonly string[] = TYPES): StatusError {
  return new StatusError("NotAcceptable", `only the following media types are accepted: ${types.join(", ")}`);
}

/** The error of a body that is in no known format. */
export function unsupportedMediaType(accepted: string): StatusError {
  return new StatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}

/** Best form of the answer; throws 406 when there is none. */
export function negotiate(accept: string | undefined, abilities: Abilities = {}): Negotiated {
  if (accept === undefined || accept === "") return PLAIN.json;
  for (const clause of acceptClauses(accept)) {
    for (const format of formatsOf(clause.type)) {
      const form = formOf(clause, format, abilities);
      if (form !== undefined) return form;
    }
  }
  throw notAcceptable(abilities.hasProtobuf === false ? TYPES.slice(0, -1) : TYPES);
}

/** The same for a watch: YAML has no end that a client could see. */
export function negotiateStream(accept: string | undefined, abilities: Abilities = {}): Negotiated {
  const form = negotiate(accept, abilities);
  if (form.format !== "yaml") return form;
  throw notAcceptable(abilities.hasProtobuf === false ? STREAM_TYPES.slice(0, -1) : STREAM_TYPES);
}

/** For answers that must be given in any case: the same, but never fails. */
export function negotiateAnswer(accept: string | undefined): Negotiated {
  try {
    return negotiate(accept);
  } catch (error) {
    if (error instanceof StatusError) return PLAIN.json;
    throw error;
  }
}
