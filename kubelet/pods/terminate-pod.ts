/**
 * Ends a pod: main containers together, then its sidecars from the last to the first, then the sandbox.
 * Upstream: `kuberuntime_container.go` killContainersWithSyncResult.
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
  const startedAtMs = context.clock.monotonicMs();
  const remaining = (): number =>
    Math.max(1, Math.ceil(graceSeconds - (context.clock.monotonicMs() - startedAtMs) / 1000));
  const kill = (container: RuntimeContainer): Promise<void> =>
    killOne(context, session, container, graceSeconds === 0 ? 0 : remaining(), signal);
  await session.observe();
  // Told at once: what is ending is no longer ready.
  session.publish(new Map(), false);
  const sidecars = initContainersOf(session.pod).filter(({ role }) => role === "sidecar");
  const isSidecar = (container: RuntimeContainer): boolean => sidecars.some(({ spec }) => spec.name === container.name);
  await Promise.all(session.observed.containers.filter((c) => isAlive(c) && !isSidecar(c)).map(kill));
  for (const { spec } of sidecars.toReversed()) {
    const running = session.observed.containers.filter((c) => c.name === spec.name && isAlive(c));
    if (!signal.aborted) await Promise.all(running.map(kill));
  }
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
): Promise<void> {
  const declared = allContainersOf(session.pod).find(({ spec }) => spec.name === container.name);
  const message = `Stopping container ${container.name}`;
  try {
    await killContainer(
      context,
      { pod: session.pod, container, declared, message, graceSeconds, host: session.host },
      signal,
    );
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
