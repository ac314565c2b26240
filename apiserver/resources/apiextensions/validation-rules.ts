import type { ValidationRule } from "../../../shared/api/generated/apiextensions/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidValue, notSupported, required } from "../../validation/field-errors.ts";

const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
const LINE_BREAK = /[\n\r]/u;

/** `x-kubernetes-validations`, as far as no expression has to be compiled. */
export function ruleErrors(rules: readonly ValidationRule[], field: string): FieldError[] {
  return rules.flatMap(({ rule, message = "", messageExpression = "", reason, fieldPath = "" }, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (rule.trim() === "") errors.push(required(`${at}.rule`, "rule is not specified"));
    else if (message !== "" && message.trim() === "")
      errors.push(invalidValue(`${at}.message`, message, "must be non-empty if specified"));
    else if (LINE_BREAK.test(message.trim()))
      errors.push(invalidValue(`${at}.message`, message, "must not contain line breaks"));
    else if (LINE_BREAK.test(rule.trim()) && message === "")
      errors.push(required(`${at}.message`, "message must be specified if rule contains line breaks"));
    if (messageExpression !== "" && messageExpression.trim() === "")
      errors.push(required(`${at}.messageExpression`, "messageExpression must be non-empty if specified"));
    if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${at}.reason`, reason, REASONS));
    if (fieldPath !== "" && fieldPath.trim() === "")
      errors.push(invalidValue(`${at}.fieldPath`, fieldPath, "must be non-empty if specified"));
    else if (LINE_BREAK.test(fieldPath))
      errors.push(invalidValue(`${at}.fieldPath`, fieldPath, "must not contain line breaks"));
    return errors;
  });
}
