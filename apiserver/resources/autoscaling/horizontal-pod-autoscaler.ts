import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
} from "../../../shared/api/generated/autoscaling/v2.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { horizontalPodAutoscalers } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidValue, required } from "../../validation/field-errors.ts";

const CPU_PERCENT = 80;
/** The column shows a few targets, then says how many more. */
const SHOWN_MAX = 2;

export const horizontalPodAutoscalerStrategy = serve<HorizontalPodAutoscaler>({
  resource: horizontalPodAutoscalers,
  shortNames: ["hpa"],
  categories: ["all"],
  storagePrefix: "horizontalpodautoscalers",
  defaults: ({ spec }) => {
    spec.minReplicas ??= 1;
    if ((spec.metrics ?? []).length === 0) {
      spec.metrics = [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: CPU_PERCENT } },
        },
      ];
    }
  },
  prepareForCreate: (autoscaler) => {
    delete autoscaler.status;
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
  },
  validate: validateAutoscaler,
  columns: [
    nameColumn,
    textColumn("Reference", "What it scales.", ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    textColumn("Targets", "Present and wanted values.", targetsText),
    textColumn("MinPods", "Never fewer pods.", ({ spec }) => String(spec.minReplicas ?? "<unset>")),
    textColumn("MaxPods", "Never more pods.", ({ spec }) => spec.maxReplicas),
    textColumn("Replicas", "Pods now.", ({ status }) => status?.currentReplicas ?? 0),
    ageColumn,
  ],
  example: { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } },
});

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return "<none>";
  const texts = metrics.map((metric, index) => targetText(metric, status?.currentMetrics?.[index]));
  const more = texts.length - SHOWN_MAX;
  return `${texts.slice(0, SHOWN_MAX).join(", ")}${more > 0 ? ` + ${more} more...` : ""}`;
}

function targetText(metric: MetricSpec, current: MetricStatus | undefined): string {
  const source = metric.resource ?? metric.containerResource ?? metric.pods ?? metric.object ?? metric.external;
  const now = (current?.resource ?? current?.containerResource ?? current?.pods ?? current?.object ?? current?.external)
    ?.current;
  const name = source !== undefined && "name" in source ? `${source.name}: ` : "";
  const { averageUtilization, averageValue, value } = source?.target ?? {};
  if (averageUtilization !== undefined)
    return `${name}${now?.averageUtilization === undefined ? "<unknown>" : `${now.averageUtilization}%`}/${averageUtilization}%`;
  if (averageValue !== undefined) return `${name}${now?.averageValue ?? "<unknown>"}/${averageValue} (avg)`;
  return `${name}${now?.value ?? "<unknown>"}/${value ?? "<auto>"}`;
}

function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const { minReplicas = 1, maxReplicas, scaleTargetRef } = spec;
  return [
    ...(minReplicas < 1 ? [invalidValue("spec.minReplicas", minReplicas, "must be greater than or equal to 1")] : []),
    ...(maxReplicas < 1 ? [invalidValue("spec.maxReplicas", maxReplicas, "must be greater than 0")] : []),
    ...(maxReplicas < minReplicas
      ? [invalidValue("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`")]
      : []),
    ...(scaleTargetRef.kind === "" ? [required("spec.scaleTargetRef.kind")] : []),
    ...(scaleTargetRef.name === "" ? [required("spec.scaleTargetRef.name")] : []),
  ];
}
