/**
 * The kinds of patches, by content type, and how each is applied (upstream: `endpoints/handlers/patch.go`).
 *
 * Server-side apply is a strategic merge of the applied configuration so far: it creates what is missing and sets
 * what it names, but fields that a manager no longer names stay, and nobody is told about conflicts.
 */
import { badRequest, type FieldError, invalid, StatusError } from "../../../shared/errors/status-error.ts";
import { applyJsonPatch, JsonPatchError, parseJsonPatch } from "../../../shared/machinery/json-patch.ts";
import { JsonSyntaxError, parseJson, stringifyJson } from "../../../shared/machinery/lossless-json.ts";
import { applyMergePatch } from "../../../shared/machinery/merge-patch.ts";
import { readBody } from "../../http/body.ts";
import { unsupportedMediaType } from "../../http/negotiate.ts";
import type { RequestContext } from "../../http/request-context.ts";
import { decodeBody } from "../../schema/decode.ts";
import { strategicMergePatch } from "../../schema/strategic-merge.ts";
import { parseYaml, YamlSyntaxError } from "../../schema/yaml.ts";
import { required } from "../../validation/field-errors.ts";
import type { ExpectedKind } from "../decode-request.ts";
import type { WriteOptions } from "../write-options.ts";

/** A patch that was read, for one kind. */
export interface Patch {
  /** Whether it is a server-side apply, which may create. */
  readonly isApply: boolean;
  /** The patched object; throws 400, 413 or 422 when it does not fit. */
  apply<T>(current: unknown): T;
}

const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";
const ACCEPTED = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH];
/** An object in an error message is cut to this. */
const SHOWN_LENGTH_MAX = 1024;

type Apply = (current: unknown) => unknown;

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
  const apply = read(type, bytes, expected);
  return {
    isApply: type === APPLY_PATCH,
    apply: <T>(current: unknown) => finish<T>(context, expected, options, applied(apply, current)),
  };
}

function applied(apply: Apply, current: unknown): unknown {
  try {
    return apply(current);
  } catch (error) {
    throw asStatus(error);
  }
}

function checkOptions(type: string, { request, force }: WriteOptions): void {
  const errors: FieldError[] = [];
  if (type === APPLY_PATCH && (request.fieldManager ?? "") === "") {
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

function read(type: string, bytes: Buffer, expected: ExpectedKind): Apply {
  try {
    switch (type) {
      case JSON_PATCH: {
        const operations = parseJsonPatch(parseJson(bytes).value);
        return (current) => applyJsonPatch(current, operations);
      }
      case MERGE_PATCH: {
        const patch = fieldsOf(parseJson(bytes).value);
        return (current) => applyMergePatch(current, patch);
      }
      case STRATEGIC_PATCH: {
        const patch = fieldsOf(parseJson(bytes).value);
        return (current) => strategicMergePatch(expected, current, patch);
      }
      default:
        return readApply(bytes, expected);
    }
  } catch (error) {
    throw asStatus(error);
  }
}

function readApply(bytes: Buffer, expected: ExpectedKind): Apply {
  const applied = fieldsOf(parseYaml(bytes.toString("utf8")).value);
  const metadata = (applied as { metadata?: { managedFields?: unknown } | null }).metadata;
  if (metadata?.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const { kind } = applied as { kind?: unknown };
  if (kind !== expected.kind) {
    throw badRequest(`invalid object type: the applied configuration is of kind ${JSON.stringify(kind ?? "")}`);
  }
  return (current) => strategicMergePatch(expected, current, applied);
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
  options: WriteOptions,
  patched: unknown,
): T {
  const text = stringifyJson(patched);
  const { fieldValidation } = options;
  try {
    const expected = { group, version, kind };
    const decoded = decodeBody({
      bytes: Buffer.from(text),
      contentType: "application/json",
      expected,
      fieldValidation,
    });
    context.warnings.push(...decoded.warnings);
    return decoded.object as T;
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== "BadRequest") throw error;
    const shown = text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
    const detail = `Invalid value: ${JSON.stringify(shown)}: ${error.message}`;
    throw invalid({ group: "", kind: "" }, "", [{ reason: "FieldValueInvalid", field: "patch", detail }]);
  }
}
