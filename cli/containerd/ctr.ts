import type { Cluster } from "../cluster/cluster.ts";
import { type CommandResult, runCommand } from "../machine/command.ts";

/** containerd's namespace that CRI clients see. */
const CRI_NAMESPACE = "k8s.io";

/** Runs containerd's own client against the cluster's containerd. */
export function ctr(cluster: Cluster, ...args: readonly string[]): Promise<CommandResult> {
  return runCommand("ctr", ["--address", cluster.containerdSocket, "--namespace", CRI_NAMESPACE, ...args]);
}

export async function isContainerdServing(cluster: Cluster): Promise<boolean> {
  return (await ctr(cluster, "version")).code === 0;
}

export async function imageNames(cluster: Cluster): Promise<Set<string>> {
  const result = await ctr(cluster, "images", "list", "--quiet");
  return new Set(result.stdout.split("\n").filter((line) => line !== ""));
}
