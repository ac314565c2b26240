/**
 * Network namespaces of a cluster's pods. A runtime's metadata names them while it lives; they are looked up before
 * anything is stopped, and removed after.
 */
import { existsSync, rmSync } from "node:fs";
import type { Cluster } from "../cluster/cluster.ts";
import { ctr } from "../containerd/ctr.ts";
import { runCommand } from "../machine/command.ts";

interface ContainerInfo {
  readonly Spec?: {
    readonly linux?: { readonly namespaces?: readonly { readonly type: string; readonly path?: string }[] };
  };
}

function namespacePaths(info: string): string[] {
  try {
    const { Spec: spec } = JSON.parse(info) as ContainerInfo;
    return (spec?.linux?.namespaces ?? []).flatMap(({ type, path }) =>
      type === "network" && path?.includes("/netns/") === true ? [path] : [],
    );
  } catch {
    // The container is gone since it was listed.
    return [];
  }
}

/** Paths such as `/var/run/netns/cni-…`; empty when containerd does not answer. */
export async function networkNamespacesOf(cluster: Cluster): Promise<string[]> {
  if (!existsSync(cluster.containerdSocket)) return [];
  const { stdout } = await ctr(cluster, "containers", "list", "--quiet");
  const ids = stdout.split("\n").filter((id) => id !== "");
  const infos = await Promise.all(ids.map((id) => ctr(cluster, "containers", "info", id)));
  return [...new Set(infos.flatMap((info) => namespacePaths(info.stdout)))];
}

export async function removeNetworkNamespace(path: string): Promise<void> {
  if (!existsSync(path)) return;
  await runCommand("umount", ["--lazy", path]);
  rmSync(path, { force: true });
}
