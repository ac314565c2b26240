/** What a configuration must not say: pure. Upstream: `pkg/kubelet/apis/config/validation/validation.go`. */
import { parseQuantity } from "../../shared/machinery/quantity.ts";
import { evictionThresholds } from "../eviction/thresholds.ts";
import type { KubeletConfiguration } from "./configuration-fields.ts";

type Rule = (configuration: KubeletConfiguration) => string | undefined;

const RESERVABLE = ["cpu", "memory", "ephemeral-storage", "pid"];

const percent =
  (field: "imageGCHighThresholdPercent" | "imageGCLowThresholdPercent", flag: string): Rule =>
  (configuration) =>
    configuration[field] < 0 || configuration[field] > 100
      ? `${field} (--${flag}) ${configuration[field]} must be between 0 and 100, inclusive`
      : undefined;

const atLeast =
  (
    field: "maxPods" | "eventBurst" | "registryBurst" | "kubeAPIBurst" | "kubeAPIQPS",
    flag: string,
    least: number,
  ): Rule =>
  (configuration) =>
    configuration[field] < least
      ? `${field} (--${flag}) ${configuration[field]} must be greater than or equal to ${least}`
      : undefined;

const port =
  (field: "port" | "healthzPort" | "readOnlyPort", flag: string, least: number): Rule =>
  (configuration) =>
    configuration[field] < least || configuration[field] > 65_535
      ? `${field} (--${flag}) ${configuration[field]} must be between ${least} and 65535, inclusive`
      : undefined;

const reserved =
  (field: "kubeReserved" | "systemReserved", flag: string): Rule =>
  (configuration) => {
    for (const [name, amount] of Object.entries(configuration[field])) {
      if (!RESERVABLE.includes(name))
        return `the kubelet config contains unknown resource ${name} in ${field} (--${flag})`;
      const nanos = amountOf(amount);
      if (nanos === undefined) return `${field} (--${flag}) ${name}: "${amount}" is no quantity`;
      if (nanos < 0n) return `${field} (--${flag}) ${name} must not be negative`;
    }
    return undefined;
  };

function amountOf(text: string): bigint | undefined {
  try {
    return parseQuantity(text).nanos;
  } catch {
    return undefined;
  }
}

const oneOf =
  (field: "authorization.mode" | "cgroupDriver" | "configMapAndSecretChangeDetectionStrategy", words: string[]): Rule =>
  (configuration) =>
    words.includes(configuration[field])
      ? undefined
      : `${field} "${configuration[field]}" is not one of ${words.join(", ")}`;

const RULES: readonly Rule[] = [
  port("port", "port", 1),
  port("healthzPort", "healthz-port", 0),
  port("readOnlyPort", "read-only-port", 0),
  percent("imageGCHighThresholdPercent", "image-gc-high-threshold"),
  percent("imageGCLowThresholdPercent", "image-gc-low-threshold"),
  ({ imageGCLowThresholdPercent: low, imageGCHighThresholdPercent: high }) =>
    low >= high
      ? `imageGCLowThresholdPercent (--image-gc-low-threshold) ${low} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) ${high}`
      : undefined,
  atLeast("maxPods", "max-pods", 0),
  atLeast("eventBurst", "event-burst", 0),
  atLeast("registryBurst", "registry-burst", 0),
  atLeast("kubeAPIBurst", "kube-api-burst", 0),
  atLeast("kubeAPIQPS", "kube-api-qps", 0),
  ({ nodeLeaseDurationSeconds: seconds }) =>
    seconds <= 0 ? `nodeLeaseDurationSeconds must be greater than 0, is ${seconds}` : undefined,
  ({ shutdownGracePeriod: all, shutdownGracePeriodCriticalPods: critical }) =>
    critical > all
      ? `shutdownGracePeriodCriticalPods ${critical / 1000}s must be <= shutdownGracePeriod ${all / 1000}s`
      : undefined,
  ({ shutdownGracePeriod: all, shutdownGracePeriodByPodPriority: byPriority }) =>
    all > 0 && Array.isArray(byPriority) && byPriority.length > 0
      ? "Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time"
      : undefined,
  ({ containerLogMaxFiles: files }) =>
    files <= 1 ? `containerLogMaxFiles ${files} must be greater than 1` : undefined,
  reserved("kubeReserved", "kube-reserved"),
  reserved("systemReserved", "system-reserved"),
  oneOf("authorization.mode", ["AlwaysAllow", "Webhook"]),
  oneOf("cgroupDriver", ["cgroupfs", "systemd"]),
  oneOf("configMapAndSecretChangeDetectionStrategy", ["Get", "Cache", "Watch"]),
];

const readableThresholds: Rule = (configuration) => {
  try {
    evictionThresholds(configuration);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** One line per thing that is wrong. */
export function configurationProblems(configuration: KubeletConfiguration): string[] {
  return [...RULES, readableThresholds]
    .map((rule) => rule(configuration))
    .filter((problem) => problem !== undefined)
    .map((problem) => `invalid configuration: ${problem}`);
}
