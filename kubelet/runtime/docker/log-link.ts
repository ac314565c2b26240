/**
 * The Engine writes logs into its own folders, where the kubelet reads them. Programs that collect logs look for them
 * at the path that CRI has for it: there is a link. The kubelet itself never follows it, because pods that see the
 * folder may have put another in its place.
 */
import { lstat, mkdir, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";

/** Where the json-file driver writes. */
export const engineLogPath = (rootDir: string, id: string): string => `${rootDir}/containers/${id}/${id}-json.log`;

/** Replaces what is there. */
export async function linkLog(logPath: string, target: string): Promise<void> {
  await mkdir(dirname(logPath), { recursive: true });
  await rm(logPath, { force: true });
  await symlink(target, logPath);
}

/** Only a link is ours. */
export async function unlinkLog(logPath: string): Promise<void> {
  const stats = await lstat(logPath).catch(() => undefined);
  if (stats?.isSymbolicLink() === true) await rm(logPath, { force: true });
}
