/** Status of the Node object: pure. Upstream: `pkg/kubelet/nodestatus/setters.go`. */
import type { ContainerImage, NodeCondition, NodeStatus } from "../../shared/api/generated/core/v1.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import type { RuntimeCondition, RuntimeImage } from "../runtime/runtime.ts";
import type { DiskInfo, MachineInfo } from "./machine.ts";

const KI = 1024;
/** Kept back for the node itself: the thresholds at which pods would be evicted. */
const MEMORY_RESERVED_BYTES = 100 * 1024 * KI;
const DISK_AVAILABLE_MIN = 0.1;
const INODES_FREE_MIN = 0.05;
const PIDS_FREE_MIN = 0.1;
/** As many images as upstream reports, the largest first. */
const IMAGES_MAX = 50;

export interface NodeStatusInput {
  readonly machine: MachineInfo;
  readonly disk: DiskInfo;
  readonly nodeName: string;
  readonly addresses: readonly string[];
  readonly podsMax: number;
  readonly kubeletPort: number;
  readonly kubeletVersion: string;
  readonly runtimeVersion: string;
  readonly images: readonly RuntimeImage[];
  readonly availableMemoryBytes: number;
  readonly processes: { readonly running: number; readonly max: number };
  /** Empty when the node is ready. */
  readonly problems: readonly string[];
  readonly previous: readonly NodeCondition[];
  readonly nowMs: number;
}

const ki = (bytes: number): string => `${Math.floor(bytes / KI)}Ki`;

export function nodeCapacity({
  machine,
  disk,
  podsMax,
}: Pick<NodeStatusInput, "machine" | "disk" | "podsMax">): Record<string, string> {
  return {
    cpu: String(machine.cpus),
    "ephemeral-storage": ki(disk.capacityBytes),
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    memory: ki(machine.memoryBytes),
    pods: String(podsMax),
  };
}

export function nodeAllocatable(input: Pick<NodeStatusInput, "machine" | "disk" | "podsMax">): Record<string, string> {
  return {
    ...nodeCapacity(input),
    "ephemeral-storage": String(Math.floor(input.disk.capacityBytes * (1 - DISK_AVAILABLE_MIN))),
    memory: ki(input.machine.memoryBytes - MEMORY_RESERVED_BYTES),
  };
}

interface ConditionText {
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Ready is last: it is what the others add up to. */
function conditionTexts({ disk, availableMemoryBytes, processes, problems }: NodeStatusInput): ConditionText[] {
  const lacksMemory = availableMemoryBytes < MEMORY_RESERVED_BYTES;
  const lacksDisk =
    disk.availableBytes < disk.capacityBytes * DISK_AVAILABLE_MIN ||
    (disk.inodes > 0 && disk.inodesFree < disk.inodes * INODES_FREE_MIN);
  const lacksPids = processes.max - processes.running < processes.max * PIDS_FREE_MIN;
  const isReady = problems.length === 0;
  return [
    {
      type: "MemoryPressure",
      isTrue: lacksMemory,
      reason: lacksMemory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
      message: `kubelet has ${lacksMemory ? "insufficient" : "sufficient"} memory available`,
    },
    {
      type: "DiskPressure",
      isTrue: lacksDisk,
      reason: lacksDisk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
      message: `kubelet has ${lacksDisk ? "" : "no "}disk pressure`,
    },
    {
      type: "PIDPressure",
      isTrue: lacksPids,
      reason: lacksPids ? "KubeletHasInsufficientPID" : "KubeletHasSufficientPID",
      message: `kubelet has ${lacksPids ? "insufficient" : "sufficient"} PID available`,
    },
    {
      type: "Ready",
      isTrue: isReady,
      reason: isReady ? "KubeletReady" : "KubeletNotReady",
      message: isReady ? "kubelet is posting ready status" : problemText(problems),
    },
  ];
}

/** As Go's aggregated errors print. */
function problemText(problems: readonly string[]): string {
  return problems.length === 1 ? (problems[0] ?? "") : `[${problems.join(", ")}]`;
}

function nodeConditions(input: NodeStatusInput): NodeCondition[] {
  const now = rfc3339(input.nowMs);
  return conditionTexts(input).map(({ type, isTrue, reason, message }) => {
    const status = isTrue ? "True" : "False";
    const before = input.previous.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
    return { type, status, lastHeartbeatTime: now, lastTransitionTime, reason, message };
  });
}

function nodeImages(images: readonly RuntimeImage[]): ContainerImage[] {
  return images
    .map(({ tags, digests, sizeBytes }) => ({ names: [...digests, ...tags].slice(0, 5), sizeBytes }))
    .filter(({ names }) => names.length > 0)
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes || ((a.names[0] ?? "") < (b.names[0] ?? "") ? -1 : 1))
    .slice(0, IMAGES_MAX);
}

export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { machine } = input;
  return {
    capacity: nodeCapacity(input),
    allocatable: nodeAllocatable(input),
    conditions: nodeConditions(input),
    addresses: [
      ...input.addresses.map((address) => ({ type: "InternalIP", address })),
      { type: "Hostname", address: input.nodeName },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: input.kubeletPort } },
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      containerRuntimeVersion: input.runtimeVersion,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: "",
      kubeletVersion: input.kubeletVersion,
      machineID: machine.machineId,
      operatingSystem: "linux",
      osImage: machine.osImage,
      systemUUID: machine.systemUuid,
    },
    images: nodeImages(input.images),
  };
}

/** What stands against the node's readiness in the runtime's own report; undefined: it could not be asked. */
export function runtimeProblems(conditions: readonly RuntimeCondition[] | undefined): string[] {
  if (conditions === undefined) return ["container runtime is down"];
  const find = (type: string): RuntimeCondition | undefined => conditions.find((condition) => condition.type === type);
  const text = (type: string): string => {
    const condition = find(type);
    return `${type}=false reason:${condition?.reason ?? ""} message:${condition?.message ?? ""}`;
  };
  return [
    ...(find("RuntimeReady")?.isTrue === true ? [] : [`container runtime not ready: ${text("RuntimeReady")}`]),
    ...(find("NetworkReady")?.isTrue === true ? [] : [`container runtime network not ready: ${text("NetworkReady")}`]),
  ];
}
