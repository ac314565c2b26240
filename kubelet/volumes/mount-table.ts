/** Mounts of this machine below a directory, and how to make and remove one. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

function unescapeMountPath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_whole, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Deepest first: the order in which they can be taken away. */
export async function mountsBelow(directory: string): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table
    .split("\n")
    .map((line) => unescapeMountPath(line.split(" ")[4] ?? ""))
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .toSorted((a, b) => b.length - a.length);
}

export async function isMounted(directory: string): Promise<boolean> {
  return (await mountsBelow(directory)).includes(directory);
}

/** `sizeBytes` undefined: the kernel's own limit, half of the memory. */
export async function mountTmpfs(directory: string, sizeBytes: number | undefined): Promise<void> {
  const options = sizeBytes === undefined ? [] : ["-o", `size=${sizeBytes}`];
  await run("mount", ["-t", "tmpfs", ...options, "tmpfs", directory]);
}

/** Takes away everything that is mounted below; rejects when something stays busy. */
export async function unmountBelow(directory: string): Promise<void> {
  for (const path of await mountsBelow(directory)) await run("umount", [path]);
}
