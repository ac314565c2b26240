/** What of a cluster is still on the machine: `down --purge` ends with an empty list of these, and tests hold it to that. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { isInKubeconfig } from "../kubeconfig/kubeconfig-file.ts";
import { runCommand } from "../machine/command.ts";
import { allProcessIds, commandLineOf } from "../machine/process-table.ts";
import { networkNamespacesOf } from "./network-namespaces.ts";

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Mount points under the cluster's folders, the deepest first. */
export function mountsOf(cluster: Cluster): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => (line.split(" ")[4] ?? "").replace(/\\040/g, " "))
    .filter((path) => isBelow(path, cluster.dataDir) || isBelow(path, cluster.runDir))
    .reverse();
}

/** Block devices of files in the cluster's folders: of volumes that pods used as such. */
export function loopDevicesOf(cluster: Cluster): string[] {
  const root = "/sys/block";
  const names = existsSync(root) ? readdirSync(root) : [];
  return names
    .filter((name) => {
      const file = join(root, name, "loop/backing_file");
      return existsSync(file) && isBelow(readFileSync(file, "utf8").trimEnd(), cluster.dataDir);
    })
    .map((name) => `/dev/${name}`);
}

/** Processes that were started from the cluster's folders or for its containerd. */
export function processesOf(cluster: Cluster): number[] {
  const marks = [`${cluster.dataDir}/`, `${cluster.runDir}/`];
  return allProcessIds().filter(
    (pid) =>
      pid !== process.pid && commandLineOf(pid).some((argument) => marks.some((mark) => argument.includes(mark))),
  );
}

/** The cluster's cgroups: one folder in each hierarchy of v1, one alone in v2. */
export function cgroupsOf(cluster: Cluster): string[] {
  const root = "/sys/fs/cgroup";
  const hierarchies = existsSync(join(root, "cgroup.controllers"))
    ? [root]
    : readdirSync(root).map((name) => join(root, name));
  return hierarchies.map((path) => join(path, cluster.cgroupRoot)).filter((path) => existsSync(path));
}

/** Rules and chains of the cluster in any table. */
export async function iptablesLinesOf(cluster: Cluster): Promise<string[]> {
  const { stdout } = await runCommand("iptables-save", []);
  const prefix = `${cluster.chainPrefix}-`;
  const isOurs = (line: string): boolean =>
    line.startsWith(`:${prefix}`) ||
    line.includes(` -j ${prefix}`) ||
    line.startsWith(`-A ${prefix}`) ||
    [cluster.forwardChain, cluster.podBridge, cluster.podCidr.replace(/0\.0\/16$/, "")].some((mark) =>
      line.includes(mark),
    ) ||
    line.includes(`name: \\"${cluster.podBridge}\\"`);
  return stdout.split("\n").filter(isOurs);
}

async function routesOf(cluster: Cluster): Promise<string[]> {
  const { stdout } = await runCommand("ip", ["route", "show", "table", "all"]);
  return stdout.split("\n").filter((line) => line.includes(cluster.voidBridge) || line.includes(cluster.podBridge));
}

/** One line for everything that is left. */
export async function findLeftovers(cluster: Cluster): Promise<string[]> {
  const links = [cluster.podBridge, cluster.voidBridge].filter((link) => existsSync(`/sys/class/net/${link}`));
  return [
    ...processesOf(cluster).map((pid) => `process ${pid}: ${commandLineOf(pid).join(" ")}`),
    ...mountsOf(cluster).map((path) => `mount ${path}`),
    ...loopDevicesOf(cluster).map((device) => `loop device ${device}`),
    ...(await networkNamespacesOf(cluster)).map((name) => `network namespace ${name}`),
    ...links.map((link) => `link ${link}`),
    ...(await routesOf(cluster)).map((route) => `route ${route}`),
    ...(await iptablesLinesOf(cluster)).map((line) => `iptables ${line}`),
    ...cgroupsOf(cluster).map((path) => `cgroup ${path}`),
    ...(isInKubeconfig(cluster.contextName) ? [`kubeconfig entry ${cluster.contextName}`] : []),
    ...[cluster.dataDir, cluster.runDir].filter((path) => existsSync(path)).map((path) => `folder ${path}`),
  ];
}
