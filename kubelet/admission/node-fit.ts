/**
 * Whether a pod fits beside others on this node: pure. Upstream: `pkg/kubelet/lifecycle/predicate.go` and what it asks
 * of `pkg/scheduler`.
 */
import type { Node, Pod } from "../../shared/api/generated/core/v1.ts";
import { hostPortsOf, portsConflict } from "../../shared/machinery/host-ports.ts";
import { matchesNodeTerms } from "../../shared/machinery/node-selector.ts";
import { amountOf, podRequests } from "../../shared/machinery/pod-requests.ts";
import { tolerates } from "../../shared/machinery/tolerations.ts";
import type { Rejection } from "./admit-handler.ts";
import { isStaticPod } from "./critical-pod.ts";

export type FitFailure =
  | {
      readonly kind: "resource";
      readonly resource: string;
      readonly requested: number;
      readonly used: number;
      readonly capacity: number;
    }
  | { readonly kind: "predicate"; readonly name: string; readonly description: string };

export interface NodeView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: NonNullable<NonNullable<Node["spec"]>["taints"]>;
  readonly allocatable: Readonly<Record<string, string>>;
}

const isExtended = (resource: string): boolean => resource.includes("/") && !/kubernetes\.io\//.test(resource);

function usedBy(others: readonly Pod[], resource: string): number {
  return others.reduce((total, other) => total + (podRequests(other).resources.get(resource) ?? 0), 0);
}

function resourceFailures(pod: Pod, others: readonly Pod[], { allocatable }: NodeView): FitFailure[] {
  const podsMax = Number(allocatable["pods"] ?? 0);
  const failures: FitFailure[] =
    others.length + 1 > podsMax
      ? [{ kind: "resource", resource: "pods", requested: 1, used: others.length, capacity: podsMax }]
      : [];
  for (const [resource, requested] of podRequests(pod).resources) {
    // Extended resources that the node does not know belong to the cluster or to somebody else.
    if (requested === 0 || (isExtended(resource) && allocatable[resource] === undefined)) continue;
    const capacity = amountOf(resource, allocatable[resource] ?? "0");
    const used = usedBy(others, resource);
    if (used + requested > capacity) failures.push({ kind: "resource", resource, requested, used, capacity });
  }
  return failures;
}

function matchesNode(pod: Pod, { name, labels }: NodeView): boolean {
  const selector = Object.entries(pod.spec.nodeSelector ?? {});
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return (
    selector.every(([key, value]) => labels[key] === value) &&
    (terms === undefined || matchesNodeTerms({ metadata: { name, labels } }, terms))
  );
}

const predicate = (name: string, description: string): FitFailure => ({ kind: "predicate", name, description });

function predicateFailures(pod: Pod, others: readonly Pod[], node: NodeView): FitFailure[] {
  const wanted = hostPortsOf(pod);
  const taken = others.flatMap(hostPortsOf);
  const isNamed = pod.spec.nodeName === undefined || pod.spec.nodeName === node.name;
  const isFree = !wanted.some((port) => taken.some((other) => portsConflict(port, other)));
  const isTolerating =
    isStaticPod(pod) ||
    node.taints.every((taint) => taint.effect !== "NoExecute" || tolerates(pod.spec.tolerations ?? [], taint));
  return [
    ...(matchesNode(pod, node) ? [] : [predicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")]),
    ...(isNamed ? [] : [predicate("NodeName", "node(s) didn't match the requested node name")]),
    ...(isFree ? [] : [predicate("NodePorts", "node(s) didn't have free ports for the requested pod ports")]),
    ...(isTolerating ? [] : [predicate("TaintToleration", "node(s) had taints that the pod didn't tolerate")]),
  ];
}

/** What stands against the pod, in the order in which it is told. */
export function fitFailures(pod: Pod, others: readonly Pod[], node: NodeView): FitFailure[] {
  return [...resourceFailures(pod, others, node), ...predicateFailures(pod, others, node)];
}

/** Reason and message of the first failure. */
export function fitRejection(failure: FitFailure): Rejection {
  if (failure.kind === "predicate") {
    return { reason: failure.name, message: `Predicate ${failure.name} failed: ${failure.description}` };
  }
  const { resource, requested, used, capacity } = failure;
  return {
    reason: `OutOf${resource}`,
    message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}

/** The pod says which system it is for, and it is not this one. */
export function systemRejection(pod: Pod): Rejection | undefined {
  const label = pod.metadata.labels?.["kubernetes.io/os"];
  if (label !== undefined && label !== "linux") {
    return {
      reason: "PodOSSelectorNodeLabelDoesNotMatch",
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    };
  }
  if (pod.spec.os === undefined || pod.spec.os.name === "linux") return undefined;
  return { reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS" };
}
