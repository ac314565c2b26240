/**
 * Secrets are never written to a disk: one file system in memory for the node holds them, and where a pod's volumes
 * are known to be stands a link. Upstream mounts one per volume (`emptydir` of medium Memory around `secret`).
 *
 * M1. Mounted before the first file; found again by a kubelet that starts anew.
 */
import { mkdir, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { KubeletPaths } from "../node/kubelet-paths.ts";
import { hasErrorCode } from "./error-code.ts";
import { isMounted, mountTmpfs } from "./mount-table.ts";

export class MemoryFolder {
  readonly #root: string;
  #mounting: Promise<void> | undefined;

  constructor({ root }: Pick<KubeletPaths, "root">) {
    this.#root = join(root, "memory");
  }

  /** Where the content of the volume at `directory` belongs; a link leads there. */
  async place(podUid: string, directory: string): Promise<string> {
    this.#mounting ??= this.#mount();
    try {
      await this.#mounting;
    } catch (error) {
      this.#mounting = undefined;
      throw error;
    }
    const target = join(this.#root, podUid, basename(dirname(directory)), basename(directory));
    await mkdir(dirname(directory), { recursive: true, mode: 0o750 });
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    try {
      await symlink(target, directory);
    } catch (error) {
      if (!hasErrorCode(error, "EEXIST")) throw error;
    }
    return target;
  }

  async remove(podUid: string): Promise<void> {
    await rm(join(this.#root, podUid), { recursive: true, force: true });
  }

  async #mount(): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o750 });
    if (!(await isMounted(this.#root))) await mountTmpfs(this.#root, undefined);
  }
}
