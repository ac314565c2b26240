import type { TopologySelectorTerm } from "../../../shared/api/generated/core/v1.ts";
import type { StorageClass } from "../../../shared/api/generated/storage/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { storageClasses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { duplicate, forbiddenField, invalidFor, notSupported, required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";
import { deprecatedNodeLabel } from "../pod-spec/deprecated-labels.ts";
import { parameterErrors, provisionerErrors } from "./driver-name.ts";

const IS_DEFAULT = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
const MODES = ["Immediate", "WaitForFirstConsumer"];
const POLICIES = ["Delete", "Retain"];
const FROZEN = ["parameters", "provisioner", "reclaimPolicy"] as const;

export const storageClassStrategy = serve<StorageClass>({
  resource: storageClasses,
  shortNames: ["sc"],
  storagePrefix: "storageclasses",
  allowCreateOnUpdate: false,
  defaults: (storageClass) => {
    storageClass.reclaimPolicy ??= "Delete";
    storageClass.volumeBindingMode ??= "Immediate";
  },
  validate: ({ provisioner, parameters, reclaimPolicy = "", volumeBindingMode, allowedTopologies = [] }) => [
    ...provisionerErrors(provisioner, "provisioner"),
    ...parameterErrors(parameters, "parameters", { mayBeEmpty: true }),
    ...(reclaimPolicy === "" || POLICIES.includes(reclaimPolicy)
      ? []
      : [notSupported("reclaimPolicy", reclaimPolicy, POLICIES)]),
    ...(volumeBindingMode === undefined
      ? [required("volumeBindingMode")]
      : MODES.includes(volumeBindingMode)
        ? []
        : [notSupported("volumeBindingMode", volumeBindingMode, MODES)]),
    ...topologyErrors(allowedTopologies),
  ],
  validateUpdate: (next, previous) => [
    ...FROZEN.filter((field) => !deepEqual(next[field], previous[field])).map((field) =>
      forbiddenField(field, `updates to ${field} are forbidden.`),
    ),
    ...immutable(next.volumeBindingMode, previous.volumeBindingMode, "volumeBindingMode"),
  ],
  warnings: ({ allowedTopologies = [] }) =>
    allowedTopologies.flatMap(({ matchLabelExpressions = [] }, index) =>
      matchLabelExpressions.flatMap(({ key }, position) => {
        const why = deprecatedNodeLabel(key);
        return why === undefined ? [] : [`allowedTopologies[${index}].matchLabelExpressions[${position}].key: ${why}`];
      }),
    ),
  columns: [
    {
      ...nameColumn,
      cell: ({ metadata }) =>
        `${metadata.name}${IS_DEFAULT.some((key) => metadata.annotations?.[key] === "true") ? " (default)" : ""}`,
    },
    textColumn("Provisioner", "Who makes its volumes.", ({ provisioner }) => provisioner),
    textColumn(
      "ReclaimPolicy",
      "What happens to volumes when their claims go.",
      ({ reclaimPolicy }) => reclaimPolicy ?? "Delete",
    ),
    textColumn(
      "VolumeBindingMode",
      "When volumes are made.",
      ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate",
    ),
    {
      name: "AllowVolumeExpansion",
      type: "string",
      description: "Whether claims may grow.",
      cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
    },
    ageColumn,
  ],
  example: { provisioner: "example.com/disk", parameters: { type: "ssd" }, mountOptions: ["noatime"] },
});

function topologyErrors(terms: readonly TopologySelectorTerm[]): FieldError[] {
  return terms.flatMap((term, index) => {
    const at = `allowedTopologies[${index}].matchLabelExpressions`;
    const expressions = term.matchLabelExpressions ?? [];
    const keys = expressions.map(({ key }) => key);
    const errors = expressions.flatMap(({ key, values }, position): FieldError[] => [
      ...(values.length === 0 ? [required(`${at}[${position}].values`)] : []),
      ...values
        .map((value, place) => ({ value, place }))
        .filter(({ value, place }) => values.indexOf(value) < place)
        .map(({ value, place }) => duplicate(`${at}[${position}].values[${place}]`, value)),
      ...(keys.indexOf(key) < position ? [duplicate(`${at}[${position}].key`, "")] : []),
      ...invalidFor(`${at}[${position}].key`, key, qualifiedNameProblems(key)),
    ]);
    const isRepeated = terms.slice(0, index).some((before) => deepEqual(meaningOf(before), meaningOf(term)));
    // A term that says nothing equals the one that is not there.
    return isRepeated || expressions.length === 0 ? [...errors, duplicate(at, "")] : errors;
  });
}

/** Keys with their values, whatever the order. */
function meaningOf(term: TopologySelectorTerm): Record<string, string[]> {
  const entries = (term.matchLabelExpressions ?? []).map(({ key, values }): [string, string[]] => [
    key,
    [...new Set(values)].sort(),
  ]);
  return Object.fromEntries(entries);
}
