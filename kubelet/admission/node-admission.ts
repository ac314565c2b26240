/** Everything that can stand against a pod on this node, in the order in which it is asked. */
import type { Node, Pod } from "../../shared/api/generated/core/v1.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { KubeletConfiguration } from "../configuration/configuration-fields.ts";
import type { NodePressure } from "../eviction/node-pressure.ts";
import { foreignResources } from "../node/node-resources.ts";
import type { AdmitHandler, Rejection } from "./admit-handler.ts";
import { isCriticalPod } from "./critical-pod.ts";
import { type FitFailure, fitFailures, fitRejection, type NodeView, systemRejection } from "./node-fit.ts";
import { PodAdmission } from "./pod-admission.ts";
import { victimsFor } from "./preemption.ts";
import { pressureRejection } from "./pressure-admission.ts";
import { sysctlAdmission } from "./sysctls.ts";

export interface NodeAdmissionInput {
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly configuration: KubeletConfiguration;
  readonly logger: Logger;
  readonly pressure: NodePressure;
  /** As the API shows it, when it is known. */
  node(): Node | undefined;
  allocatable(): Readonly<Record<string, string>>;
  readonly hasAppArmor: boolean;
  /** The node takes no more pods. */
  isShuttingDown(): boolean;
  /** Ends a pod to make room, and resolves when it is gone. */
  preempt(victim: Pod): Promise<void>;
  /** Takes devices; last, because it gives something away. */
  readonly devices: AdmitHandler;
}

/** Throws when the configured sysctls cannot be allowed. */
export function nodeAdmission(input: NodeAdmissionInput): PodAdmission {
  const sysctls = sysctlAdmission(input.configuration.allowedUnsafeSysctls);
  const handlers: readonly AdmitHandler[] = [
    { admit: () => (input.isShuttingDown() ? SHUTTING_DOWN : undefined) },
    { admit: (pod) => pressureRejection(pod, input.pressure.types) },
    { admit: (pod) => sysctls(pod) },
    { admit: (pod) => systemRejection(pod) },
    { admit: (pod) => groupsRejection(pod, input.node()) },
    { admit: (pod, others) => fit(input, pod, others) },
    { admit: (pod) => appArmorRejection(pod, input.hasAppArmor) },
    input.devices,
  ];
  return new PodAdmission(handlers, input.logger);
}

const SHUTTING_DOWN: Rejection = {
  reason: "NodeShutdown",
  message: "Pod was rejected as the node is shutting down.",
};

function viewOf({ nodeName, labels, node, allocatable }: NodeAdmissionInput): NodeView {
  const known = node();
  const own = allocatable();
  return {
    name: nodeName,
    labels: { ...labels, ...known?.metadata.labels },
    taints: known?.spec?.taints ?? [],
    allocatable: { ...foreignResources(known?.status?.allocatable, own), ...own },
  };
}

async function fit(input: NodeAdmissionInput, pod: Pod, others: readonly Pod[]): Promise<Rejection | undefined> {
  const failures = fitFailures(pod, others, viewOf(input));
  const [first] = failures;
  if (first === undefined) return undefined;
  if (!isCriticalPod(pod)) return fitRejection(first);
  return makeRoom(input, pod, others, failures);
}

/** A critical pod takes resources from others; what else is against it stays so. */
async function makeRoom(
  { preempt }: NodeAdmissionInput,
  pod: Pod,
  others: readonly Pod[],
  failures: readonly FitFailure[],
): Promise<Rejection | undefined> {
  const other = failures.find(({ kind }) => kind === "predicate");
  if (other !== undefined) return fitRejection(other);
  const lacking = failures.filter((failure) => failure.kind === "resource");
  const victims = victimsFor(pod, others, lacking);
  if (victims === undefined) {
    const names = lacking.map(({ resource }) => resource).join(", ");
    return {
      reason: "UnexpectedAdmissionError",
      message: `Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [${names}]`,
    };
  }
  await Promise.all(victims.map((victim) => preempt(victim)));
  return undefined;
}

function groupsRejection({ spec }: Pod, node: Node | undefined): Rejection | undefined {
  if (spec.securityContext?.supplementalGroupsPolicy !== "Strict") return undefined;
  if (node?.status?.features?.supplementalGroupsPolicy === true) return undefined;
  return {
    reason: "SupplementalGroupsPolicyNotSupported",
    message: "SupplementalGroupsPolicy=Strict is not supported in this node",
  };
}

/** Without AppArmor in the kernel, a pod that asks for a profile cannot be kept in it. */
function appArmorRejection(pod: Pod, hasAppArmor: boolean): Rejection | undefined {
  const asked = [
    pod.spec.securityContext?.appArmorProfile,
    ...[...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((c) => c.securityContext?.appArmorProfile),
  ];
  const isAsked = asked.some((profile) => profile !== undefined && profile.type !== "Unconfined");
  if (!isAsked || hasAppArmor) return undefined;
  return { reason: "AppArmor", message: "Cannot enforce AppArmor: AppArmor is not enabled on the host" };
}
