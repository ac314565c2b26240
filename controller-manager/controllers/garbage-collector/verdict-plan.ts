/** What is to be done with one object, by the graph (upstream: `garbagecollector.go` `attemptToDeleteItem`). */
import type { OwnerReference } from "../../../shared/api/generated/meta/v1.ts";
import {
  FOREGROUND_FINALIZER,
  type GraphNode,
  isBeingDeleted,
  ORPHAN_FINALIZER,
  type OwnershipGraph,
  waitsForDependents,
} from "./graph.ts";

export type GcVerdict =
  | { readonly kind: "keep" }
  /** An owner that nobody has told of: only a live read can say whether it is there. */
  | { readonly kind: "lookUp"; readonly uid: string }
  | { readonly kind: "delete"; readonly propagation: "Background" | "Foreground" | "Orphan" }
  /** Take these owners out, the object has others. */
  | { readonly kind: "dropOwners"; readonly uids: readonly string[] }
  /** All blocking dependents are gone. */
  | { readonly kind: "finishForeground" }
  /** Blocking dependents are still there: each has to be looked at. */
  | { readonly kind: "awaitDependents"; readonly uids: readonly string[] }
  /** A circle of objects that wait for each other: let this one's dependents block nobody, then delete it. */
  | { readonly kind: "breakCircle"; readonly dependents: readonly string[] };

const KEEP: GcVerdict = { kind: "keep" };

export function judge(graph: OwnershipGraph, node: GraphNode): GcVerdict {
  if (node.object === undefined) return { kind: "lookUp", uid: node.uid };
  if (waitsForDependents(node)) return judgeWaiting(node);
  if (isBeingDeleted(node) || node.owners.length === 0) return KEEP;
  return judgeByOwners(graph, node);
}

/** An owner that is deleted in the foreground. */
function judgeWaiting(node: GraphNode): GcVerdict {
  const blocking = [...node.dependents].filter((dependent) => blocksOwner(dependent, node.uid));
  if (blocking.length === 0) return { kind: "finishForeground" };
  return { kind: "awaitDependents", uids: blocking.filter((each) => !waitsForDependents(each)).map(({ uid }) => uid) };
}

function blocksOwner(dependent: GraphNode, ownerUid: string): boolean {
  return dependent.owners.some(({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true);
}

function judgeByOwners(graph: OwnershipGraph, node: GraphNode): GcVerdict {
  const gone: OwnerReference[] = [];
  const waiting: OwnerReference[] = [];
  let hasSolid = false;
  for (const reference of node.owners) {
    const owner = graph.get(reference.uid);
    if (graph.isAbsent(reference.uid)) gone.push(reference);
    else if (owner?.object === undefined) return { kind: "lookUp", uid: reference.uid };
    else if (waitsForDependents(owner)) waiting.push(reference);
    else hasSolid = true;
  }
  if (hasSolid) {
    const uids = [...gone, ...waiting].map(({ uid }) => uid);
    return uids.length === 0 ? KEEP : { kind: "dropOwners", uids };
  }
  if (waiting.length > 0 && node.dependents.size > 0) {
    const circular = [...node.dependents].filter(waitsForDependents);
    if (circular.length > 0) return { kind: "breakCircle", dependents: circular.map(({ uid }) => uid) };
    return { kind: "delete", propagation: "Foreground" };
  }
  return { kind: "delete", propagation: ownPropagation(node) };
}

/** A finalizer that is there already says how the object is to be deleted. */
function ownPropagation({ object }: GraphNode): "Background" | "Foreground" | "Orphan" {
  const finalizers = object?.metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN_FINALIZER)) return "Orphan";
  return finalizers.includes(FOREGROUND_FINALIZER) ? "Foreground" : "Background";
}
