/**
 * What the plugins of a network are asked, one after the other: pure. Specification: github.com/containernetworking/cni
 * SPEC.md 0.4 and 1.0, "Section 4: Execution of Network Configurations".
 */
import type { PortMappingSpec } from "../../runtime.ts";
import type { CniList, CniPluginConfig } from "./cni-list.ts";

export type CniCommand = "ADD" | "DEL";

/** One pod's place in the network; kept on disk so that it can be taken away after a restart. */
export interface CniAttachment {
  readonly containerId: string;
  readonly podName: string;
  readonly podNamespace: string;
  readonly podUid: string;
  readonly portMappings: readonly PortMappingSpec[];
}

export interface CniResult {
  readonly cniVersion?: string;
  readonly ips?: readonly { readonly address: string }[];
}

export const INTERFACE = "eth0";

export function cniEnvironment(
  command: CniCommand,
  { containerId, podName, podNamespace, podUid }: CniAttachment,
  networkNamespace: string,
  pluginFolders: readonly string[],
): Record<string, string> {
  const args = {
    IgnoreUnknown: "1",
    K8S_POD_NAMESPACE: podNamespace,
    K8S_POD_NAME: podName,
    K8S_POD_INFRA_CONTAINER_ID: containerId,
    K8S_POD_UID: podUid,
  };
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: networkNamespace,
    CNI_IFNAME: INTERFACE,
    CNI_ARGS: Object.entries(args)
      .map(([key, value]) => `${key}=${value}`)
      .join(";"),
    CNI_PATH: pluginFolders.join(":"),
  };
}

/** What a plugin reads from its standard input. */
export function cniInput(
  list: CniList,
  plugin: CniPluginConfig,
  attachment: CniAttachment,
  previous: CniResult | undefined,
): object {
  const runtimeConfig = {
    ...(plugin.capabilities?.["portMappings"] === true && attachment.portMappings.length > 0
      ? { portMappings: attachment.portMappings.map(portMapping) }
      : {}),
  };
  return {
    ...plugin,
    name: list.name,
    cniVersion: list.cniVersion,
    ...(Object.keys(runtimeConfig).length > 0 ? { runtimeConfig } : {}),
    ...(previous === undefined ? {} : { prevResult: previous }),
  };
}

function portMapping({ protocol, containerPort, hostPort, hostIp }: PortMappingSpec): object {
  return { protocol: protocol.toLowerCase(), containerPort, hostPort, ...(hostIp === "" ? {} : { hostIP: hostIp }) };
}

/** Addresses without their prefix lengths, in the plugins' order. */
export function addressesOf(result: CniResult): string[] {
  return (result.ips ?? []).flatMap(({ address }) => address.split("/")[0] ?? []);
}
