/** Bind mounts, by the system's own programs: Node has no call for them. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;

export interface Mounts {
  isMounted(path: string): boolean;
  /** True when what is at `source`, a path that ends in names of ours alone, is mounted anywhere. */
  isSourceMounted(source: string): boolean;
  bind(source: string, target: string, isReadOnly: boolean): Promise<void>;
  unmount(target: string): Promise<void>;
}

/** Spaces and the like are written in octal in the kernel's table. */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/gu, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Source within its file system, and mount point, of each mount. */
function mountTable(): { source: string; target: string }[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return lines.map((line) => {
    const [, , , source = "", target = ""] = line.split(" ");
    return { source: unescape(source), target: unescape(target) };
  });
}

const isMounted = (path: string): boolean => mountTable().some(({ target }) => target === path);

/** The table has paths from the root of a file system, which may itself be mounted anywhere: ends are compared. */
function isSourceMounted(path: string): boolean {
  const end = path.split("/").filter(Boolean).slice(-2).join("/");
  return mountTable().some(({ source }) => source.endsWith(`/${end}`));
}

export const systemMounts: Mounts = {
  isMounted,
  isSourceMounted,
  bind: async (source, target, isReadOnly) => {
    await run("mount", ["--bind", "--", source, target], { timeout: TIMEOUT_MS });
    if (!isReadOnly) return;
    try {
      // A bind mount takes its options only when it is mounted again.
      await run("mount", ["-o", "remount,bind,ro", "--", target], { timeout: TIMEOUT_MS });
    } catch (err) {
      await run("umount", ["--", target], { timeout: TIMEOUT_MS });
      throw err;
    }
  },
  unmount: async (target) => {
    while (isMounted(target)) await run("umount", ["--", target], { timeout: TIMEOUT_MS });
  },
};
