/**
 * Gives a volume to the group of a pod (`fsGroup`): every file belongs to it and can be read and written by it, and
 * what is made in its folders belongs to it too. Upstream: `pkg/volume/volume_linux.go`.
 *
 * O1. Links are never followed: their own group changes, not that of what they lead to.
 * O2. A tree whose root is right already is left alone when the policy is OnRootMismatch.
 */
import { chmod, lchown, lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "../../shared/api/generated/core/v1.ts";

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
export async function ownVolume(root: string, { group, policy }: GroupOwner, isReadOnly: boolean): Promise<void> {
  if (group === undefined) return;
  const mask = isReadOnly ? 0o440 : 0o660;
  if (policy === "OnRootMismatch" && (await isOwned(root, group, mask))) return;
  await ownTree(root, group, mask);
}

async function isOwned(root: string, group: number, mask: number): Promise<boolean> {
  const stats = await lstat(root);
  const wanted = mask | SETGID | 0o110;
  return stats.gid === group && (stats.mode & wanted) === wanted;
}

/** The root is last: it tells that everything below is done (O2). */
async function ownTree(path: string, group: number, mask: number): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  // Gone meanwhile: others use the volume too.
  if (stats === undefined) return;
  if (stats.isDirectory()) {
    for await (const entry of await opendir(path)) await ownTree(join(path, entry.name), group, mask);
  }
  if (stats.gid !== group) await lchown(path, stats.uid, group);
  if (stats.isSymbolicLink()) return;
  const wanted = (stats.mode & PERMISSIONS) | mask | (stats.isDirectory() ? SETGID | 0o110 : 0);
  // A change of owner takes the set-group bit away: say it again.
  if (wanted !== (stats.mode & PERMISSIONS) || stats.gid !== group) await chmod(path, wanted);
}
