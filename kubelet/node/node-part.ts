/** The node's side of the kubelet: its object, its lease, its network and the runtime's health. */
import type { Node, NodeStatus } from "../../shared/api/generated/core/v1.ts";
import { createInformer } from "../../shared/informer/informer.ts";
import { goArch } from "../../shared/process/metrics.ts";
import { GIT_VERSION } from "../../shared/process/version.ts";
import { nodes } from "../../shared/resources/catalog.ts";
import type { NodePressure } from "../eviction/node-pressure.ts";
import type { KubeletBase } from "../kubelet-base.ts";
import { nodeNetwork } from "../network/node-network.ts";
import type { KubeletOptions } from "../options.ts";
import type { ContainerRuntime, RuntimeImage } from "../runtime/runtime.ts";
import type { VolumesInUse } from "../volumes/volumes-in-use.ts";
import { readDisk } from "./machine.ts";
import { NodeAgent } from "./node-agent.ts";
import { keepNodeLease } from "./node-lease.ts";
import { type DeviceCounts, nodeAllocatable, type NodeResourcesInput, type ResourceAmounts } from "./node-resources.ts";
import { nodeStatus } from "./node-status.ts";
import { RuntimeHealth } from "./runtime-health.ts";

export interface NodePartInput {
  readonly volumesInUse: VolumesInUse;
  readonly pressure: NodePressure;
  /** Devices of plugins, and who wants to know that they changed. */
  readonly devices: { counts(): DeviceCounts; onChange: () => void };
  /** Why the node is not ready beside the runtime's own problems, for example that it shuts down. */
  readonly problems: () => readonly string[];
}

export interface NodePart {
  readonly health: RuntimeHealth;
  /** As the API shows it. */
  node(): Node | undefined;
  allocatable(): ResourceAmounts;
  /** Something that the node's status says may have changed. */
  check(): void;
  /** Runs until the kubelet stops. */
  run(): Promise<void>;
}

export function createNodePart(base: KubeletBase, input: NodePartInput): NodePart {
  const { client, clock, logger, signal, options } = base;
  const { nodeName, configuration } = options;
  const health = new RuntimeHealth(base.runtime, clock, () => agent.check());
  const agent = createAgent(base, input, health);
  const informer = createInformer({
    client,
    resource: nodes,
    clock,
    logger,
    fieldSelector: `metadata.name=${nodeName}`,
  });
  informer.addHandlers({
    onAdd: (node) => agent.observe(node),
    onUpdate: (node) => agent.observe(node),
    onDelete: () => agent.observe(undefined),
  });
  for (const source of [input.volumesInUse, input.pressure, input.devices]) source.onChange = () => agent.check();
  const lease = {
    client,
    clock,
    logger,
    nodeName,
    durationSeconds: configuration.nodeLeaseDurationSeconds,
    nodeUid: () => agent.node?.metadata.uid,
  };
  return {
    health,
    node: () => agent.node,
    allocatable: () => nodeAllocatable(resourcesOf(base, input)),
    check: () => agent.check(),
    run: async () => {
      tellNode(base, { type: "Normal", reason: "Starting", message: "Starting kubelet." });
      await Promise.all([health.run(signal), agent.run(signal), keepNodeLease(lease, signal), informer.run(signal)]);
    },
  };
}

function createAgent(base: KubeletBase, input: NodePartInput, health: RuntimeHealth): NodeAgent {
  const { options, clock, logger, client, machine } = base;
  const { configuration } = options;
  const network = nodeNetwork(options, logger);
  return new NodeAgent({
    client,
    clock,
    logger,
    nodeName: options.nodeName,
    labels: nodeLabels(options),
    taints: options.registerWithTaints,
    isRegistering: configuration.registerNode,
    checkMs: configuration.nodeStatusUpdateFrequency,
    reportMs: configuration.nodeStatusReportFrequency,
    bootId: machine.bootId,
    status: async (previous, shown) => ({
      ...(await currentStatus(base, input, health, previous, shown)),
      volumesInUse: input.volumesInUse.list(),
      features: { supplementalGroupsPolicy: await hasGroupsPolicy(base.runtime) },
    }),
    tell: (event) => tellNode(base, event),
    onNode: (node) => network.configure(node.spec?.podCIDRs ?? []),
  });
}

/** Says something about the node itself; its uid in events is its name, as kubectl looks for it. */
export function tellNode(
  { recorder, options }: Pick<KubeletBase, "recorder" | "options">,
  { type, reason, message }: { type: "Normal" | "Warning"; reason: string; message: string },
): void {
  const name = options.nodeName;
  recorder.event({ apiVersion: "v1", kind: "Node", metadata: { name, uid: name } }, type, reason, message);
}

function resourcesOf({ options, machine }: KubeletBase, { devices }: NodePartInput): NodeResourcesInput {
  return {
    machine,
    disk: readDisk(options.rootDir),
    configuration: options.configuration,
    devices: devices.counts(),
  };
}

async function currentStatus(
  base: KubeletBase,
  input: NodePartInput,
  health: RuntimeHealth,
  previous: NodeStatus | undefined,
  shown: NodeStatus | undefined,
): Promise<NodeStatus> {
  const { options, runtimeVersion } = base;
  return nodeStatus({
    machine: base.machine,
    resources: resourcesOf(base, input),
    nodeName: options.nodeName,
    addresses: base.hostIps,
    kubeletPort: options.port,
    kubeletVersion: GIT_VERSION,
    runtimeVersion: `${runtimeVersion.name}://${runtimeVersion.version}`,
    images: await imagesOrNone(base.runtime),
    imagesMax: options.configuration.nodeStatusMaxImages,
    pressures: input.pressure.types,
    shownCapacity: shown?.capacity,
    problems: [...input.problems(), ...health.problems],
    previous: previous?.conditions ?? [],
    nowMs: base.clock.nowMs(),
  });
}

async function hasGroupsPolicy(runtime: ContainerRuntime): Promise<boolean> {
  return runtime.hasSupplementalGroupsPolicy().catch(() => false);
}

async function imagesOrNone(runtime: ContainerRuntime): Promise<readonly RuntimeImage[]> {
  try {
    return await runtime.listImages();
  } catch {
    // The runtime is down: its condition says so.
    return [];
  }
}

function nodeLabels(options: KubeletOptions): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": goArch(),
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": goArch(),
    "kubernetes.io/hostname": options.nodeName,
    "kubernetes.io/os": "linux",
    ...options.nodeLabels,
  };
}
