/**
 * `autoscaling/v1` as a view of the stored `autoscaling/v2` autoscaler (upstream: `pkg/apis/autoscaling/v1/conversion.go`).
 * What the older version has no fields for goes through it in annotations, in the older version's own words.
 */
import type { HorizontalPodAutoscaler as AutoscalerV1 } from "../../../shared/api/generated/autoscaling/v1.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
} from "../../../shared/api/generated/autoscaling/v2.ts";
import { BEHAVIOR as BEHAVIOR_SHAPE, CONDITIONS as CONDITIONS_SHAPE, OLD_METRICS, shaped } from "./carried-shape.ts";
import { cpuMetric } from "./horizontal-pod-autoscaler.ts";
import { fromOldSpec, fromOldStatus, type OldMetric, toOldSpec, toOldStatus } from "./old-metrics.ts";

const PREFIX = "autoscaling.alpha.kubernetes.io/";
const METRICS = `${PREFIX}metrics`;
const CURRENT_METRICS = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;
const BEHAVIOR = `${PREFIX}behavior`;
const OWN = new Set([METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR]);
const CPU_PERCENT = 80;

const isCpu = ({ type, resource }: MetricSpec | MetricStatus): boolean =>
  type === "Resource" && resource?.name === "cpu";
const isCpuShare = (metric: MetricSpec): boolean =>
  isCpu(metric) && metric.resource?.target.averageUtilization !== undefined;

type Annotations = Record<string, string> | undefined;

/** The annotations without those that carry fields. */
function ownAnnotations(annotations: Annotations): Annotations {
  if (annotations === undefined || !Object.keys(annotations).some((key) => OWN.has(key))) return annotations;
  const rest = Object.entries(annotations).filter(([key]) => !OWN.has(key));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

/** What an annotation carries; nothing when it is no JSON. */
function carried(annotations: Annotations, key: string): unknown {
  try {
    return JSON.parse(annotations?.[key] ?? "null");
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const metricsOf = (annotations: Annotations, key: string): OldMetric[] | undefined =>
  shaped(carried(annotations, key), OLD_METRICS) as OldMetric[] | undefined;

/** Renames every field of a value. */
function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [rename(name), renamed(field, rename)]));
}

/** Behaviour travels under Go's names of its fields. */
const toGoName = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const fromGoName = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

export function fromStoredAutoscaler(stored: HorizontalPodAutoscaler): AutoscalerV1 {
  const { metadata, spec, status, ...same } = stored;
  const { metrics = [], behavior, minReplicas, maxReplicas, scaleTargetRef } = spec;
  const { currentMetrics = [], conditions = [], ...counts } = status ?? { desiredReplicas: 0 };
  const others = metrics.filter((metric) => !isCpuShare(metric));
  const annotations = {
    ...ownAnnotations(metadata.annotations),
    ...(others.length === 0 ? {} : { [METRICS]: JSON.stringify(others.map(toOldSpec)) }),
    ...(currentMetrics.length === 0 ? {} : { [CURRENT_METRICS]: JSON.stringify(currentMetrics.map(toOldStatus)) }),
    ...(conditions.length === 0 ? {} : { [CONDITIONS]: JSON.stringify(conditions) }),
    ...(behavior === undefined ? {} : { [BEHAVIOR]: JSON.stringify(renamed(behavior, toGoName)) }),
  };
  const wanted = metrics.find(isCpu)?.resource?.target.averageUtilization;
  const current = currentMetrics.findLast(isCpu)?.resource?.current.averageUtilization;
  return {
    ...same,
    kind: "HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v1",
    metadata: withAnnotations(metadata, annotations),
    spec: {
      scaleTargetRef,
      ...(minReplicas === undefined ? {} : { minReplicas }),
      maxReplicas,
      ...(wanted === undefined ? {} : { targetCPUUtilizationPercentage: wanted }),
    },
    ...(status === undefined
      ? {}
      : {
          status: {
            ...counts,
            currentReplicas: counts.currentReplicas ?? 0,
            ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
          },
        }),
  };
}

export function toStoredAutoscaler(autoscaler: AutoscalerV1): HorizontalPodAutoscaler {
  const { metadata, spec, status, ...same } = autoscaler;
  const { annotations } = metadata;
  const { targetCPUUtilizationPercentage: wanted, ...kept } = spec;
  const others = (metricsOf(annotations, METRICS) ?? []).map(fromOldSpec);
  const metrics = [...(wanted === undefined ? [] : [cpuMetric(wanted)]), ...others];
  const behavior = shaped(renamed(carried(annotations, BEHAVIOR), fromGoName), BEHAVIOR_SHAPE) as
    | HorizontalPodAutoscalerBehavior
    | undefined;
  return {
    ...same,
    kind: "HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v2",
    metadata: withAnnotations(metadata, ownAnnotations(annotations)),
    spec: {
      ...kept,
      // The older version's default is made here, where all metrics are known.
      metrics: metrics.length === 0 ? [cpuMetric(CPU_PERCENT)] : metrics,
      ...(behavior === undefined ? {} : { behavior }),
    },
    ...(status === undefined ? {} : { status: statusOf(status, annotations) }),
  };
}

function statusOf(
  { currentCPUUtilizationPercentage: share, ...counts }: NonNullable<AutoscalerV1["status"]>,
  annotations: Annotations,
): NonNullable<HorizontalPodAutoscaler["status"]> {
  const known = metricsOf(annotations, CURRENT_METRICS);
  const cpu: MetricStatus[] =
    share === undefined
      ? []
      : [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: share } } }];
  const currentMetrics = known === undefined ? cpu : known.map(fromOldStatus);
  const told = (shaped(carried(annotations, CONDITIONS), CONDITIONS_SHAPE) ?? []) as HorizontalPodAutoscalerCondition[];
  const conditions = told.filter(
    (condition: Partial<HorizontalPodAutoscalerCondition>) => condition.type !== undefined,
  );
  return {
    ...counts,
    ...(currentMetrics.length === 0 ? {} : { currentMetrics }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

function withAnnotations<M extends { annotations?: Annotations }>(metadata: M, annotations: Annotations): M {
  const { annotations: _, ...rest } = metadata;
  const isEmpty = annotations === undefined || Object.keys(annotations).length === 0;
  return { ...rest, ...(isEmpty ? {} : { annotations }) } as M;
}
