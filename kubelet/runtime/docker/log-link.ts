/** The Engine writes logs into its own folders; the kubelet finds each through a link at the path that CRI has for it. */
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
