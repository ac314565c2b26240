/** The node's side of the kubelet: its object, its lease, its network and the runtime's health. */
import type { NodeStatus } from "../../shared/api/generated/core/v1.ts";
import { createInformer } from "../../shared/informer/informer.ts";
import { goArch } from "../../shared/process/metrics.ts";
import { GIT_VERSION } from "../../shared/process/version.ts";
import { nodes } from "../../shared/resources/catalog.ts";
import type { KubeletBase } from "../kubelet-base.ts";
import { nodeNetwork } from "../network/node-network.ts";
import type { KubeletOptions } from "../options.ts";
import type { ContainerRuntime, RuntimeImage } from "../runtime/runtime.ts";
import type { VolumesInUse } from "../volumes/volumes-in-use.ts";
import { availableMemoryBytes, readDisk, readProcessCounts } from "./machine.ts";
import { NodeAgent } from "./node-agent.ts";
import { keepNodeLease } from "./node-lease.ts";
import { nodeStatus } from "./node-status.ts";
import { RuntimeHealth } from "./runtime-health.ts";

export interface NodePart {
  readonly health: RuntimeHealth;
  /** Runs until the kubelet stops. */
  run(): Promise<void>;
}

export function createNodePart(base: KubeletBase, inUse: VolumesInUse): NodePart {
  const { options, clock, logger, client, signal } = base;
  const { nodeName } = options;
  const health = new RuntimeHealth(base.runtime, clock, () => agent.check());
  const network = nodeNetwork(options, logger);
  const agent = new NodeAgent({
    client,
    clock,
    logger,
    nodeName,
    labels: nodeLabels(options),
    taints: options.registerWithTaints,
    status: async (previous) => ({ ...(await currentStatus(base, health, previous)), volumesInUse: inUse.list() }),
    onNode: (node) => network.configure(node.spec?.podCIDRs ?? []),
  });
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
  inUse.onChange = () => agent.check();
  const lease = { client, clock, logger, nodeName, nodeUid: () => agent.node?.metadata.uid };
  return {
    health,
    run: async () => {
      await Promise.all([health.run(signal), agent.run(signal), keepNodeLease(lease, signal), informer.run(signal)]);
    },
  };
}

async function currentStatus(
  base: KubeletBase,
  health: RuntimeHealth,
  previous: NodeStatus | undefined,
): Promise<NodeStatus> {
  const { options, runtimeVersion } = base;
  return nodeStatus({
    machine: base.machine,
    disk: readDisk(options.rootDir),
    nodeName: options.nodeName,
    addresses: base.hostIps,
    podsMax: options.podsMax,
    kubeletPort: options.port,
    kubeletVersion: GIT_VERSION,
    runtimeVersion: `${runtimeVersion.name}://${runtimeVersion.version}`,
    images: await imagesOrNone(base.runtime),
    availableMemoryBytes: availableMemoryBytes(),
    processes: readProcessCounts(),
    problems: health.problems,
    previous: previous?.conditions ?? [],
    nowMs: base.clock.nowMs(),
  });
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
