import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster/cluster.ts";
import { allProcessIds, commandLineOf } from "../machine/process-table.ts";
import { runtimeOf } from "../runtime/cluster-runtime.ts";
import { type StepOutcome, skipped } from "../steps/step.ts";

/** Time that the kernel has to end what was killed. */
const REAP_WAIT_MS = 5000;
const POLL_MS = 100;

/** Ends all containers of the cluster through its runtime, when that still answers. */
export async function stopContainers(cluster: Cluster): Promise<StepOutcome> {
  const runtime = runtimeOf(cluster);
  if (!existsSync(runtime.socket(cluster)) || !(await runtime.isServing(cluster))) return skipped;
  const count = await runtime.stopContainers(cluster);
  return count === 0 ? skipped : `${count} containers`;
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
