/** Takes a cluster's rules out of iptables: kube-proxy's chains, and those that CNI plugins made for its pods. */
import type { Cluster } from "../cluster/cluster.ts";
import { runCommand } from "../machine/command.ts";

/** Text for `iptables-restore --noflush` that removes what `isOurs` says from a table, or nothing. Pure. */
export function removalOf(
  save: string,
  isOurChain: (chain: string) => boolean,
  isOurRule: (rule: string) => boolean,
): string {
  const tables = save.split(/^\*/m).slice(1);
  return tables.map((table) => tableRemoval(table, isOurChain, isOurRule)).join("");
}

function tableRemoval(
  table: string,
  isOurChain: (chain: string) => boolean,
  isOurRule: (rule: string) => boolean,
): string {
  const lines = table.split("\n");
  const name = lines[0] ?? "";
  const chains = lines.flatMap((line) => /^:(\S+) /.exec(line)?.[1] ?? []);
  const rules = lines.filter((line) => line.startsWith("-A "));
  const chainOf = (rule: string): string => rule.split(" ")[1] ?? "";
  const targetOf = (rule: string): string => / -[jg] (\S+)/.exec(rule)?.[1] ?? "";
  const ownRules = rules.filter((rule) => isOurRule(rule) || isOurChain(targetOf(rule)));
  // A plugin's chain bears no name of ours: it is ours when one of our rules leads to it or stands in it.
  const doomed = new Set(chains.filter(isOurChain));
  for (const rule of ownRules) {
    for (const chain of [chainOf(rule), targetOf(rule)]) {
      if (chains.includes(chain) && /^CNI-(DN-)?[0-9a-f]{6,}$/.test(chain)) doomed.add(chain);
    }
  }
  const kept = ownRules.filter((rule) => !doomed.has(chainOf(rule)));
  if (doomed.size === 0 && kept.length === 0) return "";
  return [
    `*${name}`,
    ...[...doomed].map((chain) => `:${chain} - [0:0]`),
    ...kept.map((rule) => rule.replace("-A ", "-D ")),
    ...[...doomed].map((chain) => `-X ${chain}`),
    "COMMIT",
    "",
  ].join("\n");
}

/**
 * The port-map plugin's chains that all clusters and runtimes of a machine share; it makes them again when it needs
 * them. They go when no container is left that has a host port. Pure: gives text as `removalOf` does.
 */
export function sharedPortMapRemoval(save: string): string {
  if (/^:CNI-DN-/m.test(save)) return "";
  return removalOf(
    save,
    (chain) => chain.startsWith("CNI-HOSTPORT-"),
    () => false,
  );
}

export async function removeChains(cluster: Cluster): Promise<void> {
  const prefix = `${cluster.chainPrefix}-`;
  const podNetwork = ` ${cluster.podCidr.replace(/0\.0\/16$/, "")}`;
  // kube-proxy's chains by their prefix, the kubelet's by the bridge that they end with.
  const isOurChain = (chain: string): boolean => chain.startsWith(prefix) || chain.endsWith(cluster.podBridge);
  const isOurRule = (rule: string): boolean =>
    rule.includes(`name: \\"${cluster.podBridge}\\"`) || rule.includes(podNetwork);
  const removals = [(save: string) => removalOf(save, isOurChain, isOurRule), sharedPortMapRemoval];
  for (const family of ["iptables", "ip6tables"]) {
    for (const removal of removals) {
      const input = removal((await runCommand(`${family}-save`, [])).stdout);
      if (input !== "") await runCommand(`${family}-restore`, ["--wait", "--noflush"], { input });
    }
  }
}
