import { readdirSync } from "node:fs";
import { readPidFile } from "../machine/pid-file.ts";
import { pidPath, SUPERVISOR_NAME } from "../supervisor/process-spec.ts";
import type { Cluster } from "./cluster.ts";

/** What of a cluster lives: all of it, leftovers of a crash (no supervisor), or nothing. */
export type ClusterState = "running" | "leftovers" | "stopped";

/** Names of the cluster's processes that live now, by their pid files. */
export function livingProcesses(cluster: Cluster): string[] {
  let files: string[];
  try {
    files = readdirSync(cluster.runDir);
  } catch {
    return [];
  }
  const names = files.flatMap((file) => (file.endsWith(".pid") ? [file.slice(0, -".pid".length)] : []));
  return names.filter((name) => readPidFile(pidPath(cluster, name)) !== undefined);
}

export function clusterState(cluster: Cluster): ClusterState {
  const living = livingProcesses(cluster);
  if (living.includes(SUPERVISOR_NAME)) return "running";
  return living.length > 0 ? "leftovers" : "stopped";
}
