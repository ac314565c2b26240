/** Pods made with nothing but the calls of the container runtime: less is not possible. */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { ContainerRuntime } from "../../kubelet/runtime/runtime.ts";
import type { TestCluster } from "../../test/support/cluster.ts";
import { TOOLBOX_IMAGE } from "../../test/support/images.ts";

export const POD_IMAGE = TOOLBOX_IMAGE;
export const POD_COMMAND = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"];
const NAMESPACES = { network: "pod", pid: "container", ipc: "pod" } as const;
const UNCONFINED = { type: "Unconfined" } as const;

export interface BarePod {
  readonly sandboxId: string;
  readonly containerId: string;
}

/** One sandbox with one container, started. */
export async function startBarePod(
  runtime: ContainerRuntime,
  { cluster }: TestCluster,
  index: number,
  command: readonly string[] = POD_COMMAND,
): Promise<BarePod> {
  const logDirectory = `${cluster.dataDir}/bench-logs`;
  mkdirSync(logDirectory, { recursive: true });
  const sandbox = {
    podName: `floor-${index}`,
    podNamespace: "bench",
    podUid: randomUUID(),
    attempt: 0,
    hostname: "floor",
    logDirectory,
    dns: { servers: [], searches: [], options: [] },
    portMappings: [],
    labels: {},
    annotations: {},
    cgroupParent: `${cluster.cgroupRoot}/floor`,
    sysctls: {},
    namespaces: NAMESPACES,
    isPrivileged: false,
    supplementalGroups: [],
    seccomp: UNCONFINED,
  };
  const container = {
    name: "main",
    attempt: 0,
    image: POD_IMAGE,
    command,
    args: [],
    workingDir: "",
    env: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: `${index}.log`,
    hasStdin: false,
    isStdinOnce: false,
    hasTty: false,
    resources: { cpuPeriod: 0, cpuQuota: 0, cpuShares: 0, memoryLimitBytes: 0, oomScoreAdj: 0 },
    security: {
      isPrivileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      namespaces: NAMESPACES,
      supplementalGroups: [],
      hasReadOnlyRootFilesystem: false,
      hasNoNewPrivileges: false,
      maskedPaths: [],
      readonlyPaths: [],
      seccomp: UNCONFINED,
    },
  };
  const sandboxId = await runtime.createSandbox(sandbox);
  const containerId = await runtime.createContainer(sandboxId, container, sandbox);
  await runtime.startContainer(containerId);
  return { sandboxId, containerId };
}

export async function endBarePod(runtime: ContainerRuntime, { sandboxId, containerId }: BarePod): Promise<void> {
  await runtime.stopContainer(containerId, 1);
  await runtime.stopSandbox(sandboxId);
  await runtime.removeSandbox(sandboxId);
}
