/** hostPath volumes: nothing is mounted, the path is checked. Upstream: `pkg/volume/hostpath`. */
import { chmod, lstat, mkdir, stat, writeFile } from "node:fs/promises";
import type { Stats } from "node:fs";

const CHECKS: Readonly<Record<string, { readonly isOf: (stats: Stats) => boolean; readonly text: string }>> = {
  Directory: { isOf: (stats) => stats.isDirectory(), text: "a directory" },
  DirectoryOrCreate: { isOf: (stats) => stats.isDirectory(), text: "a directory" },
  File: { isOf: (stats) => stats.isFile(), text: "a file" },
  FileOrCreate: { isOf: (stats) => stats.isFile(), text: "a file" },
  Socket: { isOf: (stats) => stats.isSocket(), text: "a socket file" },
  CharDevice: { isOf: (stats) => stats.isCharacterDevice(), text: "a character device" },
  BlockDevice: { isOf: (stats) => stats.isBlockDevice(), text: "a block device" },
};

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

/** Rejects when the path is not of the wanted type. */
export async function checkHostPath(path: string, type: string | undefined): Promise<void> {
  if (type === undefined || type === "") return;
  const check = CHECKS[type];
  if (check === undefined) throw new Error(`hostPath type check failed: unknown type ${type}`);
  if (type === "DirectoryOrCreate" && !(await exists(path))) {
    await mkdir(path, { recursive: true, mode: 0o755 });
    await chmod(path, 0o755);
  }
  if (type === "FileOrCreate" && !(await exists(path))) await writeFile(path, "", { mode: 0o644 });
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || !check.isOf(stats))
    throw new Error(`hostPath type check failed: ${path} is not ${check.text}`);
}
