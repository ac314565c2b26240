import type { StatefulSet } from "../../../shared/api/generated/apps/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { statefulSets } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { forbiddenField } from "../../validation/field-errors.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import { claimSpecWarnings } from "../core/claim-spec.ts";
import { replicaStatusErrors } from "./replica-status.ts";
import { validateNewStatefulSet, validateStatefulSet } from "./stateful-set-validation.ts";
import { collisionErrors, defaultTemplate, selectorText, templateColumns, templateWarnings } from "./workload.ts";

const HISTORY_LIMIT = 10;
const MAY_CHANGE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
  "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

const MUTABLE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;
const STATUS_RULES = {
  counts: [
    "replicas",
    "readyReplicas",
    "currentReplicas",
    "updatedReplicas",
    "availableReplicas",
    "observedGeneration",
    "collisionCount",
  ],
  notAbove: ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
  readyName: "status.readyReplicas",
};

export const statefulSetStrategy = serve<StatefulSet>({
  resource: statefulSets,
  shortNames: ["sts"],
  categories: ["all"],
  storagePrefix: "statefulsets",
  hasGeneration: true,
  defaults: defaultStatefulSet,
  prepareForCreate: (statefulSet) => {
    dropMaxUnavailable(statefulSet);
    statefulSet.status = { replicas: 0, availableReplicas: 0 };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
    if (previous.spec.updateStrategy?.rollingUpdate?.maxUnavailable === undefined) dropMaxUnavailable(next);
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: ({ status }, previous) => [
      ...replicaStatusErrors(status ?? {}, STATUS_RULES),
      ...collisionErrors(status?.collisionCount, previous.status?.collisionCount),
    ],
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 1,
    setReplicas: ({ spec }, replicas) => {
      spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorText(spec.selector),
  },
  validateName: dnsLabelProblems,
  validate: validateStatefulSet,
  validateCreate: validateNewStatefulSet,
  validateUpdate: (next, previous) => {
    const frozen = { ...next.spec };
    for (const name of MUTABLE) Object.assign(frozen, { [name]: previous.spec[name] });
    return deepEqual(frozen, previous.spec) ? [] : [forbiddenField("spec", MAY_CHANGE)];
  },
  warnings: (next, previous) => {
    // A write of the status leaves the spec be.
    if (next.spec === previous?.spec) return [];
    const claims = (next.spec.volumeClaimTemplates ?? []).flatMap(({ spec }, index) => {
      const at = `spec.volumeClaimTemplates[${index}]`;
      return claimSpecWarnings(spec, previous === undefined ? at : `${at}.Spec`);
    });
    return [...templateWarnings(next, previous, next.spec.template), ...claims];
  },
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

/** The field is off by default in this version: it is kept where it is in use. */
function dropMaxUnavailable({ spec }: StatefulSet): void {
  if (spec.updateStrategy?.rollingUpdate !== undefined) delete spec.updateStrategy.rollingUpdate.maxUnavailable;
}
