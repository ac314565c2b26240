import type { ReplicationController } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { selectorFromSet } from "../../../shared/machinery/label-selector.ts";
import { replicationControllers } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, labelsText, nameColumn } from "../../tables/columns.ts";
import { invalidValue, required } from "../../validation/field-errors.ts";
import { replicaStatusErrors } from "../apps/replica-status.ts";
import {
  countErrors,
  defaultTemplate,
  podNameWarnings,
  templateColumns,
  templateErrors,
  templateWarnings,
} from "../apps/workload.ts";

export const replicationControllerStrategy = serve<ReplicationController>({
  resource: replicationControllers,
  shortNames: ["rc"],
  categories: ["all"],
  storagePrefix: "controllers",
  hasGeneration: true,
  defaults: ({ spec, metadata }) => {
    const labels = spec.template?.metadata?.labels;
    // Labels of the template stand in for a missing selector, and for missing labels of its own.
    if (labels !== undefined) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
      if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
    }
    spec.replicas ??= 1;
    defaultTemplate(spec.template);
  },
  prepareForCreate: (controller) => {
    controller.status = { replicas: 0 };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: ({ status }) =>
      replicaStatusErrors(status ?? {}, {
        counts: ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"],
        notAbove: ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
        readyName: "readyReplicas",
      }),
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 1,
    setReplicas: ({ spec }, replicas) => {
      spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorFromSet(spec.selector ?? {}).toString(),
  },
  validate: validateController,
  defaultPropagation: "Orphan",
  warnings: (next, previous) => [
    ...(previous === undefined ? podNameWarnings(next.metadata.name) : []),
    ...templateWarnings(next, previous, next.spec.template ?? {}),
  ],
  selectableFields: { "status.replicas": ({ status }) => String(status?.replicas ?? 0) },
  columns: [
    nameColumn,
    countColumn("Desired", "How many pods are wanted.", ({ spec }) => spec.replicas ?? 0),
    countColumn("Current", "How many pods there are.", ({ status }) => status?.replicas ?? 0),
    countColumn("Ready", "How many pods are ready.", ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns<ReplicationController>(
      ({ spec }) => spec.template?.spec?.containers ?? [],
      ({ spec }) => labelsText(spec.selector),
    ),
  ],
  example: {
    spec: {
      replicas: 1,
      selector: { app: "web" },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "registry.example/web:1" }] },
      },
    },
  },
});

function validateController({ spec }: ReplicationController): FieldError[] {
  const selector = spec.selector ?? {};
  const isEmpty = Object.keys(selector).length === 0;
  const labels = spec.template?.metadata?.labels;
  const isMismatch = !selectorFromSet(selector).matches(labels);
  return [
    ...countErrors({ "spec.minReadySeconds": spec.minReadySeconds }),
    ...(isEmpty ? [required("spec.selector")] : []),
    ...countErrors({ "spec.replicas": spec.replicas }),
    ...(spec.template === undefined
      ? [required("spec.template")]
      : [
          ...(isMismatch
            ? [invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")]
            : []),
          ...templateErrors(spec.template, "ReplicationController"),
        ]),
  ];
}
