/** Removes what a stopped cluster has on the machine: in the end nothing of it is left, and that is looked at. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, RUN_ROOT } from "../cluster/cluster.ts";
import { removeRecord } from "../cluster/cluster-records.ts";
import { removeFromKubeconfig } from "../kubeconfig/kubeconfig-file.ts";
import { runCommand } from "../machine/command.ts";
import { tearDownNetwork } from "../network/cluster-network.ts";
import { runtimeOf } from "../runtime/cluster-runtime.ts";
import { type StepOutcome, type Step } from "../steps/step.ts";
import { UserError } from "../user-error.ts";
import { removeChains } from "./iptables-removal.ts";
import { cgroupsOf, findLeftovers, loopDevicesOf, mountsOf, processesOf } from "./leftovers.ts";
import { removeNetworkNamespaces } from "./network-namespaces.ts";
import { type PodTraces, removePodTraces } from "./pod-traces.ts";

const CGROUP_TRIES = 50;
const CGROUP_POLL_MS = 20;

/** A stopped cluster and what its pods left outside its folders. */
export interface PurgeContext {
  readonly cluster: Cluster;
  readonly podTraces: PodTraces;
}

type Run = (context: PurgeContext) => Promise<StepOutcome>;

const killProcesses: Run = async ({ cluster }) => {
  const processes = [...processesOf(cluster), ...cgroupsOf(cluster).flatMap(processesInCgroup)];
  for (const pid of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
    }
  }
  return undefined;
};

function subfolders(path: string): string[] {
  const names = readdirSync(path).map((name) => join(path, name));
  return names.filter((name) => statSync(name).isDirectory());
}

function processesInCgroup(path: string): number[] {
  const own = readFileSync(join(path, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  return [...own, ...subfolders(path).flatMap(processesInCgroup)];
}

/** Cgroups are removed from the leaves; a process that was just killed still holds its own for a moment. */
async function removeCgroup(path: string): Promise<void> {
  for (const child of subfolders(path)) await removeCgroup(child);
  for (let tries = 1; ; tries++) {
    try {
      return rmdirSync(path);
    } catch (err) {
      const { code } = err as NodeJS.ErrnoException;
      if (code === "ENOENT") return;
      if (code !== "EBUSY" || tries === CGROUP_TRIES) throw err;
      await sleep(CGROUP_POLL_MS);
    }
  }
}

const removeLinks: Run = async ({ cluster, podTraces }) => {
  await removePodTraces(podTraces);
  await removeNetworkNamespaces(cluster);
  await removeChains(cluster);
  await tearDownNetwork(cluster);
  return undefined;
};

const removeCgroups: Run = async ({ cluster }) => {
  for (const path of cgroupsOf(cluster)) await removeCgroup(path);
  return undefined;
};

const removeData: Run = async ({ cluster }) => {
  for (const path of mountsOf(cluster)) await runCommand("umount", ["--lazy", path]);
  for (const device of loopDevicesOf(cluster)) await runCommand("losetup", ["--detach", device]);
  for (const folder of [cluster.dataDir, cluster.runDir]) rmSync(folder, { recursive: true, force: true });
  for (const folder of [...runtimeOf(cluster).sharedFolders, RUN_ROOT]) {
    if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
  }
  return cluster.dataDir;
};

const forgetCluster: Run = async ({ cluster }) => {
  await removeFromKubeconfig(cluster.contextName);
  const leftovers = await findLeftovers(cluster);
  if (leftovers.length > 0) {
    throw new UserError(`Not everything could be removed:\n    ${leftovers.join("\n    ")}`, "Run the command again.");
  }
  removeRecord(cluster.name);
  return undefined;
};

export const purgeSteps: readonly Step<PurgeContext>[] = [
  { name: "processes", title: "Ending what is left of its processes", needs: [], run: killProcesses },
  { name: "network", title: "Removing links, routes and rules", needs: ["processes"], run: removeLinks },
  { name: "cgroups", title: "Removing cgroups", needs: ["processes"], run: removeCgroups },
  { name: "data", title: "Removing data", needs: ["processes"], run: removeData },
  { name: "record", title: "Removing the kubeconfig entry", needs: ["network", "cgroups", "data"], run: forgetCluster },
];
