import { invalid, type FieldError } from "../../shared/errors/status-error.ts";
import type { RequestContext } from "../http/request-context.ts";
import type { WriteRequest } from "../registry/registry.ts";
import type { FieldValidation } from "../schema/field-validation.ts";

/** Group of the option kinds in error messages. */
const META_GROUP = "meta.k8s.io";
const FIELD_MANAGER_LENGTH_MAX = 128;

export interface WriteOptions {
  readonly request: WriteRequest;
  /** As the query has it: server-side apply wants it to be said. */
  readonly givenManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean;
}

function dryRunErrors(values: readonly string[]): FieldError[] {
  return values
    .filter((value) => value !== "All")
    .map((value) => ({
      reason: "FieldValueNotSupported",
      field: "dryRun",
      detail: `Unsupported value: ${JSON.stringify(value)}: supported values: "All"`,
    }));
}

function fieldValidationErrors(value: string): FieldError[] {
  if (["", "Ignore", "Warn", "Strict"].includes(value)) return [];
  const detail = `Unsupported value: ${JSON.stringify(value)}: supported values: "", "Ignore", "Strict", "Warn"`;
  return [{ reason: "FieldValueNotSupported", field: "fieldValidation", detail }];
}

function fieldManagerErrors(value: string): FieldError[] {
  if (value.length > FIELD_MANAGER_LENGTH_MAX) {
    const detail = `Too long: may not be more than ${FIELD_MANAGER_LENGTH_MAX} bytes`;
    return [{ reason: "FieldValueTooLong", field: "fieldManager", detail }];
  }
  if (!/[^\P{Cc}]/u.test(value)) return [];
  return [
    {
      reason: "FieldValueInvalid",
      field: "fieldManager",
      detail: `Invalid value: ${JSON.stringify(value)}: should not contain control characters`,
    },
  ];
}

/** The program's name of a `User-Agent` (upstream: `managerOrUserAgent` of `endpoints/handlers/create.go`). */
function managerOf(userAgent: string): string {
  const [program = ""] = userAgent.split("/");
  let name = "";
  for (const character of program.replaceAll(/[^\P{C}]/gu, "")) {
    if (Buffer.byteLength(name + character) > FIELD_MANAGER_LENGTH_MAX) break;
    name += character;
  }
  return name;
}

/** Options of a write from the query; 422 when one is not known. `kind` is `CreateOptions` and the like. */
export function readWriteOptions(context: RequestContext, kind: string): WriteOptions {
  const { query } = context;
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  const fieldValidation = query.get("fieldValidation") ?? "";
  const fieldManager = query.get("fieldManager") ?? "";
  const errors = [
    ...dryRunErrors(dryRun),
    ...fieldValidationErrors(fieldValidation),
    ...fieldManagerErrors(fieldManager),
  ];
  if (errors.length > 0) throw invalid({ group: META_GROUP, kind }, "", errors);
  return {
    request: {
      user: context.user,
      isDryRun: dryRun.length > 0,
      fieldManager: fieldManager === "" ? managerOf(context.request.headers["user-agent"] ?? "") : fieldManager,
      subresource: context.info.subresource,
      warn: (text) => context.warnings.push(text),
    },
    givenManager: fieldManager,
    fieldValidation: fieldValidation === "" ? "Warn" : (fieldValidation as FieldValidation),
    force: query.get("force") === "true",
  };
}
