/** On which nodes volumes can be used or made, as sets of nodes. */
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  TopologySelectorTerm,
} from "../../shared/api/generated/core/v1.ts";
import type { CSIStorageCapacity, StorageClass } from "../../shared/api/generated/storage/v1.ts";
import { requestOf } from "../../shared/machinery/claims.ts";
import { compareQuantities } from "../../shared/machinery/quantity.ts";
import { BitSet } from "../framework/bit-set.ts";
import type { NodeColumns } from "../framework/node-columns.ts";
import type { VolumeWorld } from "../framework/volume-world.ts";
import { matchingAnyTerm, matchingTerm } from "./node-terms.ts";

const NO_PROVISIONER = "kubernetes.io/no-provisioner";

function all(nodes: NodeColumns): BitSet {
  const found = new BitSet(nodes.capacity);
  found.copyFrom(nodes.present);
  return found;
}

/** Where a volume can be used. */
export function reachableFrom(nodes: NodeColumns, { spec }: PersistentVolume): BitSet {
  const required = spec.nodeAffinity?.required;
  return required === undefined ? all(nodes) : matchingAnyTerm(nodes, required.nodeSelectorTerms);
}

/** Where a volume of the class can be made; nowhere when nobody makes any. */
export function provisionableOn(nodes: NodeColumns, storageClass: StorageClass | undefined): BitSet {
  if (storageClass === undefined || ["", NO_PROVISIONER].includes(storageClass.provisioner)) return new BitSet();
  const { allowedTopologies = [] } = storageClass;
  if (allowedTopologies.length === 0) return all(nodes);
  const found = new BitSet(nodes.capacity);
  for (const term of allowedTopologies) found.addAll(inTopology(nodes, term));
  return found;
}

function inTopology(nodes: NodeColumns, { matchLabelExpressions = [] }: TopologySelectorTerm): BitSet {
  if (matchLabelExpressions.length === 0) return new BitSet();
  const found = all(nodes);
  for (const { key, values } of matchLabelExpressions) {
    const having = new BitSet(nodes.capacity);
    for (const value of values) having.addAll(nodes.labels.withValue(key, value));
    found.keepOnly(having);
  }
  return found;
}

/** Where a driver that tells how much room it has has enough; everywhere when it does not tell. */
export function withRoomFor(
  nodes: NodeColumns,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  world: VolumeWorld,
): BitSet {
  const tells = storageClass !== undefined && world.csiDriver(storageClass.provisioner)?.spec.storageCapacity === true;
  if (!tells) return all(nodes);
  const found = new BitSet(nodes.capacity);
  for (const capacity of world.capacitiesOf(storageClass.metadata.name)) {
    const limit = capacity.maximumVolumeSize ?? capacity.capacity;
    if (limit !== undefined && compareQuantities(limit, requestOf(claim)) >= 0) found.addAll(segment(nodes, capacity));
  }
  return found;
}

/** The nodes that a capacity is about; none without a topology. */
function segment(nodes: NodeColumns, { nodeTopology }: CSIStorageCapacity): BitSet {
  if (nodeTopology === undefined) return new BitSet();
  const labels = Object.entries(nodeTopology.matchLabels ?? {});
  const matchExpressions = [
    ...labels.map(([key, value]) => ({ key, operator: "In", values: [value] })),
    ...(nodeTopology.matchExpressions ?? []),
  ];
  return matchExpressions.length === 0 ? all(nodes) : matchingTerm(nodes, { matchExpressions });
}
