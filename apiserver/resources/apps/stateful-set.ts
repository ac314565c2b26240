import type { StatefulSet } from "../../../shared/api/generated/apps/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { clone } from "../../../shared/machinery/clone.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { statefulSets } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { forbiddenField, notSupported } from "../../validation/field-errors.ts";
import {
  countErrors,
  defaultTemplate,
  selectorErrors,
  selectorText,
  templateColumns,
  templateErrors,
} from "./workload.ts";
import { podTemplateWarnings } from "../pod-spec/warnings.ts";

const POD_POLICIES = ["OrderedReady", "Parallel"];
const STRATEGIES = ["OnDelete", "RollingUpdate"];
const HISTORY_LIMIT = 10;
const MAY_CHANGE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
  "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export const statefulSetStrategy = serve<StatefulSet>({
  resource: statefulSets,
  shortNames: ["sts"],
  categories: ["all"],
  storagePrefix: "statefulsets",
  hasGeneration: true,
  defaults: defaultStatefulSet,
  prepareForCreate: (statefulSet) => {
    statefulSet.status = { replicas: 0, availableReplicas: 0 };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 1,
    setReplicas: ({ spec }, replicas) => {
      spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorText(spec.selector),
  },
  validate: validateStatefulSet,
  validateUpdate: (next, previous) => {
    const frozen = clone(next.spec);
    const {
      replicas,
      ordinals,
      template,
      updateStrategy,
      revisionHistoryLimit,
      persistentVolumeClaimRetentionPolicy,
      minReadySeconds,
    } = previous.spec;
    Object.assign(frozen, {
      replicas,
      ordinals,
      template,
      updateStrategy,
      revisionHistoryLimit,
      persistentVolumeClaimRetentionPolicy,
      minReadySeconds,
    });
    return deepEqual(frozen, previous.spec) ? [] : [forbiddenField("spec", MAY_CHANGE)];
  },
  warnings: ({ spec }) => podTemplateWarnings(spec.template, "spec.template"),
  columns: [
    nameColumn,
    textColumn(
      "Ready",
      "Ready pods of those wanted.",
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
    ),
    ageColumn,
    ...templateColumns<StatefulSet>(
      ({ spec }) => spec.template.spec?.containers ?? [],
      ({ spec }) => selectorText(spec.selector),
    ).slice(0, 2),
  ],
  example: {
    spec: {
      serviceName: "web",
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "registry.example/web:1" }] },
      },
    },
  },
});

function defaultStatefulSet({ spec }: StatefulSet): void {
  spec.podManagementPolicy ??= "OrderedReady";
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ??= "RollingUpdate";
  if (spec.updateStrategy.type === "RollingUpdate") {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= "Retain";
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= HISTORY_LIMIT;
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = "v1";
    claim.kind = "PersistentVolumeClaim";
    claim.spec.volumeMode ??= "Filesystem";
    claim.status ??= {};
    claim.status.phase ??= "Pending";
  }
  defaultTemplate(spec.template);
}

function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  const policy = spec.podManagementPolicy ?? "";
  const type = spec.updateStrategy?.type ?? "";
  return [
    ...countErrors({
      "spec.replicas": spec.replicas,
      "spec.minReadySeconds": spec.minReadySeconds,
      "spec.revisionHistoryLimit": spec.revisionHistoryLimit,
    }),
    ...(POD_POLICIES.includes(policy) ? [] : [notSupported("spec.podManagementPolicy", policy, POD_POLICIES)]),
    ...(STRATEGIES.includes(type) ? [] : [notSupported("spec.updateStrategy.type", type, STRATEGIES)]),
    ...selectorErrors(spec.selector, spec.template),
    ...templateErrors(spec.template),
  ];
}
