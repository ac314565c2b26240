import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster/cluster.ts";
import { ctr, isContainerdServing } from "../containerd/ctr.ts";
import { allProcessIds, commandLineOf } from "../machine/process-table.ts";
import { type StepOutcome, skipped } from "../steps/step.ts";

/** Time that containers have between SIGTERM and SIGKILL when the whole cluster goes down. */
const CONTAINER_GRACE_MS = 3000;
/** Time that containerd has to take note that they ended. */
const REAP_WAIT_MS = 5000;
const POLL_MS = 100;

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

/** Ends all containers of the cluster through its containerd: SIGTERM, and SIGKILL for what stays. */
export async function stopContainers(cluster: Cluster): Promise<StepOutcome> {
  if (!existsSync(cluster.containerdSocket) || !(await isContainerdServing(cluster))) return skipped;
  const count = (await tasks(cluster)).filter((task) => task.isRunning).length;
  if (count === 0) return skipped;
  await killTasks(cluster, "SIGTERM");
  if (!(await waitForEnd(cluster, CONTAINER_GRACE_MS))) {
    await killTasks(cluster, "SIGKILL");
    await waitForEnd(cluster, REAP_WAIT_MS);
  }
  await Promise.all((await tasks(cluster)).map(({ id }) => ctr(cluster, "tasks", "delete", "--force", id)));
  return `${count} containers`;
}

/** Processes of a containerd's shims: they outlive it, and carry its socket on their command line. */
export function shimProcesses(cluster: Cluster): number[] {
  return allProcessIds().filter((pid) => {
    const [program = "", ...args] = commandLineOf(pid);
    return program.includes("containerd-shim") && args.includes(cluster.containerdSocket);
  });
}

/** Ends shims that are still there, and with them nothing but empty sandboxes. */
export async function killShims(cluster: Cluster): Promise<void> {
  for (const pid of shimProcesses(cluster)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
    }
  }
  for (let waitedMs = 0; waitedMs < REAP_WAIT_MS && shimProcesses(cluster).length > 0; waitedMs += POLL_MS) {
    await sleep(POLL_MS);
  }
}
