import type { LabelSelector } from "../../shared/api/generated/meta/v1.ts";
import type { FieldError } from "../../shared/errors/status-error.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../shared/machinery/label-syntax.ts";
import { forbiddenField, invalidFor, invalidValue, required } from "./field-errors.ts";
import { validateLabels } from "./object-meta.ts";

/** Rules of a `LabelSelector` (`apimachinery/pkg/apis/meta/v1/validation`). */
export function validateLabelSelector(selector: LabelSelector | undefined, field: string): FieldError[] {
  if (selector === undefined) return [];
  return [
    ...validateLabels(selector.matchLabels, `${field}.matchLabels`),
    ...(selector.matchExpressions ?? []).flatMap((requirement, index) => {
      const at = `${field}.matchExpressions[${index}]`;
      const values = requirement.values ?? [];
      const errors: FieldError[] = [];
      switch (requirement.operator) {
        case "In":
        case "NotIn":
          if (values.length === 0)
            errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
          break;
        case "Exists":
        case "DoesNotExist":
          if (values.length > 0)
            errors.push(
              forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
            );
          break;
        default:
          errors.push(invalidValue(`${at}.operator`, requirement.operator, "not a valid selector operator"));
      }
      errors.push(...invalidFor(`${at}.key`, requirement.key, qualifiedNameProblems(requirement.key)));
      values.forEach((value, position) =>
        errors.push(...invalidFor(`${at}.values[${position}]`, value, labelValueProblems(value))),
      );
      return errors;
    }),
  ];
}
