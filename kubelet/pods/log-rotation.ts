/**
 * Keeps logs of running containers from filling the disk: a file beyond 10 MiB is set aside, at most five are kept.
 * Upstream: `pkg/kubelet/logs/container_log_manager.go`.
 */
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { RuntimeContainer } from "../runtime/runtime.ts";
import type { KubeletContext } from "./kubelet-context.ts";

export const LOG_BYTES_MAX = 10 * 1024 * 1024;
/** The current file counts too. */
export const LOG_FILES_MAX = 5;

/** Suffix of a set-aside file: sorts by age. */
function suffix(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
}

/** Rejects when the runtime does not open a new file: then the old one is put back. */
export async function rotateLog(
  { runtime, clock }: Pick<KubeletContext, "runtime" | "clock">,
  { id, logPath }: Pick<RuntimeContainer, "id" | "logPath">,
): Promise<boolean> {
  const size = await stat(logPath).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size < LOG_BYTES_MAX) return false;
  const aside = `${logPath}.${suffix(clock.nowMs())}`;
  await rename(logPath, aside);
  try {
    await runtime.reopenLog(id);
  } catch (error) {
    await rename(aside, logPath);
    throw error;
  }
  await removeOldest(logPath);
  return true;
}

async function removeOldest(logPath: string): Promise<void> {
  const prefix = `${basename(logPath)}.`;
  const aside = (await readdir(dirname(logPath))).filter((name) => name.startsWith(prefix)).toSorted();
  for (const name of aside.slice(0, Math.max(0, aside.length - LOG_FILES_MAX + 1)))
    await rm(join(dirname(logPath), name));
}
