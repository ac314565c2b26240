/** What pods on this node need to know of it, read once at start. */
import { readFileSync } from "node:fs";
import type { ClusterDns } from "../containers/dns.ts";
import { parseResolvConf } from "../containers/dns.ts";
import type { NodeFacts } from "../pods/kubelet-context.ts";
import { readDisk, readMachineInfo } from "./machine.ts";
import { nodeAllocatable } from "./node-status.ts";

export interface NodeFactsInput {
  readonly nodeName: string;
  readonly hostIps: readonly string[];
  readonly rootDir: string;
  readonly podsMax: number;
  readonly runtimeName: string;
  readonly clusterDns: ClusterDns;
  networkProblem(): string;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

export function readNodeFacts(input: NodeFactsInput): NodeFacts {
  const machine = readMachineInfo();
  const allocatable = nodeAllocatable({ machine, disk: readDisk(input.rootDir), podsMax: input.podsMax });
  return {
    nodeName: input.nodeName,
    hostIps: () => input.hostIps,
    allocatable: () => allocatable,
    memoryCapacityBytes: machine.memoryBytes,
    runtimeName: input.runtimeName,
    hostDns: parseResolvConf(readOrEmpty("/etc/resolv.conf")),
    clusterDns: input.clusterDns,
    hostsFile: readOrEmpty("/etc/hosts"),
    networkProblem: () => input.networkProblem(),
  };
}
