import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicySpec,
  Mutation,
} from "../../../shared/api/generated/admissionregistration/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { mutatingAdmissionPolicies } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { addChoiceErrors } from "../../validation/error-list.ts";
import { invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { conditionErrors, failurePolicyErrors, paramKindErrors, variableErrors } from "./conditions.ts";
import { paramKindText } from "./policy-text.ts";
import { defaultMatchResources, immutableOperationErrors, matchResourcesErrors } from "./rules.ts";
import { staticNameWarnings } from "./static-names.ts";

const REINVOCATIONS = ["IfNeeded", "Never"];
/** Field that goes with each type of patch. */
const PATCHES = { ApplyConfiguration: "applyConfiguration", JSONPatch: "jsonPatch" } as const;

export const mutatingAdmissionPolicyStrategy = serve<MutatingAdmissionPolicy>({
  resource: mutatingAdmissionPolicies,
  categories: ["api-extensions"],
  storagePrefix: "mutatingadmissionpolicies",
  allowUnconditionalUpdate: false,
  hasGeneration: true,
  defaults: ({ spec }) => {
    spec.failurePolicy ??= "Fail";
    defaultMatchResources(spec.matchConstraints);
  },
  validate: ({ spec }, previous) => specErrors(spec, previous?.spec),
  warnings: staticNameWarnings,
  columns: [
    nameColumn,
    countColumn("Mutations", "How many changes it makes.", ({ spec }) => (spec.mutations ?? []).length),
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
      reinvocationPolicy: "Never",
      mutations: [
        { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{spec: Object.spec{size: 1}}" } },
      ],
    },
  },
});

function specErrors(
  spec: MutatingAdmissionPolicySpec,
  previous: MutatingAdmissionPolicySpec | undefined,
): FieldError[] {
  const { paramKind, matchConstraints, matchConditions = [], variables = [], mutations = [] } = spec;
  const isAsBefore =
    previous !== undefined &&
    deepEqual(previous.paramKind, paramKind) &&
    deepEqual(previous.matchConditions, spec.matchConditions);
  const errors = [
    ...failurePolicyErrors(spec.failurePolicy),
    ...(paramKind === undefined ? [] : paramKindErrors(paramKind, "spec.paramKind")),
    ...(matchConstraints === undefined
      ? [required("spec.matchConstraints")]
      : [
          ...matchResourcesErrors(matchConstraints, "spec.matchConstraints"),
          ...((matchConstraints.resourceRules ?? []).length === 0
            ? [required("spec.matchConstraints.resourceRules")]
            : []),
          ...immutableOperationErrors(matchConstraints, "spec.matchConstraints"),
        ]),
    ...(isAsBefore ? [] : conditionErrors(matchConditions, "spec.matchConditions")),
    ...variableErrors(variables, "spec.variables"),
    ...(mutations.length === 0 ? [required("spec.mutations", "mutations must contain at least one item")] : []),
    ...mutations.flatMap((mutation, index) => mutationErrors(mutation, `spec.mutations[${index}]`)),
  ];
  addChoiceErrors(errors, "spec.reinvocationPolicy", spec.reinvocationPolicy, REINVOCATIONS);
  return errors;
}

function mutationErrors(mutation: Mutation, field: string): FieldError[] {
  const { patchType: type } = mutation;
  if (type === "") return [required(`${field}.patchType`)];
  if (type !== "ApplyConfiguration" && type !== "JSONPatch")
    return [notSupported(`${field}.patchType`, type, Object.keys(PATCHES))];
  const own = PATCHES[type];
  const other = type === "JSONPatch" ? PATCHES.ApplyConfiguration : PATCHES.JSONPatch;
  const patch = mutation[own];
  return [
    ...(patch === undefined
      ? [required(`${field}.${own}`, `must be specified when patchType is ${type}`)]
      : (patch.expression ?? "").trim() === ""
        ? [required(`${field}.${own}.expression`)]
        : []),
    ...(mutation[other] === undefined
      ? []
      : [invalidValue(`${field}.${other}`, `{${other}}`, `must not be specified when patchType is ${type}`)]),
  ];
}
