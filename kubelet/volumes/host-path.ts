/** A path of the node itself: nothing is mounted, it is only looked at. Upstream: `pkg/volume/hostpath`. */
import type { Stats } from "node:fs";
import { chmod, mkdir, open, stat } from "node:fs/promises";
import { posix } from "node:path";
import { hasErrorCode } from "./error-code.ts";
import type { VolumePlugin } from "./volume-plugin.ts";

interface PathType {
  readonly isOf: (stats: Stats) => boolean;
  readonly text: string;
}

const PATH_TYPES: Readonly<Record<string, PathType>> = {
  Directory: { isOf: (stats) => stats.isDirectory(), text: "directory" },
  File: { isOf: (stats) => stats.isFile(), text: "file" },
  Socket: { isOf: (stats) => stats.isSocket(), text: "socket file" },
  CharDevice: { isOf: (stats) => stats.isCharacterDevice(), text: "character device" },
  BlockDevice: { isOf: (stats) => stats.isBlockDevice(), text: "block device" },
};

const CREATED: Readonly<Record<string, string>> = { DirectoryOrCreate: "Directory", FileOrCreate: "File" };

export const hostPathPlugin: VolumePlugin = {
  name: "kubernetes.io/host-path",
  supports: ({ volume, persistentVolume }) =>
    volume.hostPath !== undefined || persistentVolume?.spec?.hostPath !== undefined,
  setUp: async ({ spec }) => {
    const { path, type } = spec.persistentVolume?.spec?.hostPath ?? spec.volume.hostPath ?? { path: "" };
    if (path.split("/").includes("..")) throw new Error(`invalid HostPath "${path}": must not contain '..'`);
    const clean = posix.normalize(path);
    await checkHostPath(clean, type);
    return { hostPath: clean, isReadOnly: spec.isReadOnly };
  },
};

/** Rejects when the path is not of the wanted type. */
export async function checkHostPath(path: string, type: string | undefined): Promise<void> {
  if (type === undefined || type === "") return;
  const wanted = CREATED[type] ?? type;
  const check = PATH_TYPES[wanted];
  if (check === undefined) throw new Error(`${type} is an invalid volume type`);
  let stats = await statOf(path);
  if (stats === undefined && CREATED[type] !== undefined) {
    if (wanted === "Directory") await makeDirectory(path);
    else await makeFile(path);
    stats = await statOf(path);
  }
  if (stats === undefined) throw new Error(`hostPath ${path} doesn't exist`);
  if (check.isOf(stats)) return;
  throw new Error(`hostPath type check failed: ${path} is not a ${check.text}, it's a ${typeOf(stats)}`);
}

function typeOf(stats: Stats): string {
  return Object.entries(PATH_TYPES).find(([, { isOf }]) => isOf(stats))?.[0] ?? "";
}

/** Undefined when nothing is there, or when a link leads nowhere. */
async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  // The mode above passes through our umask.
  await chmod(path, 0o755);
}

async function makeFile(path: string): Promise<void> {
  const file = await open(path, "a", 0o644);
  await file.chmod(0o644);
  await file.close();
}
