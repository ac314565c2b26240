import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { PodWorkers } from "../pods/pod-workers.ts";

const POLL_MS = 50;
/** A pod whose containers do not die must not hold up the others for ever. */
const WAIT_MS_MAX = 60_000;
const MESSAGE = "Preempted in order to admit critical pod";

/** Ends a pod for a critical one; resolves when its containers are dead. */
export async function preemptPod(workers: PodWorkers, victim: Pod, clock: Clock): Promise<void> {
  const worker = workers.get(victim.metadata.uid ?? "");
  if (worker === undefined) return;
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "TerminationByKubelet",
    message: "Pod was preempted by Kubelet to accommodate a critical pod.",
  };
  const graceSeconds = victim.spec.terminationGracePeriodSeconds ?? 30;
  worker.evict({ reason: "Preempting", message: MESSAGE, condition }, graceSeconds);
  const startedAtMs = clock.monotonicMs();
  while (worker.phase === "syncing" || worker.phase === "terminating") {
    if (clock.monotonicMs() - startedAtMs > WAIT_MS_MAX + graceSeconds * 1000) {
      throw new Error(`preemption: pod ${victim.metadata.name} was not killed in time`);
    }
    await clock.sleep(POLL_MS);
  }
}
