/** How much of a disk a folder takes, as `du` counts it. Upstream: `pkg/volume/util/fs`. */
import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

export interface TreeSize {
  readonly usedBytes: number;
  readonly inodes: number;
}

const BLOCK_BYTES = 512;

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    // It went away meanwhile.
    return [];
  }
}

/** Stays on the file system of `root`, follows no links, and counts a file with several names once. */
export async function treeSize(root: string): Promise<TreeSize> {
  const top = await lstat(root).catch(() => undefined);
  if (top === undefined) return { usedBytes: 0, inodes: 0 };
  const linked = new Set<number>();
  let usedBytes = top.blocks * BLOCK_BYTES;
  let inodes = 1;
  const folders = top.isDirectory() ? [root] : [];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await entriesOf(folder)) {
      const path = join(folder, entry.name);
      const stats = await lstat(path).catch(() => undefined);
      if (stats === undefined || stats.dev !== top.dev || linked.has(stats.ino)) continue;
      if (stats.nlink > 1 && !stats.isDirectory()) linked.add(stats.ino);
      usedBytes += stats.blocks * BLOCK_BYTES;
      inodes++;
      if (stats.isDirectory()) folders.push(path);
    }
  }
  return { usedBytes, inodes };
}
