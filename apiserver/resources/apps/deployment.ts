import type { Deployment } from "../../../shared/api/generated/apps/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { scaledValue } from "../../../shared/machinery/int-or-string.ts";
import { deployments } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { forbiddenField, invalidValue, notSupported } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";
import { intOrPercentErrors } from "../../validation/int-or-percent.ts";
import {
  countErrors,
  defaultTemplate,
  selectorErrors,
  selectorText,
  templateColumns,
  templateErrors,
} from "./workload.ts";
import { podTemplateWarnings } from "../pod-spec/warnings.ts";

const HISTORY_LIMIT = 10;
const PROGRESS_SECONDS = 600;
const QUARTER = "25%";

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
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
      next.metadata.labels = previous.metadata.labels;
    },
    validateUpdate: (next, previous) => {
      const [now, before] = [next.status?.collisionCount, previous.status?.collisionCount];
      return before !== undefined && (now ?? 0) < before
        ? [invalidValue("status.collisionCount", now, "cannot be decremented")]
        : [];
    },
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
  warnings: ({ spec }) => podTemplateWarnings(spec.template, "spec.template"),
  columns: [
    nameColumn,
    textColumn(
      "Ready",
      "Ready pods of those wanted.",
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`,
    ),
    countColumn("Up-to-date", "Pods of the newest template.", ({ status }) => status?.updatedReplicas ?? 0),
    countColumn(
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
    ...countErrors({
      "spec.replicas": spec.replicas,
      "spec.minReadySeconds": minReadySeconds,
      "spec.revisionHistoryLimit": spec.revisionHistoryLimit,
      "spec.progressDeadlineSeconds": progressDeadlineSeconds,
    }),
    ...selectorErrors(spec.selector, spec.template),
    ...templateErrors(spec.template),
    ...strategyErrors(spec.strategy),
  ];
  if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds) {
    errors.push(
      invalidValue("spec.progressDeadlineSeconds", progressDeadlineSeconds, "must be greater than minReadySeconds"),
    );
  }
  return errors;
}

function strategyErrors(strategy: Deployment["spec"]["strategy"]): FieldError[] {
  const type = strategy?.type ?? "";
  const rolling = strategy?.rollingUpdate;
  if (type === "Recreate") {
    return rolling === undefined
      ? []
      : [forbiddenField("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (type !== "RollingUpdate") return [notSupported("spec.strategy.type", type, ["Recreate", "RollingUpdate"])];
  const { maxUnavailable = 0, maxSurge = 0 } = rolling ?? {};
  const errors = [
    ...intOrPercentErrors(maxUnavailable, "spec.strategy.rollingUpdate.maxUnavailable", 100),
    ...intOrPercentErrors(maxSurge, "spec.strategy.rollingUpdate.maxSurge", Number.POSITIVE_INFINITY),
  ];
  if (errors.length === 0 && scaledValue(maxUnavailable, 100, false) === 0 && scaledValue(maxSurge, 100, true) === 0) {
    errors.push(
      invalidValue("spec.strategy.rollingUpdate.maxUnavailable", maxUnavailable, "may not be 0 when `maxSurge` is 0"),
    );
  }
  return errors;
}
