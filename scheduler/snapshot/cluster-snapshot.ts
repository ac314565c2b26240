/**
 * The cluster as the scheduler believes it to be (upstream: `pkg/scheduler/backend/cache`): columns of nodes, and the
 * pods on them, those that it has just placed among them.
 *
 * Invariants:
 * C1 A pod is counted once, on the node it is or will be on, whatever the order in which news arrives.
 * C2 An assumed pod counts until the API says where it is (`putPod`), that it is gone (`removePod`), or until binding
 *    it failed (`forget`). It does not expire: informers tell the end of every pod that they told the beginning of.
 * C3 Pods of a node that is not (or no longer) known are kept, and count as soon as the node appears.
 */
import type { Node, Pod } from "../../shared/api/generated/core/v1.ts";
import { claimsOf } from "../../shared/machinery/claims.ts";
import { hostPortsOf } from "../../shared/machinery/host-ports.ts";
import { NodeColumns, type PodFootprint } from "../framework/node-columns.ts";
import type { ClusterEvent } from "../framework/plugin.ts";
import { podRequests } from "../../shared/machinery/pod-requests.ts";

interface PlacedPod {
  readonly pod: Pod;
  readonly nodeName: string;
  readonly footprint: PodFootprint;
  readonly isAssumed: boolean;
}

/** Identity of a pod: another pod of the same name is another pod. */
export const uidOf = (pod: Pod): string => pod.metadata.uid ?? `${pod.metadata.namespace ?? ""}/${pod.metadata.name}`;

const NO_KEYS: readonly string[] = [];

const claimKeysOf = (pod: Pod): readonly string[] =>
  pod.spec?.volumes === undefined
    ? NO_KEYS
    : claimsOf(pod).map(({ claimName }) => `${pod.metadata.namespace ?? ""}/${claimName}`);

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** What changed from one state of a node to the next, as far as placing pods is concerned. */
function nodeEvents(previous: Node, next: Node): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (!isSame(previous.status?.allocatable, next.status?.allocatable)) events.push("NodeAllocatableChanged");
  if (!isSame(previous.metadata.labels, next.metadata.labels)) events.push("NodeLabelsChanged");
  const isTaintSame = isSame(previous.spec?.taints, next.spec?.taints);
  if (!isTaintSame || previous.spec?.unschedulable !== next.spec?.unschedulable) events.push("NodeTaintsChanged");
  return events;
}

export class ClusterSnapshot {
  readonly columns = new NodeColumns();
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, PlacedPod>();
  readonly #podsOf = new Map<string, Set<string>>();
  /** Pods by `namespace/name` of the claims that they use. */
  readonly #podsUsing = new Map<string, Set<string>>();

  get nodeCount(): number {
    return this.#nodes.size;
  }

  get podCount(): number {
    return this.#pods.size;
  }

  get assumedCount(): number {
    let count = 0;
    for (const placed of this.#pods.values()) if (placed.isAssumed) count++;
    return count;
  }

  /** Adds or updates a node; says what that may change for waiting pods. */
  putNode(node: Node): ClusterEvent[] {
    const name = node.metadata.name;
    const previous = this.#nodes.get(name);
    const events: ClusterEvent[] = previous === undefined ? ["NodeAdded"] : nodeEvents(previous, node);
    this.#nodes.set(name, node);
    if (events.length === 0) return events;
    const index = this.columns.put(node);
    if (previous !== undefined) return events;
    for (const uid of this.#podsOf.get(name) ?? []) {
      const placed = this.#pods.get(uid);
      if (placed !== undefined) this.columns.charge(index, placed.footprint, 1);
    }
    return events;
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
    this.columns.remove(name);
  }

  /** A pod that the API says is on a node: new, changed, or the confirmation of an assumed one (C1, C2). */
  putPod(pod: Pod): void {
    const nodeName = pod.spec?.nodeName;
    if (nodeName !== undefined && nodeName !== "") this.#place(pod, nodeName, false);
  }

  /** Counts a pod on a node before the API has heard of it. */
  assume(pod: Pod, nodeName: string): void {
    this.#place(pod, nodeName, true);
  }

  /** Takes an assumption back; does nothing when the API has confirmed it in the meantime. */
  forget(pod: Pod): void {
    if (this.#pods.get(uidOf(pod))?.isAssumed === true) this.#remove(uidOf(pod));
  }

  isAssumed(pod: Pod): boolean {
    return this.#pods.get(uidOf(pod))?.isAssumed === true;
  }

  /** Pods that are, or will be, on a node. */
  podsOn(nodeName: string): Pod[] {
    return this.#podsIn(this.#podsOf.get(nodeName));
  }

  /** Pods with a node that use the claim. */
  podsUsing(claimKey: string): Pod[] {
    return this.#podsIn(this.#podsUsing.get(claimKey));
  }

  #podsIn(uids: ReadonlySet<string> = new Set()): Pod[] {
    return [...uids].flatMap((uid) => this.#pods.get(uid)?.pod ?? []);
  }

  /** True when the pod was counted. */
  removePod(pod: Pod): boolean {
    return this.#remove(uidOf(pod));
  }

  #place(pod: Pod, nodeName: string, isAssumed: boolean): void {
    const uid = uidOf(pod);
    this.#remove(uid);
    const footprint = { requests: podRequests(pod), hostPorts: hostPortsOf(pod) };
    this.#pods.set(uid, { pod, nodeName, footprint, isAssumed });
    const onNode = this.#podsOf.get(nodeName) ?? new Set<string>();
    this.#podsOf.set(nodeName, onNode.add(uid));
    for (const key of claimKeysOf(pod)) this.#podsUsing.set(key, (this.#podsUsing.get(key) ?? new Set()).add(uid));
    const index = this.columns.indexOf(nodeName);
    if (index !== undefined) this.columns.charge(index, footprint, 1);
  }

  #remove(uid: string): boolean {
    const placed = this.#pods.get(uid);
    if (placed === undefined) return false;
    this.#pods.delete(uid);
    const onNode = this.#podsOf.get(placed.nodeName);
    onNode?.delete(uid);
    if (onNode?.size === 0) this.#podsOf.delete(placed.nodeName);
    for (const key of claimKeysOf(placed.pod)) {
      const using = this.#podsUsing.get(key);
      using?.delete(uid);
      if (using?.size === 0) this.#podsUsing.delete(key);
    }
    const index = this.columns.indexOf(placed.nodeName);
    if (index !== undefined) this.columns.charge(index, placed.footprint, -1);
    return true;
  }
}
