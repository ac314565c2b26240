/** The column `Targets` of `kubectl get hpa` (`formatHPAMetrics` of `pkg/printers/internalversion`). */
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "../../../shared/api/generated/autoscaling/v2.ts";

/** The column shows a few targets, then says how many more. */
const SHOWN_MAX = 2;
const UNKNOWN = "<unknown>";

export function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return "<none>";
  const texts = metrics.map((metric, index) => targetText(metric, status?.currentMetrics?.[index]));
  const more = texts.length - SHOWN_MAX;
  return `${texts.slice(0, SHOWN_MAX).join(", ")}${more > 0 ? ` + ${more} more...` : ""}`;
}

function targetText(metric: MetricSpec, status: MetricStatus | undefined): string {
  switch (metric.type) {
    case "External":
      return sharedText(metric.external?.target, status?.external?.current);
    case "Object":
      return sharedText(metric.object?.target, status?.object?.current);
    case "Pods":
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${metric.pods?.target.averageValue ?? ""}`;
    case "Resource":
      return resourceText(metric.resource, status?.resource?.current);
    case "ContainerResource":
      return resourceText(metric.containerResource, status?.containerResource?.current);
    default:
      return "<unknown type>";
  }
}

/** A value for all pods together, or what it is a pod. */
function sharedText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
  return `${current?.value ?? UNKNOWN}/${target?.value ?? ""}`;
}

function resourceText(
  source: { readonly name: string; readonly target: MetricTarget } | undefined,
  current: MetricValueStatus | undefined,
): string {
  const { averageValue, averageUtilization } = source?.target ?? {};
  const percent = (share: number | undefined, none: string): string => (share === undefined ? none : `${share}%`);
  const text =
    averageValue === undefined
      ? `${percent(current?.averageUtilization, UNKNOWN)}/${percent(averageUtilization, "<auto>")}`
      : `${current?.averageValue ?? UNKNOWN}/${averageValue}`;
  return `${source?.name ?? ""}: ${text}`;
}
