/** Rules of the spec of a claim, in PersistentVolumeClaims and in templates of them (`ValidatePersistentVolumeClaimSpec`). */
import type {
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimTemplate,
  TypedLocalObjectReference,
  TypedObjectReference,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { milliValue, parseQuantity } from "../../../shared/machinery/quantity.ts";
import { addInvalid, addOptionalChoiceErrors, addOptionalNameErrors, isGiven } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";
import { validateAnnotations, validateLabels } from "../../validation/object-meta.ts";
import { ACCESS_MODES } from "./volume-text.ts";

export const VOLUME_MODES = ["Block", "Filesystem"];
const SINGLE_POD_MODE = "ReadWriteOncePod";
const TEMPLATE_META_FIELDS = new Set(["labels", "annotations"]);

/** Modes are known ones, and the one for a single pod stands alone. */
export function addAccessModeErrors(modes: readonly string[], field: string, errors: FieldError[]): void {
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) errors.push(notSupported(field, mode, ACCESS_MODES));
  const isForOnePod = modes.includes(SINGLE_POD_MODE);
  if (isForOnePod && modes.some((mode) => mode !== SINGLE_POD_MODE && ACCESS_MODES.includes(mode)))
    errors.push(forbiddenField(field, "may not use ReadWriteOncePod with other access modes"));
}

export function addClaimSpecErrors(spec: PersistentVolumeClaimSpec, field: string, errors: FieldError[]): void {
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) errors.push(required(`${field}.accessModes`, "at least 1 access mode is required"));
  errors.push(...validateLabelSelector(spec.selector, `${field}.selector`));
  addAccessModeErrors(modes, `${field}.accessModes`, errors);
  addSizeErrors(spec.resources?.requests?.["storage"], `${field}.resources[storage]`, errors);
  addOptionalNameErrors(errors, `${field}.storageClassName`, spec.storageClassName, dnsSubdomainProblems);
  addOptionalChoiceErrors(errors, `${field}.volumeMode`, spec.volumeMode, VOLUME_MODES);
  addDataSourceErrors(spec, field, errors);
  addOptionalNameErrors(
    errors,
    `${field}.volumeAttributesClassName`,
    spec.volumeAttributesClassName,
    dnsSubdomainProblems,
  );
}

function addSizeErrors(size: string | undefined, field: string, errors: FieldError[]): void {
  if (size === undefined) errors.push(required(field));
  else if (parseQuantity(size).nanos <= 0n) errors.push(invalidValue(field, size, "must be greater than zero"));
}

function addReferenceErrors(
  source: TypedLocalObjectReference | TypedObjectReference,
  field: string,
  errors: FieldError[],
): void {
  isGiven(errors, `${field}.name`, source.name);
  isGiven(errors, `${field}.kind`, source.kind);
  const group = source.apiGroup ?? "";
  if (group !== "") addInvalid(errors, `${field}.apiGroup`, group, dnsSubdomainProblems(group));
  else if (source.kind !== "PersistentVolumeClaim")
    errors.push(
      invalidValue(field, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
    );
}

function addDataSourceErrors(spec: PersistentVolumeClaimSpec, field: string, errors: FieldError[]): void {
  const { dataSource: old, dataSourceRef: ref } = spec;
  if (old !== undefined) addReferenceErrors(old, `${field}.dataSource`, errors);
  if (ref !== undefined) addReferenceErrors(ref, `${field}.dataSourceRef`, errors);
  const namespace = ref?.namespace ?? "";
  if (namespace !== "") addInvalid(errors, `${field}.dataSourceRef.namespace`, namespace, dnsLabelProblems(namespace));
  if (old === undefined || ref === undefined) return;
  const refuse = (why: string): void => {
    errors.push(invalidValue(field, `${field}.dataSource`, why));
  };
  if (namespace !== "") refuse("may not be specified when dataSourceRef.namespace is specified");
  else if (!deepEqual({ ...ref, namespace: undefined }, old)) refuse("must match dataSourceRef");
}

/** A template has labels and annotations; its other metadata would be lost. */
export function addClaimTemplateErrors(
  template: PersistentVolumeClaimTemplate,
  field: string,
  errors: FieldError[],
): void {
  const metadata = template.metadata ?? {};
  errors.push(...validateAnnotations(metadata.annotations, `${field}.metadata.annotations`));
  errors.push(...validateLabels(metadata.labels, `${field}.metadata.labels`));
  for (const [name, value] of Object.entries(metadata)) {
    if (value !== undefined && !TEMPLATE_META_FIELDS.has(name))
      errors.push(forbiddenField(`${field}.metadata.${name}`, "cannot be set"));
  }
  addClaimSpecErrors(template.spec, `${field}.spec`, errors);
}

/** Texts for `Warning` headers: storage is counted in whole bytes. */
export function claimSpecWarnings(spec: PersistentVolumeClaimSpec, field: string): string[] {
  return (["requests", "limits"] as const).flatMap((kind) => {
    const amount = spec.resources?.[kind]?.["storage"];
    if (amount === undefined || milliValue(amount) % 1000 === 0) return [];
    const at = `${field}.resources.${kind}[storage]`;
    return [`${at}: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`];
  });
}
