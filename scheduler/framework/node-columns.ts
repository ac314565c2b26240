/**
 * Nodes as columns: number `i` of every array is one node (upstream: `NodeInfo`, an object per node).
 *
 * Invariants:
 * N1 A node keeps its number until it is removed; numbers of removed nodes are used again.
 * N2 `free[r][i]` is allocatable minus the requests of all pods that are or will be on node `i`.
 * N3 Only the snapshot changes columns; plugins read them.
 */
import type { Node, Taint } from "../../shared/api/generated/core/v1.ts";
import { BitSet } from "./bit-set.ts";
import type { HostPort } from "../../shared/machinery/host-ports.ts";
import { LabelIndex } from "./label-index.ts";
import { amountOf, type PodRequests } from "../../shared/machinery/pod-requests.ts";

/** Numbers of the resources that every node has; extended resources get the next numbers. */
export const CPU = 0;
export const MEMORY = 1;
export const PODS = 3;
const FIRST_RESOURCES = ["cpu", "memory", "ephemeral-storage", "pods"];

const CAPACITY_NODES_MIN = 64;
/** Taint set of nodes without taints. */
export const NO_TAINTS = 0;

/** What a pod takes of a node. */
export interface PodFootprint {
  readonly requests: PodRequests;
  readonly hostPorts: readonly HostPort[];
}

export class NodeColumns {
  readonly present = new BitSet(CAPACITY_NODES_MIN);
  readonly unschedulable = new BitSet(CAPACITY_NODES_MIN);
  readonly labels = new LabelIndex();
  readonly names: string[] = [];
  readonly resourceNames: string[] = [...FIRST_RESOURCES];
  /** By resource number, then by node. */
  readonly allocatable: Float64Array[] = FIRST_RESOURCES.map(() => new Float64Array(CAPACITY_NODES_MIN));
  readonly free: Float64Array[] = FIRST_RESOURCES.map(() => new Float64Array(CAPACITY_NODES_MIN));
  nonZeroCpuMillis = new Float64Array(CAPACITY_NODES_MIN);
  nonZeroMemoryBytes = new Float64Array(CAPACITY_NODES_MIN);
  /** Number of the node's taints in `taintSets`: few different ones, each checked once per pod. */
  taintSetOf = new Int32Array(CAPACITY_NODES_MIN);
  readonly taintSets: (readonly Taint[])[] = [[]];
  /** Host ports in use, of the nodes that have any. */
  readonly hostPorts = new Map<number, HostPort[]>();

  readonly #indexes = new Map<string, number>();
  readonly #resourceNumbers = new Map(FIRST_RESOURCES.map((name, number) => [name, number]));
  readonly #taintSetNumbers = new Map<string, number>([["[]", NO_TAINTS]]);
  readonly #unused: number[] = [];
  readonly #labelsOf: Readonly<Record<string, string>>[] = [];
  #capacity = CAPACITY_NODES_MIN;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Length of every column; at least the highest number in use plus one. */
  get capacity(): number {
    return this.#capacity;
  }

  indexOf(name: string): number | undefined {
    return this.#indexes.get(name);
  }

  /** Number of a resource; undefined when no node was ever known to have it. */
  resourceNumber(name: string): number | undefined {
    return this.#resourceNumbers.get(name);
  }

  /** Adds the node, without pods, or brings what it says of itself up to date. */
  put(node: Node): number {
    const name = node.metadata.name;
    const known = this.#indexes.get(name);
    const index = known ?? this.#place(name);
    this.#putLabels(index, node.metadata.labels ?? {});
    this.taintSetOf[index] = this.#taintSet(node.spec?.taints ?? []);
    if (node.spec?.unschedulable === true) this.unschedulable.add(index);
    else this.unschedulable.delete(index);
    this.#putAllocatable(index, node.status?.allocatable ?? {});
    return index;
  }

