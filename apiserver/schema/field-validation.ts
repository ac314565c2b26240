/** `fieldValidation`: what to do about fields that a kind does not have, and fields that are given twice. */
import { badRequest, invalid } from "../../shared/errors/status-error.ts";
import { stringifyJson } from "../../shared/machinery/lossless-json.ts";
import type { GroupVersionKind } from "./definitions.ts";
import { TypeMismatch } from "./leaf.ts";
import { readAs } from "./structural.ts";

export type FieldValidation = "Ignore" | "Warn" | "Strict";

/** What stands in front of the list of problems; clients look for it. */
export const STRICT_PREFIX = "strict decoding error: ";

export const unknownField = (path: string): string => `unknown field ${JSON.stringify(path)}`;
export const duplicateField = (path: string): string => `duplicate field ${JSON.stringify(path)}`;

/** `fieldValidation` of a query; throws 400 for anything but the three, `Warn` when left out. */
export function parseFieldValidation(text: string | null | undefined): FieldValidation {
  if (text === null || text === undefined || text === "") return "Warn";
  if (text === "Ignore" || text === "Warn" || text === "Strict") return text;
  throw invalid({ group: "meta.k8s.io", kind: "CreateOptions" }, "", [
    {
      reason: "FieldValueNotSupported",
      field: "fieldValidation",
      detail: `Unsupported value: ${JSON.stringify(text)}: supported values: "", "Ignore", "Strict", "Warn"`,
    },
  ]);
}

export interface ReadResult {
  readonly object: unknown;
  readonly warnings: string[];
}

/**
 * Reads what a patch made as the kind. Throws 422 in upstream's form when it does not fit; `duplicateFields` are those of
 * the patch itself.
 */
export function readPatched(
  gvk: GroupVersionKind,
  patched: unknown,
  fieldValidation: FieldValidation,
  duplicateFields: readonly string[] = [],
): ReadResult {
  const refuse = (why: string): Error =>
    invalid({ group: "", kind: "" }, "", [
      {
        reason: "FieldValueInvalid",
        field: "patch",
        detail: `Invalid value: ${JSON.stringify(stringifyJson(patched))}: ${why}`,
      },
    ]);
  try {
    const result = readAs(gvk, patched);
    if (result === undefined) throw badRequest(`no kind ${JSON.stringify(gvk.kind)} is registered`);
    const problems = [...duplicateFields.map(duplicateField), ...result.unknownFields.map(unknownField)];
    if (fieldValidation === "Strict" && problems.length > 0) throw refuse(STRICT_PREFIX + problems.join(", "));
    return { object: result.object, warnings: fieldValidation === "Warn" ? problems : [] };
  } catch (error) {
    if (error instanceof TypeMismatch) throw refuse(error.message);
    throw error;
  }
}
