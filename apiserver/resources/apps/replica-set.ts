import type { ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import { replicaSets } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn } from "../../tables/columns.ts";
import { immutable } from "../../validation/object-meta.ts";
import { replicaStatusErrors } from "./replica-status.ts";
import {
  countErrors,
  defaultTemplate,
  podNameWarnings,
  selectorErrors,
  selectorText,
  templateColumns,
  templateErrors,
  templateWarnings,
} from "./workload.ts";

export const replicaSetStrategy = serve<ReplicaSet>({
  resource: replicaSets,
  shortNames: ["rs"],
  categories: ["all"],
  storagePrefix: "replicasets",
  hasGeneration: true,
  defaults: ({ spec }) => {
    spec.replicas ??= 1;
    spec.template ??= {};
    defaultTemplate(spec.template);
  },
  prepareForCreate: (replicaSet) => {
    replicaSet.status = { replicas: 0 };
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
        counts: [
          "replicas",
          "fullyLabeledReplicas",
          "readyReplicas",
          "availableReplicas",
          "observedGeneration",
          "terminatingReplicas",
        ],
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
    selector: ({ spec }) => selectorText(spec.selector),
  },
  validate: ({ spec }) => [
    ...countErrors({ "spec.replicas": spec.replicas, "spec.minReadySeconds": spec.minReadySeconds }),
    ...selectorErrors(spec.selector, spec.template ?? {}, { kind: "deployment", unreadable: "invalid label selector" }),
    ...templateErrors(spec.template ?? {}, "ReplicaSet"),
  ],
  validateUpdate: (next, previous) => immutable(next.spec.selector, previous.spec.selector, "spec.selector"),
  selectableFields: { "status.replicas": ({ status }) => String(status?.replicas ?? 0) },
  warnings: (next, previous) => [
    ...(previous === undefined ? podNameWarnings(next.metadata.name) : []),
    ...templateWarnings(next, previous, next.spec.template ?? {}),
  ],
  columns: [
    nameColumn,
    countColumn("Desired", "How many pods are wanted.", ({ spec }) => spec.replicas ?? 0),
    countColumn("Current", "How many pods there are.", ({ status }) => status?.replicas ?? 0),
    countColumn("Ready", "How many pods are ready.", ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns<ReplicaSet>(
      ({ spec }) => spec.template?.spec?.containers ?? [],
      ({ spec }) => selectorText(spec.selector),
    ),
  ],
  example: {
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "registry.example/web:1" }] },
      },
    },
  },
});
