/** What the node has, and what of it pods may use: pure. Upstream: `pkg/kubelet/nodestatus/setters.go`, `pkg/kubelet/cm/node_container_manager_linux.go`. */
import { formatQuantity, milliValue, value } from "../../shared/machinery/quantity.ts";
import type { KubeletConfiguration } from "../configuration/configuration-fields.ts";
import { amountOf, evictionThresholds, type Signal } from "../eviction/thresholds.ts";
import type { DiskInfo, HugePages, MachineInfo } from "./machine.ts";

export type ResourceAmounts = Readonly<Record<string, string>>;

/** Devices of plugins by resource: all that were ever registered, and those that work. */
export interface DeviceCounts {
  readonly capacity: Readonly<Record<string, number>>;
  readonly allocatable: Readonly<Record<string, number>>;
}

export interface NodeResourcesInput {
  readonly machine: Pick<MachineInfo, "cpus" | "memoryBytes" | "hugePages">;
  readonly disk: Pick<DiskInfo, "capacityBytes">;
  readonly configuration: Pick<
    KubeletConfiguration,
    | "maxPods"
    | "podsPerCore"
    | "kubeReserved"
    | "systemReserved"
    | "evictionHard"
    | "evictionSoft"
    | "evictionSoftGracePeriod"
    | "evictionMinimumReclaim"
  >;
  readonly devices?: DeviceCounts | undefined;
}

const KI = 1024;
const ki = (bytes: number): string => `${Math.floor(bytes / KI)}Ki`;
const NANOS_PER_UNIT = 1_000_000_000n;

const binary = (bytes: number): string => formatQuantity({ nanos: BigInt(bytes) * NANOS_PER_UNIT, format: "BinarySI" });

function counts(devices: Readonly<Record<string, number>> | undefined): ResourceAmounts {
  return Object.fromEntries(Object.entries(devices ?? {}).map(([name, count]) => [name, String(count)]));
}

function podsMax({ machine, configuration }: NodeResourcesInput): number {
  const { maxPods, podsPerCore } = configuration;
  return podsPerCore > 0 ? Math.min(maxPods, podsPerCore * machine.cpus) : maxPods;
}

const hugePageName = (sizeBytes: number): string => `hugepages-${binary(sizeBytes)}`;

const hugePagesOf = (pages: readonly HugePages[]): ResourceAmounts =>
  Object.fromEntries(pages.map(({ sizeBytes, count }) => [hugePageName(sizeBytes), binary(sizeBytes * count)]));

export function nodeCapacity(input: NodeResourcesInput): ResourceAmounts {
  const { machine, disk } = input;
  return {
    cpu: String(machine.cpus),
    "ephemeral-storage": ki(disk.capacityBytes),
    ...hugePagesOf(machine.hugePages),
    memory: ki(machine.memoryBytes),
    pods: String(podsMax(input)),
    ...counts(input.devices?.capacity),
  };
}

/** Bytes or thousandths that are kept back for the machine and for the kubelet. */
function reserved({ configuration }: NodeResourcesInput, name: "cpu" | "memory" | "ephemeral-storage"): number {
  const read = name === "cpu" ? milliValue : value;
  return [configuration.kubeReserved, configuration.systemReserved].reduce(
    (total, amounts) => total + read(amounts[name] ?? "0"),
    0,
  );
}

/** Where eviction begins: pods can never have that part. */
function hardThreshold({ configuration }: NodeResourcesInput, signal: Signal, capacity: number): number {
  const hard = evictionThresholds(configuration).find((one) => one.signal === signal && one.gracePeriodMs === 0);
  return hard === undefined ? 0 : amountOf(hard.value, capacity);
}

const cores = (millis: number): string => (millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`);

export function nodeAllocatable(input: NodeResourcesInput): ResourceAmounts {
  const { machine, disk } = input;
  const hugePageBytes = machine.hugePages.reduce((total, { sizeBytes, count }) => total + sizeBytes * count, 0);
  const memory =
    machine.memoryBytes -
    reserved(input, "memory") -
    hardThreshold(input, "memory.available", machine.memoryBytes) -
    hugePageBytes;
  const storage =
    disk.capacityBytes -
    reserved(input, "ephemeral-storage") -
    hardThreshold(input, "nodefs.available", disk.capacityBytes);
  return {
    ...nodeCapacity(input),
    cpu: cores(Math.max(0, machine.cpus * 1000 - reserved(input, "cpu"))),
    "ephemeral-storage": String(Math.max(0, storage)),
    memory: ki(Math.max(0, memory)),
    ...counts(input.devices?.allocatable),
  };
}

const isExtended = (name: string): boolean => /^(?!.*kubernetes\.io\/).+\/.+$/.test(name);

/** Extended resources that somebody else wrote into the node's capacity: they can be allocated as they stand. */
export function foreignResources(shown: ResourceAmounts | undefined, own: ResourceAmounts): ResourceAmounts {
  return Object.fromEntries(
    Object.entries(shown ?? {}).filter(([name]) => isExtended(name) && !Object.hasOwn(own, name)),
  );
}
