import type { CustomResourceDefinitionNames } from "../../../shared/api/generated/apiextensions/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { dns1035LabelProblems } from "../../validation/names.ts";

/** The form of the names of a custom resource; which must be there is the caller's business. */
export function nameErrors(names: CustomResourceDefinitionNames | undefined, field: string): FieldError[] {
  if (names === undefined) return [];
  const { plural, singular = "", kind, listKind = "", shortNames = [], categories = [] } = names;
  return [
    ...labelErrors(plural, `${field}.plural`),
    ...labelErrors(singular, `${field}.singular`),
    ...kindErrors(kind, `${field}.kind`),
    ...kindErrors(listKind, `${field}.listKind`),
    ...listErrors(shortNames, `${field}.shortNames`),
    ...(kind !== "" && kind === listKind
      ? [invalidValue(`${field}.listKind`, listKind, "kind and listKind may not be the same")]
      : []),
    ...listErrors(categories, `${field}.categories`),
  ];
}

function labelErrors(name: string, field: string): FieldError[] {
  const problems = name === "" ? [] : dns1035LabelProblems(name);
  return problems.length === 0 ? [] : [invalidValue(field, name, problems.join(","))];
}

function listErrors(names: readonly string[], field: string): FieldError[] {
  return names.flatMap((name, index) => {
    const problems = dns1035LabelProblems(name);
    return problems.length === 0 ? [] : [invalidValue(`${field}[${index}]`, name, problems.join(","))];
  });
}

function kindErrors(kind: string, field: string): FieldError[] {
  const problems = kind === "" ? [] : dns1035LabelProblems(kind.toLowerCase());
  if (problems.length === 0) return [];
  return [invalidValue(field, kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`)];
}
