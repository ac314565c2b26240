/**
 * One part of a volume for one container: bound to a place of our own, which nobody in the pod can change.
 * Upstream: `pkg/volume/util/subpath`.
 */
import { lstat, mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasErrorCode } from "../error-code.ts";
import { bindMount, isMounted, unmount } from "../mount-table.ts";
import { descriptorPath, openInside } from "./open-inside.ts";

export const SUB_PATHS_FOLDER = "volume-subpaths";

export interface SubPath {
  readonly podDirectory: string;
  /** Name of the volume in the pod. */
  readonly volumeName: string;
  readonly container: string;
  /** Of the mount in the container. */
  readonly index: number;
  readonly volumePath: string;
  /** Below the volume; checked by `checkSubPath`. */
  readonly path: string;
}

/** Throws for a path that says itself that it leads out. */
export function checkSubPath(path: string): void {
  if (path.startsWith("/")) throw new Error(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split("/").includes("..")) throw new Error(`unable to provision SubPath \`${path}\`: must not contain '..'`);
}

/** Resolves to where the part is mounted. Taken away with the pod. */
export async function bindSubPath(part: SubPath): Promise<string> {
  const target = join(part.podDirectory, SUB_PATHS_FOLDER, part.volumeName, part.container, String(part.index));
  const source = await openInside(part.volumePath, part.path);
  try {
    const stats = await source.stat();
    if (await isMounted(target)) {
      const bound = await lstat(target);
      // Still what was asked for; otherwise it was another part of the volume, before the container's restart.
      if (bound.dev === stats.dev && bound.ino === stats.ino) return target;
      await unmount(target);
    }
    await makeTarget(target, stats.isDirectory());
    await bindMount(descriptorPath(source), target);
    return target;
  } finally {
    await source.close();
  }
}

/** A folder for a folder, a file for everything else: the mount changes its type. */
async function makeTarget(target: string, isDirectory: boolean): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  await rm(target, { recursive: true, force: true });
  if (isDirectory) {
    await mkdir(target, { mode: 0o750 }).catch((error: unknown) => {
      if (!hasErrorCode(error, "EEXIST")) throw error;
    });
  } else await (await open(target, "w", 0o640)).close();
}
