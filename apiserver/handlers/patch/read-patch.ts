/**
 * The kinds of patches, by content type, and how each is applied (upstream: `endpoints/handlers/patch.go`).
 * Configurations to apply are read here too; `apply-patch.ts` applies them.
 */
import { badRequest, type FieldError, invalid, StatusError } from "../../../shared/errors/status-error.ts";
import { applyJsonPatch, JsonPatchError, parseJsonPatch } from "../../../shared/machinery/json-patch.ts";
import { JsonSyntaxError, parseJson, stringifyJson } from "../../../shared/machinery/lossless-json.ts";
import { applyMergePatch } from "../../../shared/machinery/merge-patch.ts";
import { readBody } from "../../http/body.ts";
import { unsupportedMediaType } from "../../http/negotiate.ts";
import type { RequestContext } from "../../http/request-context.ts";
import { type DecodedBody, decodeBody } from "../../schema/decode.ts";
import { duplicateField, STRICT_PREFIX, unknownField } from "../../schema/field-validation.ts";
import { strategicMergePatch } from "../../schema/strategic-merge.ts";
import { parseYaml, YamlSyntaxError } from "../../schema/yaml.ts";
import { required } from "../../validation/field-errors.ts";
import type { ExpectedKind } from "../decode-request.ts";
import type { WriteOptions } from "../write-options.ts";
import { goText } from "./go-text.ts";

/** A patch that was read, for one kind. */
export interface Patch {
  /** What to apply, when it is a server-side apply. */
  readonly config: object | undefined;
  /** The patched object, of any other patch; throws 400, 413 or 422 when it does not fit. */
  apply<T>(current: unknown): T;
  /** Reads what became of the object; throws 422 when it is none of its kind any more. */
  read<T>(patched: unknown): T;
}

const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";
const ACCEPTED = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH];
/** What decoding a whole body says first; a patch is not told the kind that it is for. */
const KIND_PREFIX = /^\S* in version "[^"]*" cannot be handled as a \S*: /u;
/** Fields of an operation of a JSON Patch; others are not known. */
const OPERATION_FIELDS = new Set(["op", "path", "from", "value"]);

/** A patch that was parsed. */
interface ReadPatch {
  readonly apply: (current: unknown) => unknown;
  readonly config?: object;
  /** What the patch's own text has too much: for `fieldValidation`. */
  readonly problems: readonly string[];
  /** What an error about the outcome shows: the patch itself, when it is not the patched object. */
  readonly shown?: unknown;
}

