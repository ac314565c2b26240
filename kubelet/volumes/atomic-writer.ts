/**
 * Publishes a set of files in a directory so that a reader sees the old set or the new one, never a mixture: files
 * live in a fresh hidden directory, and the link `..data` is moved to it by one rename. Upstream: `atomic_writer.go`.
 *
 * A1. What users see are links through `..data`; they only change when names come or go.
 * A2. An equal set is not written again: inotify watchers hear only of real changes.
 */
import {
  chmod,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { basename, join, relative } from "node:path";

export interface ProjectedFile {
  readonly bytes: Buffer;
  readonly mode: number;
  /** Owner, when it is not root. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** Relative path to file. */
export type Payload = ReadonlyMap<string, ProjectedFile>;

const DATA_LINK = "..data";
const NEXT_LINK = "..data_tmp";
const SETGID = 0o2000;

/**
 * Rejects for a path that leaves the directory. Resolves to whether anything changed. `group` may enter every folder,
 * and what is made in one belongs to it.
 */
export async function writeAtomically(directory: string, payload: Payload, group?: number): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  const isNew = (await mkdir(directory, { recursive: true })) !== undefined;
  if (isNew) await ownFolder(directory, 0o777, group);
  const current = await linkTarget(join(directory, DATA_LINK));
  if (current !== undefined && (await isSame(join(directory, current), payload))) {
    await linkNames(directory, payload);
    return false;
  }
  const next = await mkdtemp(`${directory}/..`);
  await ownFolder(next, 0o755, group);
  for (const folder of foldersOf(payload)) {
    await mkdir(join(next, folder), { recursive: true });
    await ownFolder(join(next, folder), 0o755, group);
  }
  for (const [path, file] of payload) await writeProjected(join(next, path), file);
  await rm(join(directory, NEXT_LINK), { force: true });
  await symlink(relative(directory, next), join(directory, NEXT_LINK));
  await rename(join(directory, NEXT_LINK), join(directory, DATA_LINK));
  await linkNames(directory, payload);
  await removeOld(directory, basename(next));
  return true;
}

function checkPath(path: string): void {
  const segments = path.split("/");
  const isBad = path === "" || path.startsWith("/") || segments.includes("..") || (segments[0] ?? "").startsWith("..");
  if (isBad) throw new Error(`invalid path: ${JSON.stringify(path)}`);
}

/** The set before this one, and what interrupted writes left. */
async function removeOld(directory: string, current: string): Promise<void> {
  const old = (await readdir(directory)).filter(
    (name) => name.startsWith("..") && ![DATA_LINK, current].includes(name),
  );
  for (const name of old) await rm(join(directory, name), { recursive: true, force: true });
}

async function ownFolder(path: string, mode: number, group: number | undefined): Promise<void> {
  if (group !== undefined) await lchown(path, 0, group);
  await chmod(path, group === undefined ? mode : mode | SETGID);
}

/** Folders of the files, each before what is in it. */
function foldersOf(payload: Payload): string[] {
  const folders = new Set<string>();
  for (const path of payload.keys()) {
    const segments = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= segments.length; depth++) folders.add(segments.slice(0, depth).join("/"));
  }
  return [...folders].toSorted();
}

async function writeProjected(path: string, file: ProjectedFile): Promise<void> {
  await writeFile(path, file.bytes, { mode: file.mode });
  // The mode above passes through our umask.
  await chmod(path, file.mode);
  if (file.uid !== undefined || file.gid !== undefined) await lchown(path, file.uid ?? 0, file.gid ?? 0);
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    const target = await readlink(path);
    // Anything else was not written by us.
    return /^\.\.[^./]+$/.test(target) ? target : undefined;
  } catch {
    return undefined;
  }
}

async function listFiles(root: string, below = ""): Promise<string[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  const lists = await Promise.all(
    entries.map((entry) => {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? listFiles(root, path) : Promise.resolve([path]);
    }),
  );
  return lists.flat();
}

async function isSame(root: string, payload: Payload): Promise<boolean> {
  try {
    const present = await listFiles(root);
    if (present.length !== payload.size) return false;
    for (const path of present) {
      const file = payload.get(path);
      if (file === undefined) return false;
      const [bytes, stat] = await Promise.all([readFile(join(root, path)), lstat(join(root, path))]);
      const isEqual = bytes.equals(file.bytes) && (stat.mode & 0o7777) === file.mode;
      if (!isEqual || stat.uid !== (file.uid ?? 0) || stat.gid !== (file.gid ?? 0)) return false;
    }
    return true;
  } catch {
    // Half a directory from an interrupted write: write it anew.
    return false;
  }
}

/** Links of the first path segments: removes those that went, adds those that came. */
async function linkNames(directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split("/")[0] ?? ""));
  const present = (await readdir(directory)).filter((name) => !name.startsWith(".."));
  for (const name of present) if (!wanted.has(name)) await rm(join(directory, name), { recursive: true, force: true });
  for (const name of wanted) if (!present.includes(name)) await symlink(join(DATA_LINK, name), join(directory, name));
}
