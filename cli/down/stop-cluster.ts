/**
 * Stops what runs of a cluster, in the one order that works: the supervisor (or it would start again what is
 * stopped), the kubelet (or it would start pods again), the pods, the rest, and the container runtime last, which
 * the pods' removal needs. Every step may be repeated and takes an absent process for stopped.
 */
import type { Cluster } from "../cluster/cluster.ts";
import { stopByPidFile } from "../machine/pid-file.ts";
import { runtimeOf } from "../runtime/cluster-runtime.ts";
import { runSteps } from "../steps/run-steps.ts";
import { type Step, type StepObserver, skipped } from "../steps/step.ts";
import { pidPath, SUPERVISOR_NAME } from "../supervisor/process-spec.ts";
import { killShims, stopContainers } from "./stop-containers.ts";

/** Longest wait for an orderly end of one process. */
const PROCESS_GRACE_MS = 5000;

async function stopProcesses(cluster: Cluster, ...names: readonly string[]): Promise<typeof skipped> {
  await Promise.all(names.map((name) => stopByPidFile(pidPath(cluster, name), PROCESS_GRACE_MS)));
  return skipped;
}

/** Leaders give their leases back when they end, so that the next `up` need not wait until they run out. */
const CLIENTS = ["csi-hostpath", "kube-proxy", "kube-scheduler", "kube-controller-manager"];

export const stopSteps: readonly Step<Cluster>[] = [
  { name: "supervisor", title: "Stopping the supervisor", needs: [], run: (it) => stopProcesses(it, SUPERVISOR_NAME) },
  { name: "kubelet", title: "Stopping the kubelet", needs: ["supervisor"], run: (it) => stopProcesses(it, "kubelet") },
  { name: "pods", title: "Stopping pods", needs: ["kubelet"], run: stopContainers },
  {
    name: "components",
    title: "Stopping components",
    needs: ["kubelet"],
    run: async (cluster) => {
      await stopProcesses(cluster, ...CLIENTS);
      await stopProcesses(cluster, "kube-apiserver");
      await stopProcesses(cluster, "etcd");
      return undefined;
    },
  },
  {
    name: "runtime",
    title: "Stopping the container runtime",
    needs: ["pods"],
    run: async (cluster) => {
      for (const { name } of runtimeOf(cluster).processes(cluster).toReversed()) await stopProcesses(cluster, name);
      await killShims(cluster);
      return undefined;
    },
  },
];

export async function stopCluster(cluster: Cluster, observer: StepObserver): Promise<void> {
  await runSteps(stopSteps, cluster, observer);
}