  remove(name: string): void {
    const index = this.#indexes.get(name);
    if (index === undefined) return;
    this.labels.remove(index, this.#labelsOf[index] ?? {});
    this.#labelsOf[index] = {};
    this.#indexes.delete(name);
    this.present.delete(index);
    this.unschedulable.delete(index);
    this.hostPorts.delete(index);
    for (const column of [...this.free, ...this.allocatable, this.nonZeroCpuMillis, this.nonZeroMemoryBytes]) {
      column[index] = 0;
    }
    this.#unused.push(index);
    this.#count--;
  }

  /** Takes (`sign` 1) or gives back (`sign` -1) what a pod needs of node `index`. */
  charge(index: number, { requests, hostPorts }: PodFootprint, sign: 1 | -1): void {
    for (const [resource, amount] of requests.resources) {
      if (resource === "pods") continue;
      addAt(this.free[this.#internResource(resource)], index, -sign * amount);
    }
    addAt(this.free[PODS], index, -sign);
    addAt(this.nonZeroCpuMillis, index, sign * requests.nonZeroCpuMillis);
    addAt(this.nonZeroMemoryBytes, index, sign * requests.nonZeroMemoryBytes);
    if (hostPorts.length > 0) this.#chargePorts(index, hostPorts, sign);
  }

  #chargePorts(index: number, ports: readonly HostPort[], sign: 1 | -1): void {
    const used = this.hostPorts.get(index) ?? [];
    for (const port of ports) {
      if (sign === 1) {
        used.push(port);
        continue;
      }
      const at = used.findIndex((other) => other.ip === port.ip && other.socket === port.socket);
      if (at >= 0) used.splice(at, 1);
    }
    if (used.length === 0) this.hostPorts.delete(index);
    else this.hostPorts.set(index, used);
  }

  #place(name: string): number {
    const index = this.#unused.pop() ?? this.#count;
    if (index >= this.#capacity) this.#grow();
    this.#indexes.set(name, index);
    this.names[index] = name;
    this.present.add(index);
    this.#count++;
    return index;
  }

  #putLabels(index: number, labels: Readonly<Record<string, string>>): void {
    this.labels.remove(index, this.#labelsOf[index] ?? {});
    this.labels.put(index, labels);
    this.#labelsOf[index] = labels;
  }

  #putAllocatable(index: number, allocatable: Readonly<Record<string, string>>): void {
    for (const resource of Object.keys(allocatable)) this.#internResource(resource);
    for (const [number, resource] of this.resourceNames.entries()) {
      const quantity = allocatable[resource];
      const amount = quantity === undefined ? 0 : amountOf(resource, quantity);
      const column = this.allocatable[number];
      addAt(this.free[number], index, amount - (column?.[index] ?? 0));
      if (column !== undefined) column[index] = amount;
    }
  }

  #taintSet(taints: readonly Taint[]): number {
    const key = JSON.stringify(taints.map(({ key: name, value = "", effect }) => [name, value, effect]));
    const known = this.#taintSetNumbers.get(key);
    if (known !== undefined) return known;
    this.#taintSetNumbers.set(key, this.taintSets.length);
    return this.taintSets.push(taints) - 1;
  }

  #internResource(name: string): number {
    const known = this.#resourceNumbers.get(name);
    if (known !== undefined) return known;
    const number = this.resourceNames.push(name) - 1;
    this.#resourceNumbers.set(name, number);
    this.allocatable.push(new Float64Array(this.#capacity));
    this.free.push(new Float64Array(this.#capacity));
    return number;
  }

  #grow(): void {
    this.#capacity *= 2;
    const grown = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const longer = new Float64Array(this.#capacity);
      longer.set(column);
      return longer;
    };
    for (const [number, column] of this.allocatable.entries()) this.allocatable[number] = grown(column);
    for (const [number, column] of this.free.entries()) this.free[number] = grown(column);
    this.nonZeroCpuMillis = grown(this.nonZeroCpuMillis);
    this.nonZeroMemoryBytes = grown(this.nonZeroMemoryBytes);
    const taintSetOf = new Int32Array(this.#capacity);
    taintSetOf.set(this.taintSetOf);
    this.taintSetOf = taintSetOf;
  }
}

function addAt(column: Float64Array | undefined, index: number, amount: number): void {
  if (column !== undefined) column[index] = (column[index] ?? 0) + amount;
}
