import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster/cluster.ts";
import { PAUSE_IMAGE } from "../image/pause-image.ts";
import { CNI_PLUGIN_DIRS } from "../machine/debian-packages.ts";
import { exists, mayLowerOomScores } from "../machine/machine-checks.ts";
import type { ClusterRuntime } from "../runtime/cluster-runtime.ts";
import { UserError } from "../user-error.ts";
import { containerdConfig } from "./containerd-config.ts";
import { ctr, imageNames, isContainerdServing } from "./ctr.ts";

/** Time that containers have between SIGTERM and SIGKILL when the whole cluster goes down. */
const CONTAINER_GRACE_MS = 3000;
/** Time that containerd has to take note that they ended. */
const REAP_WAIT_MS = 5000;
const POLL_MS = 100;

const configPath = (cluster: Cluster): string => `${cluster.dataDir}/config.toml`;

export const containerdRuntime: ClusterRuntime = {
  title: "containerd",
  socket: (cluster) => cluster.containerdSocket,
  processes: (cluster) => [{ name: "containerd", program: "containerd", args: ["--config", configPath(cluster)] }],
  writeConfiguration,
  isServing: isContainerdServing,
  imageNames,
  importTar,
  sharedFolders: [],
  stopContainers,
};

function writeConfiguration(cluster: Cluster): void {
  const config = containerdConfig({
    rootDir: `${cluster.dataDir}/containerd`,
    stateDir: `${cluster.runDir}/containerd`,
    socket: cluster.containerdSocket,
    sandboxImage: PAUSE_IMAGE,
    cniBinDir: CNI_PLUGIN_DIRS.find((dir) => exists(`${dir}/bridge`)) ?? CNI_PLUGIN_DIRS[0],
    cniConfDir: `${cluster.dataDir}/cni`,
    mayLowerOomScores: mayLowerOomScores(),
  });
  writeFileSync(configPath(cluster), config);
}

async function importTar(cluster: Cluster, path: string, givenPath: string): Promise<string[]> {
  const before = await imageNames(cluster);
  const result = await ctr(cluster, "images", "import", "--base-name", "imported", path);
  if (result.code !== 0) {
    throw new UserError(`containerd does not take ${givenPath}: ${result.stderr.trim().split("\n").at(-1) ?? ""}`);
  }
  const named = [...result.stdout.matchAll(/unpacking (\S+)/g)].map((match) => match[1] ?? "");
  const added = [...(await imageNames(cluster))].filter((name) => !before.has(name));
  return [...new Set([...named, ...added])].filter((name) => !name.startsWith("sha256:"));
}

interface Task {
  readonly id: string;
  readonly isRunning: boolean;
}

async function tasks(cluster: Cluster): Promise<Task[]> {
  const { stdout } = await ctr(cluster, "tasks", "list");
  return stdout
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 3)
    .map(([id = "", , status]) => ({ id, isRunning: status === "RUNNING" || status === "PAUSED" }));
}

async function killTasks(cluster: Cluster, signal: string): Promise<void> {
  const running = (await tasks(cluster)).filter((task) => task.isRunning);
  await Promise.all(running.map(({ id }) => ctr(cluster, "tasks", "kill", "--all", "--signal", signal, id)));
}

async function waitForEnd(cluster: Cluster, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(POLL_MS)) {
    if ((await tasks(cluster)).every((task) => !task.isRunning)) return true;
  }
  return false;
}

/** SIGTERM, and SIGKILL for what stays. */
async function stopContainers(cluster: Cluster): Promise<number> {
  const count = (await tasks(cluster)).filter((task) => task.isRunning).length;
  if (count === 0) return 0;
  await killTasks(cluster, "SIGTERM");
  if (!(await waitForEnd(cluster, CONTAINER_GRACE_MS))) {
    await killTasks(cluster, "SIGKILL");
    await waitForEnd(cluster, REAP_WAIT_MS);
  }
  await Promise.all((await tasks(cluster)).map(({ id }) => ctr(cluster, "tasks", "delete", "--force", id)));
  return count;
}
