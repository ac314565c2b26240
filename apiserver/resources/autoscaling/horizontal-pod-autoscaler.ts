import type { HorizontalPodAutoscaler, HPAScalingRules } from "../../../shared/api/generated/autoscaling/v2.ts";
import { horizontalPodAutoscalers } from "../../../shared/resources/catalog.ts";
import { serve, type StrategyDeclaration } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { validateAutoscaler, validateAutoscalerStatus } from "./autoscaler-validation.ts";
import { targetsText } from "./targets-text.ts";

const CPU_PERCENT = 80;
/** What is missing of the rules of an autoscaler that has any. */
const UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};
const DOWN: HPAScalingRules = {
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

/** The form that is stored; autoscaling/v1 is another view of it. */
export const autoscalerDeclaration: StrategyDeclaration<HorizontalPodAutoscaler> = {
  resource: horizontalPodAutoscalers,
  shortNames: ["hpa"],
  categories: ["all"],
  storagePrefix: "horizontalpodautoscalers",
  defaults: ({ spec }) => {
    spec.minReplicas ??= 1;
    if ((spec.metrics ?? []).length === 0) spec.metrics = [cpuMetric(CPU_PERCENT)];
    if (spec.behavior === undefined) return;
    spec.behavior = {
      scaleUp: rulesWith(spec.behavior.scaleUp, UP),
      scaleDown: rulesWith(spec.behavior.scaleDown, DOWN),
    };
  },
  prepareForCreate: (autoscaler) => {
    autoscaler.status = { desiredReplicas: 0 };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
    },
    validateUpdate: validateAutoscalerStatus,
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
};

export const horizontalPodAutoscalerStrategy = serve(autoscalerDeclaration);

/** A target for the CPU usage of pods, as a share of what they request. */
export function cpuMetric(averageUtilization: number): NonNullable<HorizontalPodAutoscaler["spec"]["metrics"]>[number] {
  return { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } };
}

function rulesWith(given: HPAScalingRules | undefined, standard: HPAScalingRules): HPAScalingRules {
  const {
    stabilizationWindowSeconds = standard.stabilizationWindowSeconds,
    selectPolicy = standard.selectPolicy,
    policies = standard.policies?.map((policy) => ({ ...policy })),
    tolerance,
  } = given ?? {};
  return {
    ...(stabilizationWindowSeconds === undefined ? {} : { stabilizationWindowSeconds }),
    selectPolicy,
    policies,
    ...(tolerance === undefined ? {} : { tolerance }),
  };
}
