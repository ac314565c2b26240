/** Which ReplicaSet of a Deployment is the new one, and how one is made (upstream: `sync.go`). */
import type { Deployment, ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import type { PodTemplateSpec } from "../../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { controllerReference } from "../../../shared/machinery/ownership.ts";
import { podTemplateHash } from "../../../shared/machinery/template-hash.ts";
import { deployments } from "../../../shared/resources/catalog.ts";
import type { Draft } from "../../../shared/resources/resource.ts";
import { timeOf } from "../../runtime/timestamp.ts";
import { newReplicaSetAnnotations } from "./revision.ts";

const TEMPLATE_HASH = "pod-template-hash";

/** The ReplicaSets of a Deployment: the one with its template, when there is one, and all others, oldest first. */
export interface ReplicaSets {
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
  readonly all: readonly ReplicaSet[];
}

export function oldestFirst(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  const createdAt = ({ metadata }: ReplicaSet): number => timeOf(metadata.creationTimestamp) ?? 0;
  const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return replicaSets.toSorted((a, b) => createdAt(a) - createdAt(b) || byName(a.metadata.name, b.metadata.name));
}

/** Sorts the owned ReplicaSets; the oldest with the right template is the new one, so that all runs choose the same. */
export function sortOut(deployment: Deployment, owned: readonly ReplicaSet[]): ReplicaSets {
  const all = oldestFirst(owned);
  const newest = all.find(({ spec }) => hasSameTemplate(spec.template, deployment.spec.template));
  return { newest, old: all.filter((each) => each !== newest), all };
}

/** True when the templates differ in nothing but the hash label, and in empty lists that may as well be missing. */
export function hasSameTemplate(left: PodTemplateSpec | undefined, right: PodTemplateSpec | undefined): boolean {
  return deepEqual(withoutEmptyLists(withoutHash(left)), withoutEmptyLists(withoutHash(right)));
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [TEMPLATE_HASH]: _, ...labels } = template?.metadata?.labels ?? {};
  const { creationTimestamp: __, ...metadata } = template?.metadata ?? {};
  return { ...template, metadata: { ...metadata, labels } };
}

function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists);
  if (typeof value !== "object" || value === null) return value;
  const isEmptyList = (field: unknown): boolean => field === null || (Array.isArray(field) && field.length === 0);
  const fields = Object.entries(value).filter(([, field]) => !isEmptyList(field));
  return Object.fromEntries(fields.map(([key, field]) => [key, withoutEmptyLists(field)]));
}

/** The name that the new ReplicaSet of the present template gets. */
export function newReplicaSetName(deployment: Deployment): string {
  return `${deployment.metadata.name}-${hashOf(deployment)}`;
}

function hashOf({ spec, status }: Deployment): string {
  return podTemplateHash(spec.template, status?.collisionCount);
}

export function newReplicaSet(deployment: Deployment, replicas: number, revision: number): Draft<ReplicaSet> {
  const hash = hashOf(deployment);
  const { template, selector, minReadySeconds } = deployment.spec;
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash };
  return {
    metadata: {
      name: newReplicaSetName(deployment),
      namespace: deployment.metadata.namespace,
      labels,
      annotations: newReplicaSetAnnotations(deployment, undefined, revision),
      ownerReferences: [controllerReference(deployment, deployments)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** Pods that the ReplicaSets were told to have. */
export function specReplicas(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0);
}

export function availableReplicas(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
}

export const isScaledUp = ({ spec }: ReplicaSet): boolean => (spec.replicas ?? 1) > 0;
