/** Volumes that carry zone labels, and the nodes of those zones (upstream: `plugins/volumezone`). */
import type { PersistentVolume } from "../../shared/api/generated/core/v1.ts";
import { isFullyBound } from "../../shared/machinery/claims.ts";
import { BitSet } from "../framework/bit-set.ts";
import type { NodeColumns } from "../framework/node-columns.ts";
import { definePlugin, type Plugin } from "../framework/plugin.ts";
import type { VolumeWorld } from "../framework/volume-world.ts";
import { podClaims } from "./pod-claims.ts";

/** Each label with the name it had before. */
const TOPOLOGY_LABELS: readonly (readonly [string, string])[] = [
  ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"],
  ["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"],
];
/** Between the zones of a volume that is in several. */
const SEPARATOR = "__";

/** Nodes without any zone: they are in none, and in all. */
function zoneless(nodes: NodeColumns): BitSet {
  const found = new BitSet(nodes.capacity);
  found.copyFrom(nodes.present);
  for (const names of TOPOLOGY_LABELS) for (const name of names) found.deleteAll(nodes.labels.withKey(name));
  return found;
}

/** Nodes in the zones of all volumes; undefined when no volume has any. */
function inZones(nodes: NodeColumns, volumes: readonly PersistentVolume[]): BitSet | undefined {
  let allowed: BitSet | undefined;
  for (const { metadata } of volumes) {
    for (const names of TOPOLOGY_LABELS) {
      for (const name of names) {
        const values = metadata.labels?.[name]?.split(SEPARATOR);
        if (values === undefined) continue;
        const having = zoneless(nodes);
        for (const value of values) for (const other of names) having.addAll(nodes.labels.withValue(other, value));
        if (allowed === undefined) allowed = having;
        else allowed.keepOnly(having);
      }
    }
  }
  return allowed;
}

export const volumeZone = (world: VolumeWorld): Plugin =>
  definePlugin<BitSet>({
    name: "VolumeZone",
    wakesOn: [
      "NodeAdded",
      "NodeLabelsChanged",
      "PersistentVolumeClaimChanged",
      "PersistentVolumeChanged",
      "StorageClassChanged",
    ],
    prepare: (pod, nodes) => {
      const found = podClaims(pod, world);
      if (found === undefined || found.kind === "refused") return undefined;
      const bound = found.claims.filter(isFullyBound);
      return inZones(
        nodes,
        bound.flatMap(({ spec }) => world.volume(spec.volumeName ?? "") ?? []),
      );
    },
    filter: (allowed, _nodes, candidates) => candidates.keepOnly(allowed),
    explain: () => ({ reasons: ["node(s) had no available volume zone"], isResolvable: false }),
  });
