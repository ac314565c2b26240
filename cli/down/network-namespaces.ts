/** Network namespaces of a cluster's pods that outlived their sandboxes (a dead containerd cannot name them any more). */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { runCommand } from "../machine/command.ts";

const NAMESPACE_FOLDER = "/run/netns";

/** What CRI runtimes call the namespaces they make. */
const MADE_BY_CRI = /^cni-/;

/** Names below `/run/netns` of namespaces with an interface in the cluster's pod range. */
export async function networkNamespacesOf(cluster: Cluster): Promise<string[]> {
  if (!existsSync(NAMESPACE_FOLDER)) return [];
  const mark = ` inet ${cluster.podCidr.replace(/0\.0\/16$/, "")}`;
  const names = readdirSync(NAMESPACE_FOLDER).filter((name) => MADE_BY_CRI.test(name));
  const isOurs = await Promise.all(
    names.map(async (name) => {
      const path = join(NAMESPACE_FOLDER, name);
      return (await runCommand("nsenter", [`--net=${path}`, "ip", "-o", "-4", "addr"])).stdout.includes(mark);
    }),
  );
  return names.filter((_name, index) => isOurs[index]);
}

export async function removeNetworkNamespaces(cluster: Cluster): Promise<void> {
  for (const name of await networkNamespacesOf(cluster)) await runCommand("ip", ["netns", "delete", name]);
}
