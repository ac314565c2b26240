/** Rules of `env` and `envFrom`. */
import type { EnvFromSource, EnvVar, EnvVarSource } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addInvalid, addNameErrors } from "../../validation/error-list.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems, envNameProblems } from "../../validation/names.ts";
import {
  addFieldRefErrors,
  addFileKeyErrors,
  addKeyRefErrors,
  addResourceFieldErrors,
  ENV_FIELD_PATHS,
} from "./field-references.ts";

const ONE_OF = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
const ONLY_ONE = "may not have more than one field specified at a time";

export function addEnvErrors(variables: readonly EnvVar[] | undefined, field: string, errors: FieldError[]): void {
  variables?.forEach((variable, index) => {
    const at = `${field}[${index}]`;
    addNameErrors(errors, `${at}.name`, variable.name, envNameProblems);
    if (variable.valueFrom !== undefined)
      addValueFromErrors(variable.valueFrom, variable.value ?? "", `${at}.valueFrom`, errors);
  });
}

function addValueFromErrors(source: EnvVarSource, value: string, field: string, errors: FieldError[]): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  if (fieldRef !== undefined) addFieldRefErrors(fieldRef, ENV_FIELD_PATHS, `${field}.fieldRef`, errors);
  if (resourceFieldRef !== undefined)
    addResourceFieldErrors(resourceFieldRef, false, `${field}.resourceFieldRef`, errors);
  if (configMapKeyRef !== undefined) addKeyRefErrors(configMapKeyRef, `${field}.configMapKeyRef`, errors);
  if (secretKeyRef !== undefined) addKeyRefErrors(secretKeyRef, `${field}.secretKeyRef`, errors);
  if (fileKeyRef !== undefined) addFileKeyErrors(fileKeyRef, `${field}.fileKeyRef`, errors);
  const all = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef];
  const count = all.filter((one) => one !== undefined).length;
  if (count === 0) errors.push(invalidValue(field, "", ONE_OF));
  else if (value !== "") errors.push(invalidValue(field, "", "may not be specified when `value` is not empty"));
  else if (count > 1) errors.push(invalidValue(field, "", ONLY_ONE));
}

/** The name of a generated object may end in a dash while it is only a prefix: upstream takes it here too. */
function prefixProblems(name: string): string[] {
  return dnsSubdomainProblems(name.endsWith("-") ? `${name.slice(0, -1)}a` : name);
}

export function addEnvFromErrors(
  sources: readonly EnvFromSource[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  sources?.forEach(({ prefix = "", configMapRef, secretRef }, index) => {
    const at = `${field}[${index}]`;
    if (prefix !== "") addInvalid(errors, `${at}.prefix`, prefix, envNameProblems(prefix));
    if (configMapRef !== undefined) addNameErrors(errors, `${at}.configMapRef.name`, configMapRef.name, prefixProblems);
    if (secretRef !== undefined) addNameErrors(errors, `${at}.secretRef.name`, secretRef.name, prefixProblems);
    if (configMapRef === undefined && secretRef === undefined)
      errors.push(invalidValue(field, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (configMapRef !== undefined && secretRef !== undefined) errors.push(invalidValue(field, "", ONLY_ONE));
  });
}
