/** Mounts of this machine below a directory, and how to make and remove one. */
import { execFile } from "node:child_process";
import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { hasErrorCode } from "./error-code.ts";

const run = promisify(execFile);

/** A file system that does not answer must not hold its pod for ever. */
const MOUNT_TIMEOUT_MS = 120_000;

function unescapeMountPath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_whole, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

async function mountPoints(): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table.split("\n").map((line) => unescapeMountPath(line.split(" ")[4] ?? ""));
}

/** The kernel names mounts by where they really are: a root directory behind a link must not hide them. */
async function realPlace(path: string): Promise<string> {
  try {
    return join(await realpath(dirname(path)), basename(path));
  } catch (error) {
    if (hasErrorCode(error, "ENOENT", "ENOTDIR")) return path;
    throw error;
  }
}

/** Deepest and newest first: the order in which they can be taken away. */
export async function mountsBelow(directory: string): Promise<string[]> {
  const [place, points] = await Promise.all([realPlace(directory), mountPoints()]);
  return points
    .filter((path) => path === place || path.startsWith(`${place}/`))
    .toReversed()
    .toSorted((a, b) => b.length - a.length);
}

export async function isMounted(directory: string): Promise<boolean> {
  return (await mountPoints()).includes(await realPlace(directory));
}

/** Rejects with what upstream says when mount(8) fails. */
export async function mount(args: readonly string[]): Promise<void> {
  try {
    await run("mount", [...args], { timeout: MOUNT_TIMEOUT_MS });
  } catch (error) {
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    const status = typeof code === "number" ? `exit status ${code}` : String(code);
    throw new Error(
      `mount failed: ${status}\nMounting command: mount\nMounting arguments: ${args.join(" ")}\nOutput: ${stderr}`,
      { cause: error },
    );
  }
}

/** Memory of a pod's secrets must not reach a disk: without swap where the kernel can (6.4). */
let canRefuseSwap = true;

/** `sizeBytes` undefined: the kernel's own limit, half of the memory. */
export async function mountTmpfs(
  directory: string,
  sizeBytes: number | undefined,
  more: readonly string[] = [],
): Promise<void> {
  const size = [...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]), ...more];
  const withOptions = (options: readonly string[]): string[] => [
    "-t",
    "tmpfs",
    ...(options.length === 0 ? [] : ["-o", options.join(",")]),
    "tmpfs",
    directory,
  ];
  if (canRefuseSwap) {
    try {
      return await mount(withOptions([...size, "noswap"]));
    } catch {
      canRefuseSwap = false;
    }
  }
  await mount(withOptions(size));
}

export async function mountHugePages(
  directory: string,
  pageSizeBytes: number,
  more: readonly string[] = [],
): Promise<void> {
  await mount(["-t", "hugetlbfs", "-o", [`pagesize=${pageSizeBytes}`, ...more].join(","), "nodev", directory]);
}

/** `source` may be a file descriptor of ours: nothing is resolved on the way. */
export async function bindMount(source: string, target: string, isReadOnly = false): Promise<void> {
  await mount(["--no-canonicalize", "--bind", source, target]);
  if (isReadOnly) await mount(["--no-canonicalize", "-o", "bind,remount,ro", target]);
}

/** Mounts made below are seen in containers that ask for it, and theirs on the host. */
export async function makeShared(directory: string): Promise<void> {
  const path = await realpath(directory);
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const lines = table.split("\n").filter((line) => line !== "");
  const pointOf = (line: string): string => unescapeMountPath(line.split(" ")[4] ?? "");
  const above = lines.filter(
    (line) => path === pointOf(line) || `${path}/`.startsWith(`${pointOf(line)}/`.replace("//", "/")),
  );
  const containing = above.toSorted((a, b) => pointOf(a).length - pointOf(b).length).at(-1);
  if (containing?.includes(" shared:") === true) return;
  if (containing === undefined || pointOf(containing) !== path) await mount(["--bind", path, path]);
  await mount(["--make-rshared", path]);
}

export async function unmount(path: string): Promise<void> {
  try {
    await run("umount", [path], { timeout: MOUNT_TIMEOUT_MS });
  } catch (error) {
    if (await isMounted(path)) throw error;
  }
}

/** Takes away everything that is mounted below; rejects when something stays busy. */
export async function unmountBelow(directory: string): Promise<void> {
  for (const path of await mountsBelow(directory)) await unmount(path);
}
