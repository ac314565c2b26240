/**
 * Opens a path below a folder such that nothing of it can lead out, whatever others do to the folder meanwhile.
 * Upstream: `pkg/volume/util/subpath/subpath_linux.go`.
 *
 * P1. Links are resolved once, and the result must be inside; after that no link is followed any more.
 * P2. Each step goes through the descriptor of the folder before it: a folder that is swapped for a link is refused.
 * P3. The descriptor is what is used afterwards, never the path.
 */
import { constants } from "node:fs";
import { chmod, type FileHandle, mkdir, open, realpath } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { hasErrorCode } from "../error-code.ts";

/** Node has no name for it: a descriptor that only says where, and needs no right to read. */
const O_PATH = 0o10000000;
/** Opens whatever is there, links themselves too; nothing can be read or written through it. */
export const NO_FOLLOW = O_PATH | constants.O_NOFOLLOW;

export function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root === "/" ? "/" : `${root}/`);
}

/** A name by which the kernel finds what a descriptor of this process stands for. */
export function descriptorPath({ fd }: FileHandle): string {
  return `/proc/${process.pid}/fd/${fd}`;
}

/** What is there already, with its links resolved; the rest of the path is to be made. */
async function existingPart(
  root: string,
  path: string,
): Promise<{ readonly real: string; readonly missing: string[] }> {
  const missing: string[] = [];
  for (let candidate = join(root, path); ; candidate = dirname(candidate)) {
    try {
      return { real: await realpath(candidate), missing };
    } catch (error) {
      // A link that leads nowhere is no folder to be made: what it names may be outside.
      if (candidate === root || !hasErrorCode(error, "ENOENT") || (await isLink(candidate))) throw error;
      missing.unshift(candidate.slice(dirname(candidate).length + 1));
    }
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    const handle = await open(path, NO_FOLLOW);
    const isSymbolic = (await handle.stat()).isSymbolicLink();
    await handle.close();
    return isSymbolic;
  } catch (error) {
    if (hasErrorCode(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

/** Folders that are missing are made with the root's own mode. The caller closes the handle. */
export async function openInside(root: string, path: string): Promise<FileHandle> {
  const base = await realpath(root);
  const { real, missing } = await existingPart(base, path);
  if (!isInside(base, real)) throw new Error(`subpath "${real}" not within volume path "${base}"`);
  const handle = await open(base, NO_FOLLOW);
  const { mode } = await handle.stat();
  const present = relative(base, real)
    .split("/")
    .filter((segment) => segment !== "");
  return walk(handle, present, missing, mode & 0o7777);
}

async function walk(
  base: FileHandle,
  present: readonly string[],
  missing: readonly string[],
  mode: number,
): Promise<FileHandle> {
  let handle = base;
  for (const [index, name] of [...present, ...missing].entries()) {
    const parent = handle;
    try {
      handle = index < present.length ? await openChild(parent, name) : await makeChild(parent, name, mode);
    } finally {
      await parent.close();
    }
  }
  return handle;
}

async function openChild(parent: FileHandle, name: string): Promise<FileHandle> {
  const handle = await open(`${descriptorPath(parent)}/${name}`, NO_FOLLOW);
  if (!(await handle.stat()).isSymbolicLink()) return handle;
  await handle.close();
  throw new Error(`unexpected symlink found ${name}`);
}

async function makeChild(parent: FileHandle, name: string, mode: number): Promise<FileHandle> {
  try {
    await mkdir(`${descriptorPath(parent)}/${name}`, { mode });
  } catch (error) {
    if (!hasErrorCode(error, "EEXIST")) throw error;
    return openChild(parent, name);
  }
  const handle = await openChild(parent, name);
  // The mode above passes through our umask.
  await chmod(descriptorPath(handle), mode);
  return handle;
}
