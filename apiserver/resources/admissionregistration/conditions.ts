/** Expressions that webhooks and policies share. None is compiled: they only have to be there. */
import type {
  MatchCondition,
  ParamKind,
  ParamRef,
  Variable,
} from "../../../shared/api/generated/admissionregistration/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import {
  duplicate,
  forbiddenField,
  invalidFor,
  invalidValue,
  notSupportedInOrder,
  required,
  tooMany,
} from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { dns1035LabelProblems, dnsSubdomainProblems, pathSegmentProblems } from "../../validation/names.ts";

export const FAILURE_POLICIES = ["Fail", "Ignore"];
const CONDITIONS_MAX = 64;
const NOT_FOUND_ACTIONS = ["Deny", "Allow"];
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/u;
const RESERVED: ReadonlySet<string> = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

export function conditionErrors(conditions: readonly MatchCondition[], field: string): FieldError[] {
  const names = conditions.map(({ name }) => name);
  return [
    ...(conditions.length > CONDITIONS_MAX ? [tooMany(field, conditions.length, CONDITIONS_MAX)] : []),
    ...conditions.flatMap(({ name, expression }, index) => [
      ...(expression.trim() === "" ? [required(`${field}[${index}].expression`)] : []),
      ...(name === ""
        ? [required(`${field}[${index}].name`)]
        : invalidFor(`${field}[${index}].name`, name, qualifiedNameProblems(name))),
      ...(name !== "" && names.indexOf(name) < index ? [duplicate(`${field}[${index}].name`, name)] : []),
    ]),
  ];
}

export function variableErrors(variables: readonly Variable[], field: string): FieldError[] {
  return variables.flatMap(({ name, expression }, index) => [
    ...(name.trim() === ""
      ? [required(`${field}[${index}].name`, "name is not specified")]
      : IDENTIFIER.test(name) && !RESERVED.has(name)
        ? []
        : [invalidValue(`${field}[${index}].name`, name, "name is not a valid CEL identifier")]),
    ...(expression.trim() === "" ? [required(`${field}[${index}].expression`, "expression is not specified")] : []),
  ]);
}

export function paramKindErrors({ apiVersion = "", kind = "" }: ParamKind, field: string): FieldError[] {
  const kindProblems = dns1035LabelProblems(kind.toLowerCase());
  return [
    ...groupVersionErrors(apiVersion, `${field}.apiVersion`),
    ...(kind === ""
      ? [required(`${field}.kind`)]
      : kindProblems.length === 0
        ? []
        : [
            invalidValue(
              `${field}.kind`,
              kind,
              `may have mixed case, but should otherwise match: ${kindProblems.join(",")}`,
            ),
          ]),
  ];
}

function groupVersionErrors(apiVersion: string, field: string): FieldError[] {
  if (apiVersion === "") return [required(field)];
  const parts = apiVersion.split("/");
  if (parts.length > 2) return [invalidValue(field, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  const [group = "", version = ""] = parts.length === 2 ? parts : ["", apiVersion];
  const groupProblems = group === "" ? [] : dnsSubdomainProblems(group);
  const versionProblems = dns1035LabelProblems(version);
  return [
    ...(groupProblems.length === 0 ? [] : [invalidValue(field, group, groupProblems.join(","))]),
    ...(version === ""
      ? [invalidValue(field, apiVersion, "version must be specified")]
      : versionProblems.length === 0
        ? []
        : [invalidValue(field, version, versionProblems.join(","))]),
  ];
}

export function paramRefErrors(reference: ParamRef | undefined, field: string): FieldError[] {
  if (reference === undefined) return [];
  const { name = "", selector, parameterNotFoundAction: action = "" } = reference;
  const both = "name and selector are mutually exclusive";
  const errors: FieldError[] = [];
  if (name !== "") {
    errors.push(...invalidFor(`${field}.name`, name, pathSegmentProblems(name)));
    if (selector !== undefined) errors.push(forbiddenField(`${field}.name`, both));
  }
  if (selector !== undefined) {
    errors.push(...validateLabelSelector(selector, `${field}.selector`));
    if (name !== "") errors.push(forbiddenField(`${field}.selector`, both));
  }
  if (name === "" && selector === undefined) errors.push(required(field, "one of name or selector must be specified"));
  const at = `${field}.parameterNotFoundAction`;
  if (action === "") errors.push(required(at));
  else if (!NOT_FOUND_ACTIONS.includes(action)) errors.push(notSupportedInOrder(at, action, NOT_FOUND_ACTIONS));
  return errors;
}

export function failurePolicyErrors(policy: string | undefined): FieldError[] {
  if (policy === undefined) return [required("spec.failurePolicy")];
  return FAILURE_POLICIES.includes(policy) ? [] : [notSupportedInOrder("spec.failurePolicy", policy, FAILURE_POLICIES)];
}
