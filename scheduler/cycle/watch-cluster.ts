/** Feeds queue and snapshot from the API (upstream: `pkg/scheduler/eventhandlers.go`). */
import type { Node, Pod } from "../../shared/api/generated/core/v1.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import type { SchedulingQueue } from "../queue/scheduling-queue.ts";
import type { ClusterSnapshot } from "../snapshot/cluster-snapshot.ts";

export interface ClusterHandlers {
  readonly queue: SchedulingQueue;
  readonly snapshot: ClusterSnapshot;
  /** True for pods that name a scheduler which this process is. */
  isOurs(pod: Pod): boolean;
  /** The pod waits no longer: it has a node, has ended or is gone. */
  onLeave(pod: Pod): void;
}

const isOnNode = (pod: Pod): boolean => pod.spec?.nodeName !== undefined && pod.spec.nodeName !== "";
const hasEnded = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
const requestsText = (pod: Pod): string =>
  JSON.stringify([pod.metadata.labels, pod.spec?.containers.map(({ resources }) => resources)]);

function removePod({ queue, snapshot, onLeave }: ClusterHandlers, pod: Pod): void {
  queue.remove(pod);
  onLeave(pod);
  // While its binding is under way, who assumed the pod forgets it.
  const mayRemove = isOnNode(pod) || !queue.isInFlight(pod);
  if (mayRemove && snapshot.removePod(pod)) queue.wake(["AssignedPodDeleted"]);
}

function putPod(handlers: ClusterHandlers, pod: Pod, previous: Pod | undefined): void {
  const { queue, snapshot } = handlers;
  if (hasEnded(pod)) return removePod(handlers, pod);
  if (isOnNode(pod)) {
    queue.remove(pod);
    handlers.onLeave(pod);
    snapshot.putPod(pod);
    const isChanged = previous !== undefined && isOnNode(previous) && requestsText(previous) !== requestsText(pod);
    if (isChanged) queue.wake(["AssignedPodUpdated"]);
  } else if (handlers.isOurs(pod) && (queue.isInFlight(pod) || !snapshot.isAssumed(pod))) {
    // A pod that is bound and not yet confirmed is no news.
    queue.put(pod);
  }
}

/** Connects the informers; they may already run. */
export function watchCluster(pods: Informer<Pod>, nodes: Informer<Node>, handlers: ClusterHandlers): void {
  const { queue, snapshot } = handlers;
  nodes.addHandlers({
    onAdd: (node) => queue.wake(snapshot.putNode(node)),
    onUpdate: (node) => queue.wake(snapshot.putNode(node)),
    onDelete: (node) => snapshot.removeNode(node.metadata.name),
  });
  pods.addHandlers({
    onAdd: (pod) => putPod(handlers, pod, undefined),
    onUpdate: (pod, previous) => putPod(handlers, pod, previous),
    onDelete: (pod) => removePod(handlers, pod),
  });
}
