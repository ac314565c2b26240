/**
 * Ends a pod: all preStop hooks at once, then the main containers together, then its sidecars from the last to the
 * first, then the sandbox. Upstream: `kuberuntime_container.go` killContainersWithSyncResult and
 * `kuberuntime_termination_order.go`.
 */
import type { RuntimeContainer } from "../runtime/runtime.ts";
import { isRuntimeCancelled, isRuntimeNotFound } from "../runtime/runtime-error.ts";
import { killContainer } from "./kill-container.ts";
import type { KubeletContext } from "./kubelet-context.ts";
import { allContainersOf, initContainersOf, isAlive } from "./pod-containers.ts";
import type { PodSession } from "./pod-session.ts";

/** True when everything is dead; false when `signal` aborted before. Rejects when the runtime fails: try again. */
export async function terminatePod(
  context: KubeletContext,
  session: PodSession,
  graceSeconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  await session.observe();
  // Told at once: what is ending is no longer ready.
  session.publish(new Map(), false);
  const alive = session.observed.containers.filter(isAlive);
  const sidecars = initContainersOf(session.pod).filter(({ role }) => role === "sidecar");
  const rankOf = ({ name }: RuntimeContainer): number => sidecars.findIndex(({ spec }) => spec.name === name);
  // From the last to the first: each waits for those that were started after it; -1 is no sidecar and waits for none.
  const dead = new Map<RuntimeContainer, Promise<void>>();
  const kills = alive
    .toSorted((a, b) => (rankOf(a) < 0 ? -1 : rankOf(b) < 0 ? 1 : rankOf(b) - rankOf(a)))
    .map((container) => {
      const rank = rankOf(container);
      const before = [...dead].filter(([other]) => rank >= 0 && rankOf(other) !== rank).map(([, ended]) => ended);
      const ended = killOne(context, session, container, graceSeconds, signal, Promise.allSettled(before));
      dead.set(container, ended);
      return ended;
    });
  await Promise.all(kills);
  if (signal.aborted) return false;
  await stopSandboxes(context, session);
  const { containers } = await session.observe();
  return !containers.some(isAlive);
}

async function killOne(
  context: KubeletContext,
  session: PodSession,
  container: RuntimeContainer,
  graceSeconds: number,
  signal: AbortSignal,
  turn: Promise<unknown>,
): Promise<void> {
  const { pod, host } = session;
  const declared = allContainersOf(pod).find(({ spec }) => spec.name === container.name);
  const message = `Stopping container ${container.name}`;
  try {
    await killContainer(context, { pod, container, declared, message, graceSeconds, host, turn }, signal);
  } catch (error) {
    if (!isRuntimeCancelled(error)) throw error;
  }
}

async function stopSandboxes(context: KubeletContext, session: PodSession): Promise<void> {
  for (const { id } of session.observed.sandboxes) {
    try {
      await context.runtime.stopSandbox(id);
    } catch (error) {
      if (!isRuntimeNotFound(error)) throw error;
    }
  }
}
