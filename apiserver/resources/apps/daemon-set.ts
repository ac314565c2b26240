import type { DaemonSet } from "../../../shared/api/generated/apps/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { daemonSets } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, labelsText, nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidValue, notSupportedInOrder, required } from "../../validation/field-errors.ts";
import { intOrPercentErrors, isZeroIntOrPercent, percentMaxErrors } from "../../validation/int-or-percent.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { immutable } from "../../validation/object-meta.ts";
import {
  collisionErrors,
  countErrors,
  defaultTemplate,
  isEmptySelector,
  mismatchErrors,
  selectorText,
  templateColumns,
  templateErrors,
} from "./workload.ts";
import { podTemplateWarnings } from "../pod-spec/warnings.ts";

const STRATEGIES = ["RollingUpdate", "OnDelete"];
const HISTORY_LIMIT = 10;

export const daemonSetStrategy = serve<DaemonSet>({
  resource: daemonSets,
  shortNames: ["ds"],
  categories: ["all"],
  storagePrefix: "daemonsets",
  hasGeneration: true,
  defaults: ({ spec }) => {
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= "RollingUpdate";
    if (spec.updateStrategy.type === "RollingUpdate") {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= HISTORY_LIMIT;
    defaultTemplate(spec.template);
  },
  prepareForCreate: (daemonSet) => {
    setTemplateGeneration(daemonSet, Math.max(templateGenerationOf(daemonSet), 1));
    daemonSet.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
    const isOther = !deepEqual(next.spec.template, previous.spec.template);
    setTemplateGeneration(next, templateGenerationOf(previous) + (isOther ? 1 : 0));
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: statusErrors,
  },
  validate: validateDaemonSet,
  validateUpdate: (next, previous) => immutable(next.spec.selector, previous.spec.selector, "spec.selector"),
  warnings: (next, previous) => {
    const isSame = previous !== undefined && templateGenerationOf(next) === templateGenerationOf(previous);
    return isSame ? [] : podTemplateWarnings(next.spec.template, "spec.template");
  },
  columns: [
    nameColumn,
    countColumn("Desired", "How many nodes should run it.", ({ status }) => status?.desiredNumberScheduled ?? 0),
    countColumn("Current", "How many of those do.", ({ status }) => status?.currentNumberScheduled ?? 0),
    countColumn("Ready", "On how many it is ready.", ({ status }) => status?.numberReady ?? 0),
    countColumn("Up-to-date", "On how many it is the newest.", ({ status }) => status?.updatedNumberScheduled ?? 0),
    countColumn("Available", "On how many it is available.", ({ status }) => status?.numberAvailable ?? 0),
    textColumn("Node Selector", "Labels of the nodes it runs on.", ({ spec }) =>
      labelsText(spec.template.spec?.nodeSelector),
    ),
    ageColumn,
    ...templateColumns<DaemonSet>(
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

/** Counts changes of the template, in an annotation since the field for it is gone. */
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

function templateGenerationOf({ metadata }: DaemonSet): number {
  const text = metadata.annotations?.[TEMPLATE_GENERATION] ?? "";
  return /^[+-]?[0-9]+$/u.test(text) ? Number(text) : 0;
}

function setTemplateGeneration(daemonSet: DaemonSet, generation: number): void {
  const { metadata } = daemonSet;
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

function validateDaemonSet(daemonSet: DaemonSet): FieldError[] {
  const { spec } = daemonSet;
  return [
    ...daemonSelectorErrors(spec),
    ...templateErrors(spec.template, "DaemonSet"),
    ...countErrors({
      "spec.minReadySeconds": spec.minReadySeconds,
      "spec.templateGeneration": templateGenerationOf(daemonSet),
    }),
    ...strategyErrors(spec.updateStrategy),
    ...countErrors({ "spec.revisionHistoryLimit": spec.revisionHistoryLimit }),
  ];
}

/** A missing selector selects nothing, and is not asked for in words. */
function daemonSelectorErrors({ selector, template }: DaemonSet["spec"]): FieldError[] {
  const given: DaemonSet["spec"]["selector"] | undefined = selector;
  const errors = validateLabelSelector(given, "spec.selector");
  if (errors.length > 0) return errors;
  if (given === undefined || !isEmptySelector(given)) return mismatchErrors(given, template);
  return [invalidValue("spec.selector", given, "empty selector is invalid for daemonset")];
}

function strategyErrors(strategy: DaemonSet["spec"]["updateStrategy"]): FieldError[] {
  if (strategy?.type === "OnDelete") return [];
  if (strategy?.type !== "RollingUpdate") return [notSupportedInOrder("spec.updateStrategy", strategy, STRATEGIES)];
  const at = "spec.updateStrategy.rollingUpdate";
  if (strategy.rollingUpdate === undefined) return [required(at)];
  const { maxUnavailable = 0, maxSurge = 0 } = strategy.rollingUpdate;
  const errors = [
    ...intOrPercentErrors(maxUnavailable, `${at}.maxUnavailable`),
    ...intOrPercentErrors(maxSurge, `${at}.maxSurge`),
    ...percentMaxErrors(maxUnavailable, `${at}.maxUnavailable`),
    ...percentMaxErrors(maxSurge, `${at}.maxSurge`),
  ];
  const hasUnavailable = !isZeroIntOrPercent(maxUnavailable);
  const hasSurge = !isZeroIntOrPercent(maxSurge);
  if (hasUnavailable && hasSurge)
    errors.push(invalidValue(`${at}.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero"));
  if (!hasUnavailable && !hasSurge) errors.push(required(`${at}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
  return errors;
}

function statusErrors(next: DaemonSet, previous: DaemonSet): FieldError[] {
  const status = next.status;
  return [
    ...countErrors({
      "status.currentNumberScheduled": status?.currentNumberScheduled,
      "status.numberMisscheduled": status?.numberMisscheduled,
      "status.desiredNumberScheduled": status?.desiredNumberScheduled,
      "status.numberReady": status?.numberReady,
      "status.observedGeneration": status?.observedGeneration,
      "status.updatedNumberScheduled": status?.updatedNumberScheduled,
      "status.numberAvailable": status?.numberAvailable,
      "status.numberUnavailable": status?.numberUnavailable,
      "status.collisionCount": status?.collisionCount,
    }),
    ...collisionErrors(status?.collisionCount, previous.status?.collisionCount),
  ];
}
