/** Bind mounts, by the system's own programs: Node has no call for them. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;

export interface Mounts {
  isMounted(path: string): boolean;
  bind(source: string, target: string, isReadOnly: boolean): Promise<void>;
  unmount(target: string): Promise<void>;
}

/** Spaces and the like are written in octal in the kernel's table. */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/gu, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

function isMounted(path: string): boolean {
  const table = readFileSync("/proc/self/mountinfo", "utf8");
  return table.split("\n").some((line) => unescape(line.split(" ")[4] ?? "") === path);
}

export const systemMounts: Mounts = {
  isMounted,
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
