/** Metrics as `autoscaling/v1` wrote them, in annotations: values flat beside the names, not in targets. Pure. */
import type {
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "../../../shared/api/generated/autoscaling/v2.ts";
import type { LabelSelector } from "../../../shared/api/generated/meta/v1.ts";
import type { CrossVersionObjectReference } from "../../../shared/api/generated/autoscaling/v1.ts";
import { compareQuantities } from "../../../shared/machinery/quantity.ts";

/** Fields of all the sources of a metric; each has some of them. */
interface OldSource {
  readonly name?: string | undefined;
  readonly container?: string | undefined;
  readonly metricName?: string | undefined;
  readonly selector?: LabelSelector | undefined;
  readonly metricSelector?: LabelSelector | undefined;
  readonly target?: CrossVersionObjectReference | undefined;
  readonly targetValue?: string | undefined;
  readonly averageValue?: string | undefined;
  readonly targetAverageValue?: string | undefined;
  readonly targetAverageUtilization?: number | undefined;
  readonly currentValue?: string | undefined;
  readonly currentAverageValue?: string | undefined;
  readonly currentAverageUtilization?: number | undefined;
}

type SourceName = "object" | "pods" | "resource" | "containerResource" | "external";

export interface OldMetric extends Partial<Record<SourceName, OldSource | undefined>> {
  readonly type?: string | undefined;
}

const NONE = "0";
const NOWHERE: CrossVersionObjectReference = { kind: "", name: "" };

/** Without fields that are undefined. */
function compact<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

export function toOldSpec({ type, object, pods, resource, containerResource, external }: MetricSpec): OldMetric {
  const usage = ({ averageUtilization, averageValue }: MetricTarget): OldSource => ({
    targetAverageUtilization: averageUtilization,
    targetAverageValue: averageValue,
  });
  return compact({
    type,
    object:
      object &&
      compact<OldSource>({
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? NONE,
        selector: object.metric.selector,
        averageValue: object.target.averageValue,
      }),
    pods:
      pods &&
      compact<OldSource>({
        metricName: pods.metric.name,
        targetAverageValue: pods.target.averageValue ?? NONE,
        selector: pods.metric.selector,
      }),
    resource: resource && compact<OldSource>({ name: resource.name, ...usage(resource.target) }),
    containerResource:
      containerResource &&
      compact<OldSource>({
        name: containerResource.name,
        ...usage(containerResource.target),
        container: containerResource.container,
      }),
    external:
      external &&
      compact<OldSource>({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  });
}

/** Zero stands for a value that was not given, where the older version always has one. */
const given = (value: string | undefined): string | undefined =>
  value !== undefined && compareQuantities(value, NONE) === 0 ? undefined : value;

export function fromOldSpec({ type = "", object, pods, resource, containerResource, external }: OldMetric): MetricSpec {
  const usage = ({ targetAverageUtilization, targetAverageValue }: OldSource): MetricTarget =>
    compact({
      type: targetAverageUtilization === undefined ? "AverageValue" : "Utilization",
      averageUtilization: targetAverageUtilization,
      averageValue: targetAverageValue,
    });
  const shared = (value: string | undefined, averageValue: string | undefined): MetricTarget =>
    compact({ type: averageValue === undefined ? "Value" : "AverageValue", value, averageValue });
  return compact({
    type,
    object: object && {
      describedObject: object.target ?? NOWHERE,
      metric: identifier(object.metricName, object.selector),
      target: shared(
        object.averageValue === undefined ? object.targetValue : given(object.targetValue),
        object.averageValue,
      ),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      target: compact({ type: "AverageValue", averageValue: pods.targetAverageValue }),
    },
    resource: resource && { name: resource.name ?? "", target: usage(resource) },
    containerResource: containerResource && {
      name: containerResource.name ?? "",
      container: containerResource.container ?? "",
      target: usage(containerResource),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      target: shared(external.targetValue, external.targetAverageValue),
    },
  });
}

function identifier(
  name: string | undefined,
  selector: LabelSelector | undefined,
): { name: string; selector?: LabelSelector } {
  return { name: name ?? "", ...(selector === undefined ? {} : { selector }) };
}

export function toOldStatus({ type, object, pods, resource, containerResource, external }: MetricStatus): OldMetric {
  const usage = ({ averageUtilization, averageValue }: MetricValueStatus): OldSource => ({
    currentAverageUtilization: averageUtilization,
    currentAverageValue: averageValue ?? NONE,
  });
  return compact({
    type,
    object:
      object &&
      compact<OldSource>({
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? NONE,
        selector: object.metric.selector,
        averageValue: object.current.averageValue,
      }),
    pods:
      pods &&
      compact<OldSource>({
        metricName: pods.metric.name,
        currentAverageValue: pods.current.averageValue ?? NONE,
        selector: pods.metric.selector,
      }),
    resource: resource && compact<OldSource>({ name: resource.name, ...usage(resource.current) }),
    containerResource:
      containerResource &&
      compact<OldSource>({
        name: containerResource.name,
        ...usage(containerResource.current),
        container: containerResource.container,
      }),
    external:
      external &&
      compact<OldSource>({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? NONE,
        currentAverageValue: external.current.averageValue,
      }),
  });
}

export function fromOldStatus({
  type = "",
  object,
  pods,
  resource,
  containerResource,
  external,
}: OldMetric): MetricStatus {
  const usage = ({ currentAverageUtilization, currentAverageValue }: OldSource): MetricValueStatus =>
    compact({ averageUtilization: currentAverageUtilization, averageValue: currentAverageValue });
  return compact({
    type,
    object: object && {
      describedObject: object.target ?? NOWHERE,
      metric: identifier(object.metricName, object.selector),
      current: compact({ value: object.currentValue, averageValue: object.averageValue }),
    },
    pods: pods && {
      metric: identifier(pods.metricName, pods.selector),
      current: compact({ averageValue: pods.currentAverageValue }),
    },
    resource: resource && { name: resource.name ?? "", current: usage(resource) },
    containerResource: containerResource && {
      name: containerResource.name ?? "",
      container: containerResource.container ?? "",
      current: usage(containerResource),
    },
    external: external && {
      metric: identifier(external.metricName, external.metricSelector),
      current: compact({ value: external.currentValue, averageValue: external.currentAverageValue }),
    },
  });
}
