/** What is left of a pod after its containers died: containers, sandboxes and logs. */
import { rm } from "node:fs/promises";
import { isRuntimeNotFound } from "../runtime/runtime-error.ts";
import type { KubeletContext } from "./kubelet-context.ts";

type RemainsContext = Pick<KubeletContext, "runtime" | "paths">;

/** Also stops what still runs, without grace: callers have ended it before. */
export async function removePodRemains(
  context: RemainsContext,
  namespace: string,
  name: string,
  uid: string,
): Promise<void> {
  const { runtime, paths } = context;
  const { sandboxes, containers } = await runtime.observePod(uid);
  for (const { id } of containers) await runtime.removeContainer(id);
  for (const { id } of sandboxes) {
    try {
      await runtime.stopSandbox(id);
      await runtime.removeSandbox(id);
    } catch (error) {
      if (!isRuntimeNotFound(error)) throw error;
    }
  }
  await rm(paths.podLogs(namespace, name, uid), { recursive: true, force: true });
}
