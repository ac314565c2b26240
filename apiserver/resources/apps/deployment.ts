import type { Deployment, DeploymentStatus } from "../../../shared/api/generated/apps/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { deployments } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { intOrPercentErrors, isZeroIntOrPercent, percentMaxErrors } from "../../validation/int-or-percent.ts";
import { immutable } from "../../validation/object-meta.ts";
import { replicaStatusErrors } from "./replica-status.ts";
import {
  collisionErrors,
  countErrors,
  defaultTemplate,
  podNameWarnings,
  selectorErrors,
  selectorText,
  templateColumns,
  templateErrors,
  templateWarnings,
} from "./workload.ts";

const HISTORY_LIMIT = 10;
const PROGRESS_SECONDS = 600;
const QUARTER = "25%";
const ROLLING = "spec.strategy.rollingUpdate";
const SELECTOR_WORDS = { kind: "deployment", unreadable: "invalid label selector" };

export const deploymentStrategy = serve<Deployment>({
  resource: deployments,
  shortNames: ["deploy"],
  categories: ["all"],
  storagePrefix: "deployments",
  hasGeneration: true,
  defaults: defaultDeployment,
  prepareForCreate: (deployment) => {
    deployment.status = {};
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
    // Annotations are copied to ReplicaSets: a change of them is work for the controller.
    if (!deepEqual(next.metadata.annotations ?? {}, previous.metadata.annotations ?? {}))
      next.metadata.generation = (previous.metadata.generation ?? 0) + 1;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
      next.metadata.labels = previous.metadata.labels;
    },
    validateUpdate: ({ status = {} }, previous) => [
      ...statusErrors(status),
      ...collisionErrors(status.collisionCount, previous.status?.collisionCount),
    ],
  },
  scale: {
    replicas: (deployment) => deployment.spec.replicas ?? 1,
    setReplicas: (deployment, replicas) => {
      deployment.spec.replicas = replicas;
    },
    statusReplicas: (deployment) => deployment.status?.replicas ?? 0,
    selector: (deployment) => selectorText(deployment.spec.selector),
  },
  validate: validateDeployment,
  validateUpdate: (next, previous) => immutable(next.spec.selector, previous.spec.selector, "spec.selector"),
  warnings: (next, previous) => [
    ...(previous === undefined ? podNameWarnings(next.metadata.name) : []),
    ...templateWarnings(next, previous, next.spec.template),
  ],
  columns: [
    nameColumn,
    textColumn(
      "Ready",
      "Ready pods of those wanted.",
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
    ),
    textColumn("Up-to-date", "Pods of the newest template.", ({ status }) => status?.updatedReplicas ?? 0),
    textColumn(
      "Available",
      "Pods that have been ready for minReadySeconds.",
      ({ status }) => status?.availableReplicas ?? 0,
    ),
    ageColumn,
    ...templateColumns<Deployment>(
      ({ spec }) => spec.template.spec?.containers ?? [],
      ({ spec }) => selectorText(spec.selector),
    ),
  ],
  example: {
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "registry.example/web:1" }] },
      },
    },
  },
});

function defaultDeployment({ spec }: Deployment): void {
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ??= "RollingUpdate";
  if (spec.strategy.type === "RollingUpdate") {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= QUARTER;
    spec.strategy.rollingUpdate.maxSurge ??= QUARTER;
  }
  spec.revisionHistoryLimit ??= HISTORY_LIMIT;
  spec.progressDeadlineSeconds ??= PROGRESS_SECONDS;
  defaultTemplate(spec.template);
}

function validateDeployment({ spec }: Deployment): FieldError[] {
  const { minReadySeconds = 0, progressDeadlineSeconds } = spec;
  const errors = [
    ...countErrors({ "spec.replicas": spec.replicas }),
    ...selectorErrors(spec.selector, spec.template, SELECTOR_WORDS),
    ...templateErrors(spec.template, "ReplicaSet"),
    ...strategyErrors(spec.strategy),
    ...countErrors({
      "spec.minReadySeconds": minReadySeconds,
      "spec.revisionHistoryLimit": spec.revisionHistoryLimit,
      "spec.progressDeadlineSeconds": progressDeadlineSeconds,
    }),
  ];
  if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds) {
    errors.push(
      invalidValue("spec.progressDeadlineSeconds", progressDeadlineSeconds, "must be greater than minReadySeconds"),
    );
  }
  return errors;
}

function strategyErrors(strategy: Deployment["spec"]["strategy"]): FieldError[] {
  const rolling = strategy?.rollingUpdate;
  switch (strategy?.type) {
    case "Recreate":
      if (rolling === undefined) return [];
      return [forbiddenField(ROLLING, "may not be specified when strategy `type` is 'Recreate'")];
    case "RollingUpdate":
      return rolling === undefined
        ? [required(ROLLING, "this should be defaulted and never be nil")]
        : rollingErrors(rolling.maxUnavailable ?? 0, rolling.maxSurge ?? 0);
    default:
      return [notSupported("spec.strategy", strategy, ["Recreate", "RollingUpdate"])];
  }
}

function rollingErrors(maxUnavailable: number | string, maxSurge: number | string): FieldError[] {
  const at = `${ROLLING}.maxUnavailable`;
  const isStuck = isZeroIntOrPercent(maxUnavailable) && isZeroIntOrPercent(maxSurge);
  return [
    ...intOrPercentErrors(maxUnavailable, at),
    ...intOrPercentErrors(maxSurge, `${ROLLING}.maxSurge`),
    ...(isStuck ? [invalidValue(at, maxUnavailable, "may not be 0 when `maxSurge` is 0")] : []),
    ...percentMaxErrors(maxUnavailable, at),
  ];
}

function statusErrors(status: DeploymentStatus): FieldError[] {
  return replicaStatusErrors(status, {
    counts: [
      "observedGeneration",
      "replicas",
      "updatedReplicas",
      "readyReplicas",
      "availableReplicas",
      "unavailableReplicas",
      "collisionCount",
      "terminatingReplicas",
    ],
    notAbove: ["updatedReplicas", "readyReplicas", "availableReplicas"],
    readyName: "readyReplicas",
  });
}
