/** Status of the Node object: pure. Upstream: `pkg/kubelet/nodestatus/setters.go`. */
import type { ContainerImage, NodeCondition, NodeStatus } from "../../shared/api/generated/core/v1.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import type { RuntimeCondition, RuntimeImage } from "../runtime/runtime.ts";
import type { PressureType } from "../eviction/thresholds.ts";
import type { MachineInfo } from "./machine.ts";
import {
  foreignResources,
  nodeAllocatable,
  nodeCapacity,
  type NodeResourcesInput,
  type ResourceAmounts,
} from "./node-resources.ts";

export interface NodeStatusInput {
  readonly machine: MachineInfo;
  readonly resources: NodeResourcesInput;
  readonly nodeName: string;
  readonly addresses: readonly string[];
  readonly kubeletPort: number;
  readonly kubeletVersion: string;
  readonly runtimeVersion: string;
  readonly images: readonly RuntimeImage[];
  readonly imagesMax: number;
  /** What the eviction manager sees. */
  readonly pressures: ReadonlySet<PressureType>;
  /** Capacity that the API shows, others' extended resources among it. */
  readonly shownCapacity?: ResourceAmounts | undefined;
  /** Empty when the node is ready. */
  readonly problems: readonly string[];
  readonly previous: readonly NodeCondition[];
  readonly nowMs: number;
}

interface ConditionText {
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Ready is last: it is what the others add up to. */
function conditionTexts({ pressures, problems }: NodeStatusInput): ConditionText[] {
  const lacksMemory = pressures.has("MemoryPressure");
  const lacksDisk = pressures.has("DiskPressure");
  const lacksPids = pressures.has("PIDPressure");
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

/** The largest first. */
function nodeImages(images: readonly RuntimeImage[], imagesMax: number): ContainerImage[] {
  return images
    .map(({ tags, digests, sizeBytes }) => ({ names: [...digests, ...tags].slice(0, 5), sizeBytes }))
    .filter(({ names }) => names.length > 0)
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes || ((a.names[0] ?? "") < (b.names[0] ?? "") ? -1 : 1))
    .slice(0, imagesMax < 0 ? images.length : imagesMax);
}

export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { machine, resources } = input;
  const capacity = nodeCapacity(resources);
  const foreign = foreignResources(input.shownCapacity, capacity);
  return {
    capacity: { ...capacity, ...foreign },
    allocatable: { ...nodeAllocatable(resources), ...foreign },
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
      ...(machine.swapBytes > 0 ? { swap: { capacity: machine.swapBytes } } : {}),
    },
    images: nodeImages(input.images, input.imagesMax),
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