/** Reads the body by its content type; 400 for what is no patch, 415 for a type that is not known. */
export async function readPatch(
  context: RequestContext,
  expected: ExpectedKind,
  options: WriteOptions,
): Promise<Patch> {
  const type = (context.request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (!ACCEPTED.includes(type)) throw unsupportedMediaType(ACCEPTED.join(", "));
  checkOptions(type, options);
  const bytes = await readBody(context.request);
  const patch = parse(type, bytes, expected);
  if (patch.config !== undefined && options.fieldValidation === "Strict" && patch.problems.length > 0) {
    throw badRequest(`error strict decoding YAML: ${patch.problems.join(", ")}`);
  }
  const read = <T>(patched: unknown): T => finish<T>(context, expected, options, patch, patched);
  return { config: patch.config, read, apply: <T>(current: unknown) => read<T>(patched(patch, current)) };
}

function patched(patch: ReadPatch, current: unknown): unknown {
  try {
    return patch.apply(current);
  } catch (error) {
    throw asStatus(error);
  }
}

function checkOptions(type: string, { givenManager, force }: WriteOptions): void {
  const errors: FieldError[] = [];
  if (type === APPLY_PATCH && givenManager === "") {
    errors.push(required("fieldManager", "is required for apply patch"));
  }
  if (type !== APPLY_PATCH && force) {
    errors.push({
      reason: "FieldValueForbidden",
      field: "force",
      detail: "Forbidden: may not be specified for non-apply patch",
    });
  }
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", errors);
}

function parse(type: string, bytes: Buffer, expected: ExpectedKind): ReadPatch {
  try {
    if (type === APPLY_PATCH) return readApply(bytes, expected);
    const { value, duplicateFields } = parseJson(bytes);
    const problems = duplicateFields.map(duplicateField);
    if (type === JSON_PATCH) {
      const operations = parseJsonPatch(value);
      return {
        apply: (current) => applyJsonPatch(current, operations),
        problems: [...problems, ...unknownOperationFields(operations)].map((problem) => `json patch ${problem}`),
      };
    }
    const patch = fieldsOf(value);
    return type === MERGE_PATCH
      ? { apply: (current) => applyMergePatch(current, patch), problems }
      : { apply: (current) => strategicMergePatch(expected, current, patch), problems, shown: patch };
  } catch (error) {
    throw asStatus(error);
  }
}

function unknownOperationFields(operations: readonly object[]): string[] {
  return operations.flatMap((operation, index) =>
    Object.keys(operation)
      .filter((field) => !OPERATION_FIELDS.has(field))
      .map((field) => unknownField(`[${index}].${field}`)),
  );
}

function readApply(bytes: Buffer, expected: ExpectedKind): ReadPatch {
  const { value, duplicateKeys } = parseYaml(bytes.toString("utf8"));
  const applied = fieldsOf(value);
  const metadata = (applied as { metadata?: { managedFields?: unknown } | null }).metadata;
  if (metadata?.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const { kind } = applied as { kind?: unknown };
  if (kind !== expected.kind) {
    throw badRequest(`invalid object type: the applied configuration is of kind ${JSON.stringify(kind ?? "")}`);
  }
  const problems =
    duplicateKeys.length === 0
      ? []
      : [`error converting YAML to JSON: yaml: unmarshal errors:\n  ${duplicateKeys.join("\n  ")}`];
  return { config: applied, apply: () => applied, problems };
}

function fieldsOf(value: unknown): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw badRequest("error decoding patch: the patch must be an object");
}

/** The status error of anything that goes wrong with a patch. */
function asStatus(error: unknown): unknown {
  if (error instanceof JsonSyntaxError) return badRequest(`error decoding patch: ${error.message}`);
  if (error instanceof YamlSyntaxError) return badRequest(`error decoding YAML: ${error.message}`);
  if (!(error instanceof JsonPatchError)) return error;
  switch (error.kind) {
    case "malformed":
      return badRequest(`error decoding patch: ${error.message}`);
    case "tooMany":
      return new StatusError("RequestEntityTooLarge", `Request entity too large: ${error.message}`);
    case "failed":
      return new StatusError("Invalid", "the server rejected our request due to an error in our request", {
        details: { causes: [{ reason: "UnexpectedServerResponse", message: error.message }] },
      });
  }
}

/** Reads the patched document as an object of its kind: 422 when it is none any more. */
function finish<T>(
  context: RequestContext,
  { group, version, kind }: ExpectedKind,
  { fieldValidation }: WriteOptions,
  patch: ReadPatch,
  patched: unknown,
): T {
  const text = stringifyJson(patched);
  const shown = patch.shown === undefined ? text : goText(patch.shown);
  const bytes = Buffer.from(text);
  const expected = { group, version, kind };
  // Unknown fields are told together with what the patch's own text has too much.
  const mode = fieldValidation === "Strict" ? "Warn" : fieldValidation;
  let decoded: DecodedBody;
  try {
    decoded = decodeBody({ bytes, contentType: "application/json", expected, fieldValidation: mode });
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== "BadRequest") throw error;
    throw unfit(shown, error.message.replace(KIND_PREFIX, ""));
  }
  if (mode === "Ignore") return decoded.object as T;
  const problems = [...patch.problems, ...decoded.warnings];
  if (fieldValidation === "Strict" && problems.length > 0) throw unfit(shown, STRICT_PREFIX + problems.join(", "));
  context.warnings.push(...problems);
  return decoded.object as T;
}

/** 422 as upstream words it: of no kind and no name, with the whole object. */
function unfit(shown: string, why: string): StatusError {
  const detail = `Invalid value: ${JSON.stringify(shown)}: ${why}`;
  return invalid({ group: "", kind: "" }, "", [{ reason: "FieldValueInvalid", field: "patch", detail }]);
}
