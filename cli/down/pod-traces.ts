/**
 * What pods have outside the cluster's own folders: network namespaces, and results that the CNI library keeps. The
 * runtime's metadata names them while it lives, so they are looked up before anything is stopped, and removed after.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
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

export interface PodTraces {
  /** Paths such as `/var/run/netns/cni-…`. */
  readonly networkNamespaces: readonly string[];
  readonly containerIds: readonly string[];
}

const CNI_RESULTS = "/var/lib/cni/results";

/** Empty when containerd does not answer. */
export async function podTracesOf(cluster: Cluster): Promise<PodTraces> {
  if (!existsSync(cluster.containerdSocket)) return { networkNamespaces: [], containerIds: [] };
  const { stdout } = await ctr(cluster, "containers", "list", "--quiet");
  const containerIds = stdout.split("\n").filter((id) => id !== "");
  const infos = await Promise.all(containerIds.map((id) => ctr(cluster, "containers", "info", id)));
  const networkNamespaces = [...new Set(infos.flatMap((info) => namespacePaths(info.stdout)))];
  return { networkNamespaces, containerIds };
}

export async function removePodTraces({ networkNamespaces, containerIds }: PodTraces): Promise<void> {
  for (const path of networkNamespaces.filter((each) => existsSync(each))) {
    await runCommand("umount", ["--lazy", path]);
    rmSync(path, { force: true });
  }
  const results = existsSync(CNI_RESULTS) ? readdirSync(CNI_RESULTS) : [];
  for (const name of results.filter((result) => containerIds.some((id) => result.includes(id)))) {
    rmSync(join(CNI_RESULTS, name), { force: true });
  }
}
