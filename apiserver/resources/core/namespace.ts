import type { Namespace } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { namespaces } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { finalizerErrors } from "../../validation/object-meta.ts";
import { dnsLabelProblems } from "../../validation/names.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";

export const namespaceStrategy = serve<Namespace>({
  resource: namespaces,
  shortNames: ["ns"],
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  storagePrefix: "namespaces",
  subresources: [{ name: "finalize", verbs: ["update"] }],
  validateName: dnsLabelProblems,
  defaults: (namespace) => {
    labelWithName(namespace);
    namespace.spec ??= {};
    namespace.status ??= {};
    namespace.status.phase ??= "Active";
  },
  prepareForCreate: (namespace) => {
    labelWithName(namespace);
    namespace.status = { phase: "Active" };
    const finalizers = namespace.spec.finalizers ?? [];
    namespace.spec.finalizers = finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"];
  },
  prepareForUpdate: (next, previous) => {
    next.spec.finalizers = previous.spec.finalizers;
    next.status = previous.status;
  },
  deletionHolders: (namespace) => namespace.spec.finalizers ?? [],
  prepareForDeletion: (namespace) => {
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec.finalizers = previous.spec.finalizers;
    },
    validateUpdate: phaseErrors,
  },
  validateCreate: ({ spec }) =>
    (spec.finalizers ?? []).flatMap((finalizer) => finalizerErrors(finalizer, "spec.finalizers")),
  selectableFields: { "status.phase": (namespace) => namespace.status?.phase ?? "" },
  columns: [
    nameColumn,
    textColumn("Status", "The status of the namespace", (namespace) => namespace.status?.phase ?? ""),
    ageColumn,
  ],
  example: { spec: {} },
});

/** Selectors may name a namespace by this label; a generated name comes after the first defaulting. */
function labelWithName(namespace: Namespace): void {
  const { name } = namespace.metadata;
  if (name === undefined || name === "") return;
  namespace.metadata.labels = { ...namespace.metadata.labels, [NAME_LABEL]: name };
}

/** The phase follows the deletion, whoever writes it. */
function phaseErrors({ metadata, status }: Namespace): FieldError[] {
  const phase = status?.phase ?? "";
  const isGoing = metadata.deletionTimestamp !== undefined;
  const wanted = isGoing ? "Terminating" : "Active";
  if (phase === wanted) return [];
  const why = `may only be '${wanted}' if \`deletionTimestamp\` is ${isGoing ? "not empty" : "empty"}`;
  return [invalidValue("status.Phase", phase, why)];
}
