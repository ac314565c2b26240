/** Rules of `metadata`, the same for every kind (`apimachinery/pkg/api/validation/objectmeta.go`). */
import type { ObjectMeta, OwnerReference } from "../../shared/api/generated/meta/v1.ts";
import type { FieldError } from "../../shared/errors/status-error.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";
import { labelValueProblems, qualifiedNameProblems } from "../../shared/machinery/label-syntax.ts";
import type { Scope } from "../../shared/resources/resource.ts";
import { forbiddenField, invalidFor, invalidValue, required, tooLong } from "./field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "./names.ts";

const ANNOTATIONS_BYTES_MAX = 256 * 1024;
const IMMUTABLE = "field is immutable";
const STANDARD_FINALIZERS = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

export interface MetaRules {
  readonly scope: Scope;
  /** DNS subdomain when left out. */
  readonly validateName?: ((name: string) => string[]) | undefined;
}

/** Errors of the metadata of an object that is about to be stored. */
export function validateObjectMeta(meta: ObjectMeta, rules: MetaRules): FieldError[] {
  const checkName = rules.validateName ?? dnsSubdomainProblems;
  return [
    ...generateNameErrors(meta, checkName),
    ...(meta.name === undefined || meta.name === ""
      ? [required("metadata.name", "name or generateName is required")]
      : invalidFor("metadata.name", meta.name, checkName(meta.name))),
    ...namespaceErrors(meta, rules.scope),
    ...(meta.generation !== undefined && meta.generation < 0
      ? [invalidValue("metadata.generation", meta.generation, "must be greater than or equal to 0")]
      : []),
    ...validateLabels(meta.labels, "metadata.labels"),
    ...validateAnnotations(meta.annotations, "metadata.annotations"),
    ...(meta.ownerReferences ?? []).flatMap((owner, index) => ownerErrors(owner, `metadata.ownerReferences[${index}]`)),
    ...controllerErrors(meta.ownerReferences ?? []),
    ...(meta.finalizers ?? []).flatMap((finalizer) => finalizerErrors(finalizer, "metadata.finalizers")),
  ];
}

/** Errors of a change of metadata, on top of `validateObjectMeta`. */
export function validateObjectMetaUpdate(next: ObjectMeta, previous: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ["name", "namespace", "uid", "creationTimestamp"] as const) {
    if ((next[field] ?? "") !== (previous[field] ?? ""))
      errors.push(invalidValue(`metadata.${field}`, next[field] ?? "", IMMUTABLE));
  }
  for (const field of ["deletionTimestamp", "deletionGracePeriodSeconds"] as const) {
    if (!deepEqual(next[field], previous[field]))
      errors.push(invalidValue(`metadata.${field}`, next[field], IMMUTABLE));
  }
  if (previous.deletionTimestamp !== undefined) {
    const added = (next.finalizers ?? []).filter((finalizer) => previous.finalizers?.includes(finalizer) !== true);
    if (added.length > 0) {
      errors.push(
        forbiddenField(
          "metadata.finalizers",
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((one) => JSON.stringify(one)).join(", ")}}`,
        ),
      );
    }
  }
  return errors;
}

function generateNameErrors(meta: ObjectMeta, checkName: (name: string) => string[]): FieldError[] {
  const base = meta.generateName;
  if (base === undefined || base === "") return [];
  // The suffix makes a trailing dash or dot harmless.
  return invalidFor("metadata.generateName", base, checkName(`${base.replace(/[-.]$/, "")}a`));
}

function namespaceErrors(meta: ObjectMeta, scope: Scope): FieldError[] {
  const namespace = meta.namespace ?? "";
  if (scope === "Cluster")
    return namespace === "" ? [] : [forbiddenField("metadata.namespace", "not allowed on this type")];
  return namespace === ""
    ? [required("metadata.namespace")]
    : invalidFor("metadata.namespace", namespace, dnsLabelProblems(namespace));
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidFor(field, key, qualifiedNameProblems(key)),
    ...invalidFor(field, value, labelValueProblems(value)),
  ]);
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  const entries = Object.entries(annotations ?? {});
  const errors = entries.flatMap(([key]) => invalidFor(field, key, qualifiedNameProblems(key.toLowerCase())));
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return bytes > ANNOTATIONS_BYTES_MAX ? [...errors, tooLong(field, ANNOTATIONS_BYTES_MAX)] : errors;
}

function ownerErrors(owner: OwnerReference, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (owner.apiVersion === "")
    errors.push(invalidValue(`${field}.apiVersion`, owner.apiVersion, "version must not be empty"));
  if (owner.kind === "") errors.push(invalidValue(`${field}.kind`, owner.kind, "must not be empty"));
  if (owner.name === "") errors.push(invalidValue(`${field}.name`, owner.name, "must not be empty"));
  if (owner.uid === "") errors.push(invalidValue(`${field}.uid`, owner.uid, "must not be empty"));
  if (owner.apiVersion === "v1" && owner.kind === "Event")
    errors.push(invalidValue(field, owner, "/v1, Kind=Event is disallowed from being an owner"));
  return errors;
}

function controllerErrors(owners: readonly OwnerReference[]): FieldError[] {
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length < 2) return [];
  const names = controllers.slice(0, 2).map((owner) => `${owner.kind}/${owner.name}`);
  return [
    invalidValue(
      "metadata.ownerReferences",
      owners,
      `Only one reference can have Controller set to true. Found "true" in references for ${names.join(" and ")}`,
    ),
  ];
}

export function finalizerErrors(finalizer: string, field: string): FieldError[] {
  const problems = qualifiedNameProblems(finalizer);
  if (problems.length > 0) return invalidFor(field, finalizer, problems);
  if (finalizer.includes("/") || STANDARD_FINALIZERS.has(finalizer)) return [];
  return [invalidValue(field, finalizer, "name is neither a standard finalizer name nor is it fully qualified")];
}

/** The error of a field that may not change, or none. */
export function immutable(next: unknown, previous: unknown, field: string): FieldError[] {
  return deepEqual(next, previous) ? [] : [invalidValue(field, next, IMMUTABLE)];
}
