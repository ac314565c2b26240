/**
 * One rule per pod range: what a pod sends out of the cluster leaves with the node's address. Traffic to other pods,
 * to Services and to this machine's own bridges keeps the pod's address. Upstream: the ip-masq agent's place.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface MasqueradeInput {
  readonly bridge: string;
  readonly podCidr: string;
  /** Pods of all nodes, so that nothing between pods is rewritten; the node's own range when left out. */
  readonly clusterCidr: string | undefined;
}

/** Chain of this bridge; a chain's name has at most 28 characters. */
export function masqueradeChain(bridge: string): string {
  return `KN-MASQ-${bridge}`.slice(0, 28);
}

/** Arguments of the iptables calls that make the rules stand: pure. */
export function masqueradeRules({ bridge, podCidr, clusterCidr }: MasqueradeInput): {
  chain: string;
  rules: string[][];
  jump: string[];
} {
  const chain = masqueradeChain(bridge);
  const comment = ["-m", "comment", "--comment", "kubernode: pod traffic that leaves the cluster"];
  return {
    chain,
    rules: [
      ["-d", clusterCidr ?? podCidr, "-j", "RETURN"],
      ["-o", bridge, "-j", "RETURN"],
      ["-d", "224.0.0.0/4", "-j", "RETURN"],
      ["-j", "MASQUERADE", "--random-fully"],
    ],
    jump: ["-s", podCidr, ...comment, "-j", chain],
  };
}

async function iptables(...args: string[]): Promise<boolean> {
  try {
    await run("iptables", ["-w", "5", "-t", "nat", ...args]);
    return true;
  } catch {
    return false;
  }
}

/** Makes the rules stand; safe to call again. Rejects when iptables does not take them. */
export async function ensureMasquerade(input: MasqueradeInput): Promise<void> {
  const { chain, rules, jump } = masqueradeRules(input);
  if (!(await iptables("-N", chain))) await iptables("-F", chain);
  for (const rule of rules) {
    if (!(await iptables("-A", chain, ...rule))) throw new Error(`iptables refused: -A ${chain} ${rule.join(" ")}`);
  }
  if (await iptables("-C", "POSTROUTING", ...jump)) return;
  if (!(await iptables("-A", "POSTROUTING", ...jump)))
    throw new Error(`iptables refused: -A POSTROUTING ${jump.join(" ")}`);
}
