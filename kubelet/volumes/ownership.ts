/**
 * Gives a volume to the group of a pod (`fsGroup`): every file belongs to it and can be read and written by it, and
 * what is made in its folders belongs to it too. Upstream: `pkg/volume/volume_linux.go`.
 *
 * O1. Links are never followed: their own group changes, not that of what they lead to. Other pods may use the volume
 *     meanwhile, so everything goes through descriptors: a folder that is swapped for a link is not entered.
 * O2. A tree whose root is right already is left alone when the policy is OnRootMismatch; the root is done last.
 */
import { chmod, chown, type FileHandle, lchown, open, readdir } from "node:fs/promises";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { hasErrorCode } from "./error-code.ts";
import { descriptorPath, NO_FOLLOW } from "./sub-path/open-inside.ts";

const SETGID = 0o2000;
const PERMISSIONS = 0o7777;

export interface GroupOwner {
  readonly group: number | undefined;
  readonly policy: string | undefined;
}

export function groupOwner({ spec }: Pod): GroupOwner {
  return { group: spec.securityContext?.fsGroup, policy: spec.securityContext?.fsGroupChangePolicy };
}

/** Does nothing without a group. */
export async function ownVolume(root: string, { group, policy }: GroupOwner): Promise<void> {
  if (group === undefined) return;
  const handle = await open(root, NO_FOLLOW);
  try {
    if (policy === "OnRootMismatch" && (await isOwned(handle, group))) return;
    await ownTree(handle, group);
  } finally {
    await handle.close();
  }
}

async function isOwned(handle: FileHandle, group: number): Promise<boolean> {
  const stats = await handle.stat();
  const wanted = 0o660 | SETGID | 0o110;
  return stats.gid === group && (stats.mode & wanted) === wanted;
}

async function ownTree(handle: FileHandle, group: number): Promise<void> {
  const stats = await handle.stat();
  const path = descriptorPath(handle);
  if (stats.isDirectory()) for (const name of await readdir(path)) await ownEntry(`${path}/${name}`, group);
  if (stats.gid !== group) await chown(path, stats.uid, group);
  const wanted = (stats.mode & PERMISSIONS) | 0o660 | (stats.isDirectory() ? SETGID | 0o110 : 0);
  // A change of owner takes the set-group bit away: say it again.
  if (wanted !== (stats.mode & PERMISSIONS) || stats.gid !== group) await chmod(path, wanted);
}

async function ownEntry(path: string, group: number): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, NO_FOLLOW);
  } catch (error) {
    // Gone meanwhile: others use the volume too.
    if (hasErrorCode(error, "ENOENT")) return;
    throw error;
  }
  try {
    if (!(await handle.stat()).isSymbolicLink()) await ownTree(handle, group);
    else await lchown(path, (await handle.stat()).uid, group);
  } catch (error) {
    if (!hasErrorCode(error, "ENOENT")) throw error;
  } finally {
    await handle.close();
  }
}
