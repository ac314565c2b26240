import type { FieldError } from "../../../shared/errors/status-error.ts";
import { duplicate, required } from "../../validation/field-errors.ts";

/** Conditions of both kinds: one of each type, and each with a type. */
export function conditionErrors(conditions: readonly { readonly type?: string | undefined }[]): FieldError[] {
  const types = conditions.map(({ type = "" }) => type);
  return types.flatMap((type, index) => {
    const at = `status.conditions[${index}].type`;
    return [
      ...(types.indexOf(type) < index ? [duplicate(at, type)] : []),
      ...(type === "" ? [required(at, "must not be empty")] : []),
    ];
  });
}
