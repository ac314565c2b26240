/**
 * The links and rules that belong to the cluster rather than to one of its components.
 *
 * N1 The pod, Service and load-balancer ranges are routed to a bridge without ports. A packet to an address there
 *    that nobody serves dies on it and never leaves the machine; one that kube-proxy translates is routed anew, and
 *    the pods' own bridge has a longer prefix. (An `unreachable` route would not do: a local connect is routed
 *    before NAT sees it.)
 * N2 Where the policy of FORWARD is to drop (Docker sets it so), traffic of the pods' bridge is accepted at the
 *    end of FORWARD: after every other rule had its say.
 */
import { writeFileSync } from "node:fs";
import type { Cluster } from "../cluster/cluster.ts";
import { mustRun, runCommand } from "../machine/command.ts";
import { exists } from "../machine/machine-checks.ts";

/** Kernel settings that kube-proxy's rules stand on. */
const SETTINGS: readonly [file: string, value: string][] = [
  ["/proc/sys/net/ipv4/ip_forward", "1"],
  ["/proc/sys/net/bridge/bridge-nf-call-iptables", "1"],
];

/** What the empty bridge is given on a machine without another address (one that is offline): the node's own. */
export function fallbackNodeAddress(cluster: Cluster): string {
  return cluster.loadBalancerCidr.replace(/\.0\.0\/16$/, ".255.254");
}

export async function setUpNetwork(cluster: Cluster, nodeIp: string): Promise<void> {
  if (!exists("/proc/sys/net/bridge")) await runCommand("modprobe", ["br_netfilter"]);
  for (const [file, value] of SETTINGS) if (exists(file)) writeFileSync(file, value);
  await makeVoidBridge(cluster, nodeIp);
  await acceptForwarding(cluster);
}

/** The batch of `ip` commands for N1; `replace` makes it repeatable. */
export function voidBridgeScript(cluster: Cluster, nodeIp: string): string {
  const { voidBridge, podCidr, serviceCidr, loadBalancerCidr } = cluster;
  return [
    ...(nodeIp === fallbackNodeAddress(cluster) ? [`address replace ${nodeIp}/32 dev ${voidBridge}`] : []),
    `link set ${voidBridge} up`,
    ...[podCidr, serviceCidr, loadBalancerCidr].map((range) => `route replace ${range} dev ${voidBridge}`),
    "",
  ].join("\n");
}

async function makeVoidBridge(cluster: Cluster, nodeIp: string): Promise<void> {
  if (!exists(`/sys/class/net/${cluster.voidBridge}`)) {
    await mustRun("ip", ["link", "add", cluster.voidBridge, "type", "bridge"]);
  }
  await mustRun("ip", ["-batch", "-"], { input: voidBridgeScript(cluster, nodeIp) });
}

async function acceptForwarding(cluster: Cluster): Promise<void> {
  const { forwardChain, podBridge } = cluster;
  await mustRun("iptables-restore", ["--wait", "--noflush"], {
    input: [
      "*filter",
      `:${forwardChain} - [0:0]`,
      `-A ${forwardChain} -i ${podBridge} -j ACCEPT`,
      `-A ${forwardChain} -o ${podBridge} -j ACCEPT`,
      "COMMIT",
      "",
    ].join("\n"),
  });
  const jump = ["FORWARD", "-m", "comment", "--comment", "kubernode pods", "-j", forwardChain];
  if ((await runCommand("iptables", ["-w", "-C", ...jump])).code !== 0)
    await mustRun("iptables", ["-w", "-A", ...jump]);
}

/** Undoes `setUpNetwork`; kernel settings stay, since others may rely on them by now. */
export async function tearDownNetwork(cluster: Cluster): Promise<void> {
  const { forwardChain } = cluster;
  const jump = ["FORWARD", "-m", "comment", "--comment", "kubernode pods", "-j", forwardChain];
  await runCommand("iptables", ["-w", "-D", ...jump]);
  await runCommand("iptables", ["-w", "-F", forwardChain]);
  await runCommand("iptables", ["-w", "-X", forwardChain]);
  for (const link of [cluster.podBridge, cluster.voidBridge]) {
    if (exists(`/sys/class/net/${link}`)) await runCommand("ip", ["link", "del", link]);
  }
}
