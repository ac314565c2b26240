/**
 * Bodies of writes: JSON, YAML or protobuf in, an object of the expected kind out. Upstream: `apimachinery/pkg/runtime/
 * serializer` with the error texts of `apiserver/pkg/endpoints/handlers/rest.go`.
 */
import { badRequest, StatusError } from "../../shared/errors/status-error.ts";
import { inOrderOfText, JsonSyntaxError, parseJson } from "../../shared/machinery/lossless-json.ts";
import { apiVersionOf } from "../../shared/resources/resource.ts";
import { definitionNameOf, type GroupVersionKind, parseApiVersion } from "./definitions.ts";
import { duplicateField, type FieldValidation, STRICT_PREFIX, unknownField } from "./field-validation.ts";
import { TypeMismatch } from "./leaf.ts";
import { decodeProtobuf } from "./protobuf.ts";
import { readAsDefinition } from "./structural.ts";
import { parseYaml, YamlSyntaxError } from "./yaml.ts";

export type { FieldValidation } from "./field-validation.ts";

export interface DecodeRequest {
  readonly bytes: Uint8Array;
  /** Header of the request; JSON when it is empty or says only what any client says. */
  readonly contentType: string | undefined;
  /** Kind of the endpoint; a body that names none is of this kind. */
  readonly expected?: GroupVersionKind;
  readonly fieldValidation: FieldValidation;
}

export interface DecodedBody {
  readonly object: unknown;
  /** Texts for `Warning` headers. */
  readonly warnings: string[];
  readonly gvk: GroupVersionKind;
}

interface Parsed {
  readonly value: unknown;
  /** Complaints about keys that were given twice, and about these fields that the kind has not. */
  problems(unknownFields: readonly string[]): string[];
}

export const MEDIA_TYPES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"] as const;
const SCHEME = "pkg/api/legacyscheme/scheme.go:30";
const SUMMARY_BYTES = 30;

/** Throws `StatusError`: 400 for a body that does not fit, 415 for a content type that is not served. */
export function decodeBody(request: DecodeRequest): DecodedBody {
  const parsed = parse(request);
  const gvk = kindOf(parsed.value, request);
  const definition = definitionNameOf(gvk);
  const expected = request.expected ?? gvk;
  if (definition === undefined) throw cannotHandle(gvk, expected, notRegistered(gvk));
  checkExpected(gvk, definition, expected);
  return read(parsed, definition, gvk, expected, request.fieldValidation);
}

