import type {
  AuditAnnotation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicySpec,
  ValidatingAdmissionPolicyStatus,
  Validation,
} from "../../../shared/api/generated/admissionregistration/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { validatingAdmissionPolicies } from "../../../shared/resources/catalog.ts";
import { keepMetadataForStatus } from "../../registry/object-meta.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { conditionErrors as statusConditionErrors } from "../../validation/conditions.ts";
import { duplicate, invalidFor, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { conditionErrors, failurePolicyErrors, paramKindErrors, variableErrors } from "./conditions.ts";
import { paramKindText } from "./policy-text.ts";
import { defaultMatchResources, matchResourcesErrors } from "./rules.ts";
import { staticNameWarnings } from "./static-names.ts";

const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const AUDIT_ANNOTATIONS_MAX = 20;
const AUDIT_EXPRESSION_BYTES_MAX = 5 * 1024;
const LINE_BREAK = /[\n\r]/u;

export const validatingAdmissionPolicyStrategy = serve<ValidatingAdmissionPolicy>({
  resource: validatingAdmissionPolicies,
  categories: ["api-extensions"],
  storagePrefix: "validatingadmissionpolicies",
  allowUnconditionalUpdate: false,
  hasGeneration: true,
  defaults: ({ spec }) => {
    spec.failurePolicy ??= "Fail";
    defaultMatchResources(spec.matchConstraints);
  },
  prepareForCreate: (policy) => {
    policy.status = {};
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
      keepMetadataForStatus(next, previous);
    },
    validateUpdate: ({ status }) => statusErrors(status ?? {}),
  },
  validate: ({ metadata, spec }, previous) => specErrors(String(metadata.name), spec, previous?.spec),
  warnings: staticNameWarnings,
  columns: [
    nameColumn,
    countColumn("Validations", "How many rules it has.", ({ spec }) => (spec.validations ?? []).length),
    textColumn("ParamKind", "Kind of its parameters.", ({ spec }) => paramKindText(spec.paramKind)),
    ageColumn,
  ],
  example: {
    spec: {
      matchConstraints: {
        resourceRules: [
          { operations: ["CREATE"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["widgets"] },
        ],
      },
      validations: [{ expression: "object.spec.size < 10", message: "too large" }],
    },
  },
});

function specErrors(
  name: string,
  spec: ValidatingAdmissionPolicySpec,
  previous: ValidatingAdmissionPolicySpec | undefined,
): FieldError[] {
  const { paramKind, matchConstraints, matchConditions = [], variables = [] } = spec;
  const { validations = [], auditAnnotations = [] } = spec;
  const isAsBefore =
    previous !== undefined &&
    deepEqual(previous.paramKind, paramKind) &&
    deepEqual(previous.matchConditions, spec.matchConditions);
  const nothing = "validations or auditAnnotations must contain at least one item";
  return [
    ...failurePolicyErrors(spec.failurePolicy),
    ...(paramKind === undefined ? [] : paramKindErrors(paramKind, "spec.paramKind")),
    ...(matchConstraints === undefined
      ? [required("spec.matchConstraints")]
      : [
          ...matchResourcesErrors(matchConstraints, "spec.matchConstraints"),
          ...((matchConstraints.resourceRules ?? []).length === 0
            ? [required("spec.matchConstraints.resourceRules")]
            : []),
        ]),
    ...(isAsBefore ? [] : conditionErrors(matchConditions, "spec.matchConditions")),
    ...variableErrors(variables, "spec.variables"),
    ...(validations.length + auditAnnotations.length === 0
      ? [required("spec.validations", nothing), required("spec.auditAnnotations", nothing)]
      : []),
    ...validations.flatMap((one, index) => validationErrors(one, `spec.validations[${index}]`)),
    ...auditErrors(name, auditAnnotations),
  ];
}

function validationErrors(validation: Validation, field: string): FieldError[] {
  const { expression, message = "", messageExpression = "", reason } = validation;
  const errors: FieldError[] = [];
  if (expression.trim() === "") errors.push(required(`${field}.expression`, "expression is not specified"));
  if (messageExpression !== "" && messageExpression.trim() === "")
    errors.push(invalidValue(`${field}.messageExpression`, messageExpression, "must be non-empty if specified"));
  if (message !== "" && message.trim() === "")
    errors.push(invalidValue(`${field}.message`, message, "message must be non-empty if specified"));
  else if (LINE_BREAK.test(message.trim()))
    errors.push(invalidValue(`${field}.message`, message, "message must not contain line breaks"));
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${field}.reason`, reason, REASONS));
  return errors;
}

function auditErrors(policy: string, annotations: readonly AuditAnnotation[]): FieldError[] {
  const field = "spec.auditAnnotations";
  const keys = annotations.map(({ key }) => key);
  const errors =
    annotations.length > AUDIT_ANNOTATIONS_MAX
      ? [invalidValue(field, annotations, `must not have more than ${AUDIT_ANNOTATIONS_MAX} auditAnnotations`)]
      : [];
  for (const [index, { key, valueExpression }] of annotations.entries()) {
    const at = `${field}[${index}]`;
    const full = `${policy}/${key}`;
    const expression = valueExpression.trim();
    errors.push(...invalidFor(`${at}.key`, full, qualifiedNameProblems(full)));
    if (expression === "") errors.push(required(`${at}.valueExpression`, "valueExpression is not specified"));
    else if (Buffer.byteLength(expression) > AUDIT_EXPRESSION_BYTES_MAX)
      errors.push(required(`${at}.valueExpression`, `must not exceed ${AUDIT_EXPRESSION_BYTES_MAX} bytes in length`));
    if (keys.indexOf(key) < index) errors.push(duplicate(`${at}.key`, key));
  }
  return errors;
}

function statusErrors({ typeChecking, conditions = [] }: ValidatingAdmissionPolicyStatus): FieldError[] {
  const warnings = typeChecking?.expressionWarnings ?? [];
  return [
    ...warnings.flatMap(({ fieldRef, warning }, index) => {
      const at = `status.typeChecking.expressionWarnings[${index}]`;
      return [
        ...(warning === "" ? [required(`${at}.warning`)] : []),
        ...(fieldRef.trim() === "" ? [required(`${at}.fieldRef`)] : []),
      ];
    }),
    ...statusConditionErrors(conditions, "status.conditions"),
  ];
}
