/**
 * Claims and the nodes where they can be had (upstream: `plugins/volumebinding`): bound ones where their volumes are,
 * those that wait for a pod where a volume fits or can be made.
 */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import { isFullyBound, requestOf, SELECTED_NODE, storageClassNameOf } from "../../shared/machinery/claims.ts";
import { compareQuantities } from "../../shared/machinery/quantity.ts";
import { suitableVolumes } from "../../shared/machinery/volume-matching.ts";
import { BitSet } from "../framework/bit-set.ts";
import type { NodeColumns } from "../framework/node-columns.ts";
import { definePlugin, type Plugin } from "../framework/plugin.ts";
import type { VolumeDecision, VolumeWorld } from "../framework/volume-world.ts";
import { podClaims } from "./pod-claims.ts";
import { provisionableOn, reachableFrom, withRoomFor } from "./volume-nodes.ts";

/** A claim that waits for a pod. */
interface DelayedClaim {
  readonly claim: PersistentVolumeClaim;
  /** The best first; each with the nodes that it can be used on. */
  readonly volumes: readonly { readonly volume: PersistentVolume; readonly nodes: BitSet }[];
  readonly provisionable: BitSet;
  readonly roomy: BitSet;
  readonly selectedNode: string | undefined;
}

interface Wanted {
  readonly refusal?: string | undefined;
  readonly isVolumeMissing: boolean;
  /** Nodes where all volumes of bound claims can be used. */
  readonly reachable: BitSet | undefined;
  readonly delayed: readonly DelayedClaim[];
}

const UNBOUND_IMMEDIATE = "pod has unbound immediate PersistentVolumeClaims";
const NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity";
const BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind";
const NO_ROOM = "node(s) did not have enough free storage";
const VOLUME_MISSING = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

const refused = (refusal: string): Wanted => ({ refusal, isVolumeMissing: false, reachable: undefined, delayed: [] });

function prepare(pod: Pod, nodes: NodeColumns, world: VolumeWorld): Wanted | undefined {
  const found = podClaims(pod, world);
  if (found === undefined) return undefined;
  if (found.kind === "refused") return refused(found.message);
  const bound = found.claims.filter(isFullyBound);
  const unbound = found.claims.filter((claim) => !isFullyBound(claim));
  const isDelayed = (claim: PersistentVolumeClaim): boolean =>
    (claim.spec.volumeName ?? "") === "" &&
    world.storageClass(storageClassNameOf(claim))?.volumeBindingMode === "WaitForFirstConsumer";
  if (!unbound.every(isDelayed)) return refused(UNBOUND_IMMEDIATE);
  const volumes = bound.map(({ spec }) => world.volume(spec.volumeName ?? ""));
  const limited = volumes.filter((volume) => volume?.spec.nodeAffinity?.required !== undefined);
  return {
    isVolumeMissing: volumes.includes(undefined),
    reachable: limited.length === 0 ? undefined : reachableBy(nodes, limited),
    delayed: unbound
      .toSorted((left, right) => compareQuantities(requestOf(left), requestOf(right)))
      .map((claim) => delayedClaim(claim, nodes, world)),
  };
}

function reachableBy(nodes: NodeColumns, volumes: readonly (PersistentVolume | undefined)[]): BitSet {
  const reachable = new BitSet(nodes.capacity);
  reachable.copyFrom(nodes.present);
  for (const volume of volumes) if (volume !== undefined) reachable.keepOnly(reachableFrom(nodes, volume));
  return reachable;
}

function delayedClaim(claim: PersistentVolumeClaim, nodes: NodeColumns, world: VolumeWorld): DelayedClaim {
  const storageClass = world.storageClass(storageClassNameOf(claim));
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  // A node that is gone makes no volume any more: the claim is free to go elsewhere.
  const selectedNode = selected === undefined || nodes.indexOf(selected) === undefined ? undefined : selected;
  // A claim whose volume is being made takes no other one.
  const suitable = selectedNode === undefined ? suitableVolumes(claim, world.volumesFor(claim)) : [];
  return {
    claim,
    volumes: suitable.map((volume) => ({ volume, nodes: reachableFrom(nodes, volume) })),
    provisionable: provisionableOn(nodes, storageClass),
    roomy: withRoomFor(nodes, claim, storageClass, world),
    selectedNode,
  };
}

/** What each claim would get on that node; a text when one gets nothing. */
function decide(delayed: readonly DelayedClaim[], nodes: NodeColumns, index: number): VolumeDecision | string {
  const bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const provisions: PersistentVolumeClaim[] = [];
  const chosen = new Set<PersistentVolume>();
  for (const { claim, volumes, provisionable, roomy, selectedNode } of delayed) {
    if (selectedNode !== undefined && selectedNode !== nodes.names[index]) return BIND_CONFLICT;
    const match = volumes.find(({ volume, nodes: reachable }) => reachable.has(index) && !chosen.has(volume));
    if (match !== undefined) {
      chosen.add(match.volume);
      bindings.push({ claim, volume: match.volume });
      continue;
    }
    if (!provisionable.has(index)) return BIND_CONFLICT;
    if (!roomy.has(index)) return NO_ROOM;
    provisions.push(claim);
  }
  return { bindings, provisions };
}

export const volumeBinding = (world: VolumeWorld): Plugin =>
  definePlugin<Wanted>({
    name: "VolumeBinding",
    wakesOn: [
      "NodeAdded",
      "NodeLabelsChanged",
      "PersistentVolumeClaimChanged",
      "PersistentVolumeChanged",
      "StorageClassChanged",
      "CSIDriverChanged",
    ],
    prepare: (pod, nodes) => prepare(pod, nodes, world),
    refuse: ({ refusal }) => refusal,
    filter: ({ isVolumeMissing, reachable, delayed }, nodes, candidates) => {
      if (isVolumeMissing) return candidates.clear();
      if (reachable !== undefined) candidates.keepOnly(reachable);
      if (delayed.length === 0) return;
      for (let index = candidates.next(0); index >= 0; index = candidates.next(index + 1)) {
        if (typeof decide(delayed, nodes, index) === "string") candidates.delete(index);
      }
    },
    explain: ({ isVolumeMissing, reachable, delayed }, nodes, index) => {
      const decision = decide(delayed, nodes, index);
      const reasons = [
        ...(reachable?.has(index) === false ? [NODE_CONFLICT] : []),
        ...(typeof decision === "string" ? [decision] : []),
        ...(isVolumeMissing ? [VOLUME_MISSING] : []),
      ];
      return { reasons, isResolvable: false };
    },
    reserve: ({ delayed }, nodes, index) => {
      if (delayed.length === 0) return undefined;
      const decision = decide(delayed, nodes, index);
      return typeof decision === "string" ? undefined : decision;
    },
  });