function parse(request: DecodeRequest): Parsed {
  const mediaType = (request.contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  try {
    switch (mediaType) {
      case "":
      case "application/json": {
        const { value, duplicateFields } = parseJson(request.bytes);
        return { value, problems: (unknownFields) => jsonProblems(request.bytes, duplicateFields, unknownFields) };
      }
      case "application/yaml": {
        const { value, duplicateKeys } = parseYaml(new TextDecoder().decode(request.bytes));
        const duplicates =
          duplicateKeys.length === 0 ? [] : [`yaml: unmarshal errors:\n  ${duplicateKeys.join("\n  ")}`];
        return { value, problems: (unknownFields) => [...duplicates, ...unknownFields.map(unknownField)] };
      }
      case "application/vnd.kubernetes.protobuf":
        return {
          value: decodeProtobuf(request.bytes, request.expected),
          problems: (unknownFields) => unknownFields.map(unknownField),
        };
      default:
        throw unsupportedMediaType(MEDIA_TYPES);
    }
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw unrecognized(request, `couldn't get version/kind; json parse error: ${error.message}`);
    if (error instanceof YamlSyntaxError)
      throw unrecognized(request, `error converting YAML to JSON: ${error.message}`);
    if (error instanceof StatusError) throw error;
    throw unrecognized(request, error instanceof Error ? error.message : String(error));
  }
}

/** In the order in which a reader meets them, as upstream. */
function jsonProblems(bytes: Uint8Array, duplicates: readonly string[], unknown: readonly string[]): string[] {
  const told = (paths: readonly string[], tell: (path: string) => string): Map<string, string> =>
    new Map(paths.map((path) => [path, tell(path)]));
  const [once, twice] = [told(unknown, unknownField), told(duplicates, duplicateField)];
  if (once.size === 0 || twice.size === 0) return [...once.values(), ...twice.values()];
  return inOrderOfText(bytes, once, twice);
}

/** 415 that lists what is accepted. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
}

function kindOf(value: unknown, request: DecodeRequest): GroupVersionKind {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (value === null && request.expected !== undefined) return request.expected;
    throw unrecognized(request, "couldn't get version/kind; json parse error: json: cannot unmarshal into an object");
  }
  const apiVersion = textField(value, "apiVersion", request);
  const kind = textField(value, "kind", request);
  const groupVersion = parseApiVersion(apiVersion);
  if (groupVersion === undefined) throw unrecognized(request, `unexpected GroupVersion string: ${apiVersion}`);
  const { expected } = request;
  const gvk = {
    group: apiVersion === "" ? (expected?.group ?? "") : groupVersion.group,
    version: apiVersion === "" ? (expected?.version ?? "") : groupVersion.version,
    kind: kind === "" ? (expected?.kind ?? "") : kind,
  };
  if (gvk.kind === "") throw unrecognized(request, `Object 'Kind' is missing in '${summaryText(request.bytes)}'`);
  if (gvk.version === "")
    throw unrecognized(request, `Object 'apiVersion' is missing in '${summaryText(request.bytes)}'`);
  return gvk;
}

function textField(value: object, field: "apiVersion" | "kind", request: DecodeRequest): string {
  const text = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
  if (text === undefined || text === null) return "";
  if (typeof text === "string") return text;
  throw unrecognized(
    request,
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${typeof text} into Go struct field .${field} of type string`,
  );
}

function checkExpected(gvk: GroupVersionKind, definition: string, expected: GroupVersionKind): void {
  const wanted = definitionNameOf(expected);
  if (wanted === definition) return;
  if (gvk.kind === expected.kind) {
    throw badRequest(
      `the API version in the data (${apiVersionOf(gvk)}) does not match the expected API version (${apiVersionOf(expected)})`,
    );
  }
  throw cannotHandle(
    gvk,
    expected,
    `converting (${goName(definition)}) to (${goName(wanted ?? expected.kind)}): unknown conversion`,
  );
}

function read(
  parsed: Parsed,
  definition: string,
  gvk: GroupVersionKind,
  expected: GroupVersionKind,
  fieldValidation: FieldValidation,
): DecodedBody {
  try {
    const { object, unknownFields } = readAsDefinition(definition, parsed.value ?? {});
    const problems = parsed.problems(unknownFields);
    if (fieldValidation === "Strict" && problems.length > 0)
      throw cannotHandle(gvk, expected, STRICT_PREFIX + problems.join(", "));
    const typed = { kind: gvk.kind, apiVersion: apiVersionOf(gvk), ...(object as object) };
    return { object: typed, gvk, warnings: fieldValidation === "Warn" ? problems : [] };
  } catch (error) {
    if (error instanceof TypeMismatch) throw cannotHandle(gvk, expected, error.message);
    throw error;
  }
}

function cannotHandle(gvk: GroupVersionKind, expected: GroupVersionKind, why: string): StatusError {
  return badRequest(
    `${gvk.kind} in version ${JSON.stringify(gvk.version)} cannot be handled as a ${expected.kind}: ${why}`,
  );
}

function notRegistered(gvk: GroupVersionKind): string {
  return `no kind ${JSON.stringify(gvk.kind)} is registered for version ${JSON.stringify(apiVersionOf(gvk))} in scheme ${JSON.stringify(SCHEME)}`;
}

function unrecognized(request: DecodeRequest, why: string): StatusError {
  const kind = request.expected?.kind ?? "Object";
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(request.bytes)})`,
  );
}

/** The head of the body: as text when it looks like JSON, else in hexadecimal. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<empty>";
  if (bytes[0] === 0x7b) return summaryText(bytes);
  const head = Array.from(bytes.subarray(0, SUMMARY_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > SUMMARY_BYTES ? `${head} ...` : head;
}

function summaryText(bytes: Uint8Array): string {
  const head = new TextDecoder().decode(bytes.subarray(0, SUMMARY_BYTES));
  return bytes.length > SUMMARY_BYTES ? `${head} ...` : head;
}

function goName(definition: string): string {
  return definition.split(".").slice(-2).join(".");
}
