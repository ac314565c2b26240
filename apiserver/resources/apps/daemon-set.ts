import type { DaemonSet } from "../../../shared/api/generated/apps/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { daemonSets } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, labelsText, nameColumn, textColumn } from "../../tables/columns.ts";
import { notSupported } from "../../validation/field-errors.ts";
import { intOrPercentErrors } from "../../validation/int-or-percent.ts";
import { immutable } from "../../validation/object-meta.ts";
import {
  countErrors,
  defaultTemplate,
  selectorErrors,
  selectorText,
  templateColumns,
  templateErrors,
} from "./workload.ts";
import { podTemplateWarnings } from "../pod-spec/warnings.ts";

const STRATEGIES = ["OnDelete", "RollingUpdate"];
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
    daemonSet.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  validate: validateDaemonSet,
  validateUpdate: (next, previous) => immutable(next.spec.selector, previous.spec.selector, "spec.selector"),
  warnings: ({ spec }) => podTemplateWarnings(spec.template, "spec.template"),
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

function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const type = spec.updateStrategy?.type ?? "";
  const { maxUnavailable, maxSurge } = spec.updateStrategy?.rollingUpdate ?? {};
  return [
    ...countErrors({
      "spec.minReadySeconds": spec.minReadySeconds,
      "spec.revisionHistoryLimit": spec.revisionHistoryLimit,
    }),
    ...selectorErrors(spec.selector, spec.template),
    ...templateErrors(spec.template),
    ...(STRATEGIES.includes(type) ? [] : [notSupported("spec.updateStrategy.type", type, STRATEGIES)]),
    ...intOrPercentErrors(maxUnavailable ?? 0, "spec.updateStrategy.rollingUpdate.maxUnavailable", 100),
    ...intOrPercentErrors(maxSurge ?? 0, "spec.updateStrategy.rollingUpdate.maxSurge", 100),
  ];
}
