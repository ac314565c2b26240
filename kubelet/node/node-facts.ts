/** What pods on this node need to know of it, read once at start. */
import { readFileSync } from "node:fs";
import type { KubeletConfiguration } from "../configuration/configuration-fields.ts";
import type { ClusterDns } from "../containers/dns.ts";
import { parseResolvConf } from "../containers/dns.ts";
import { runSettings } from "../containers/run-settings.ts";
import type { NodeFacts } from "../pods/kubelet-context.ts";
import type { MachineInfo } from "./machine.ts";

export interface NodeFactsInput {
  readonly nodeName: string;
  readonly hostIps: readonly string[];
  readonly machine: MachineInfo;
  readonly configuration: KubeletConfiguration;
  readonly runtimeName: string;
  readonly clusterDns: ClusterDns;
  allocatable(): Readonly<Record<string, string>>;
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
  return {
    nodeName: input.nodeName,
    hostIps: () => input.hostIps,
    allocatable: () => input.allocatable(),
    settings: runSettings(input.machine, input.configuration),
    runtimeName: input.runtimeName,
    hostDns: parseResolvConf(readOrEmpty(input.configuration.resolvConf)),
    clusterDns: input.clusterDns,
    hostsFile: readOrEmpty("/etc/hosts"),
    networkProblem: () => input.networkProblem(),
  };
}
