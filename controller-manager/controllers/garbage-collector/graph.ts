/**
 * Who owns whom, as the informers tell it (upstream: `garbagecollector/graph_builder.go`, `graph.go`).
 *
 * Invariants:
 * G1 A node per UID. An owner that somebody names and no informer has told of is a virtual node, until it is seen,
 *    or proved to be absent.
 * G2 `dependents` of a node are exactly the nodes that name its UID as an owner.
 * G3 A UID whose deletion was seen is absent for ever: UIDs are never used again.
 */
import type { OwnerReference } from "../../../shared/api/generated/meta/v1.ts";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import type { DiscoveredResource } from "../../discovery/discovery.ts";

export const ORPHAN_FINALIZER = "orphan";
export const FOREGROUND_FINALIZER = "foregroundDeletion";
/** UIDs known to be absent that are remembered; older ones are proved again when needed. */
const ABSENT_UIDS_MAX = 10_000;

export interface GraphNode {
  readonly uid: string;
  /** The object as seen last; nothing for a virtual node. */
  object: KubeObject | undefined;
  resource: DiscoveredResource | undefined;
  /** Where a virtual node is said to be. */
  readonly claimedAt: { readonly reference: OwnerReference; readonly namespace: string | undefined } | undefined;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
}

/** Work that a change calls for. */
export interface GraphWork {
  /** Nodes whose owners are to be checked. */
  readonly toCheck: readonly string[];
  /** Nodes whose dependents are to be orphaned. */
  readonly toOrphan: readonly string[];
}

export const isBeingDeleted = ({ object }: GraphNode): boolean => object?.metadata.deletionTimestamp !== undefined;
const hasFinalizer = ({ object }: GraphNode, name: string): boolean =>
  object?.metadata.finalizers?.includes(name) === true;
/** The node stays until its blocking dependents are gone. */
export const waitsForDependents = (node: GraphNode): boolean =>
  isBeingDeleted(node) && hasFinalizer(node, FOREGROUND_FINALIZER);
export const orphansDependents = (node: GraphNode): boolean =>
  isBeingDeleted(node) && hasFinalizer(node, ORPHAN_FINALIZER);

export class OwnershipGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #absent = new Set<string>();

  get size(): number {
    return this.#nodes.size;
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** True when the deletion of that UID was seen or proved (G3). */
  isAbsent(uid: string): boolean {
    return this.#absent.has(uid);
  }

  /** Takes in an object that was added or changed. */
  put(resource: DiscoveredResource, object: KubeObject): GraphWork {
    const { uid = "", ownerReferences = [] } = object.metadata;
    if (uid === "") return { toCheck: [], toOrphan: [] };
    const toCheck: string[] = [];
    const present = this.#nodes.get(uid);
    const before = present?.owners ?? [];
    const node = present ?? this.#newNode(uid, undefined);
    node.object = object;
    node.resource = resource;
    node.owners = ownerReferences;
    toCheck.push(...this.#unlink(node, before), ...this.#link(node, object.metadata.namespace));
    // An owner that is known to be gone calls for a look at once; so does one that waits for this node.
    if (ownerReferences.some((owner) => this.#absent.has(owner.uid))) toCheck.push(uid);
    if (waitsForDependents(node)) toCheck.push(uid, ...[...node.dependents].map((dependent) => dependent.uid));
    toCheck.push(...waitingOwners(node, this.#nodes));
    return { toCheck, toOrphan: orphansDependents(node) ? [uid] : [] };
  }

  /** Takes out an object that was deleted, or a virtual node that was proved to be absent. */
  remove(uid: string): GraphWork {
    this.#markAbsent(uid);
    const node = this.#nodes.get(uid);
    if (node === undefined) return { toCheck: [], toOrphan: [] };
    const toCheck = [...node.dependents].map((dependent) => dependent.uid);
    for (const { uid: ownerUid } of node.owners) {
      const owner = this.#nodes.get(ownerUid);
      owner?.dependents.delete(node);
      if (owner !== undefined && waitsForDependents(owner)) toCheck.push(ownerUid);
      this.#dropIfUnused(owner);
    }
    node.owners = [];
    node.object = undefined;
    this.#nodes.delete(uid);
    return { toCheck, toOrphan: [] };
  }

  /** Links the node to its owners; gives the virtual ones, which must be looked up. */
  #link(node: GraphNode, namespace: string | undefined): string[] {
    const toCheck: string[] = [];
    for (const reference of node.owners) {
      const known = this.#nodes.get(reference.uid);
      if (known === undefined && this.#absent.has(reference.uid)) continue;
      const owner = known ?? this.#newNode(reference.uid, { reference, namespace });
      owner.dependents.add(node);
      if (owner.object === undefined) toCheck.push(owner.uid);
    }
    return toCheck;
  }

  /** Unlinks owners that the node names no longer; gives those that waited for it. */
  #unlink(node: GraphNode, before: readonly OwnerReference[]): string[] {
    const toCheck: string[] = [];
    for (const { uid } of before) {
      if (node.owners.some((reference) => reference.uid === uid)) continue;
      const owner = this.#nodes.get(uid);
      owner?.dependents.delete(node);
      if (owner !== undefined && waitsForDependents(owner)) toCheck.push(uid);
      this.#dropIfUnused(owner);
    }
    return toCheck;
  }

  #newNode(uid: string, claimedAt: GraphNode["claimedAt"]): GraphNode {
    const node: GraphNode = {
      uid,
      object: undefined,
      resource: undefined,
      claimedAt,
      owners: [],
      dependents: new Set(),
    };
    this.#nodes.set(uid, node);
    return node;
  }

  #dropIfUnused(node: GraphNode | undefined): void {
    if (node !== undefined && node.object === undefined && node.dependents.size === 0) this.#nodes.delete(node.uid);
  }

  #markAbsent(uid: string): void {
    this.#absent.add(uid);
    if (this.#absent.size <= ABSENT_UIDS_MAX) return;
    const [oldest] = this.#absent;
    if (oldest !== undefined) this.#absent.delete(oldest);
  }
}

/** Owners that wait for their dependents, for which a change of this one may be the last. */
function waitingOwners(node: GraphNode, nodes: ReadonlyMap<string, GraphNode>): string[] {
  return node.owners.flatMap(({ uid }) => {
    const owner = nodes.get(uid);
    return owner !== undefined && waitsForDependents(owner) ? [uid] : [];
  });
}
