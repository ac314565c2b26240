/** Revisions and the annotations of a Deployment's ReplicaSets (upstream: `deployment_util.go`). */
import type { Deployment, ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import { maxSurge, wantedReplicas } from "./fenceposts.ts";

export const REVISION = "deployment.kubernetes.io/revision";
export const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";

/** Annotations that belong to one object and are never copied from the Deployment. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  "deprecated.deployment.rollback.to",
]);

/** Longest history that is kept in the annotation. */
const REVISION_HISTORY_CHARS_MAX = 2000;

type Annotations = Readonly<Record<string, string>>;

/** Revision of a Deployment or ReplicaSet; 0 when it has none, or none that can be read. */
export function revisionOf(object: { metadata: { annotations?: Annotations | undefined } }): number {
  return integerAt(object.metadata.annotations, REVISION) ?? 0;
}

export function maxRevision(replicaSets: readonly ReplicaSet[]): number {
  return Math.max(0, ...replicaSets.map(revisionOf));
}

export function integerAt(annotations: Annotations | undefined, key: string): number | undefined {
  const text = annotations?.[key];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The annotations that tell later scalings for which size this ReplicaSet was scaled. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = wantedReplicas(deployment);
  return { [DESIRED_REPLICAS]: String(wanted), [MAX_REPLICAS]: String(wanted + maxSurge(deployment)) };
}

/** Annotations that the new ReplicaSet must have at `revision`, given those it has; `undefined` when it is new. */
export function newReplicaSetAnnotations(
  deployment: Deployment,
  present: Annotations | undefined,
  revision: number,
): Record<string, string> {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key));
  const own = { ...present, ...Object.fromEntries(copied) };
  if (present === undefined) return { ...own, ...sizeAnnotations(deployment), [REVISION]: String(revision) };
  const old = integerAt(present, REVISION) ?? 0;
  if (old >= revision) return own;
  const isRollback = present[REVISION] !== undefined;
  return { ...own, ...(isRollback ? { [REVISION_HISTORY]: history(present, old) } : {}), [REVISION]: String(revision) };
}

function history(annotations: Annotations, old: number): string {
  const past = annotations[REVISION_HISTORY];
  const revisions = [...(past === undefined || past === "" ? [] : past.split(",")), String(old)];
  while (revisions.join(",").length > REVISION_HISTORY_CHARS_MAX) revisions.shift();
  return revisions.join(",");
}
