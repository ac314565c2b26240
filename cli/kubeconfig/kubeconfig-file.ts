/**
 * The user's kubeconfig on disk: `$KUBECONFIG` (the file of the list that holds the entry, else the first) or
 * `~/.kube/config`. Locked with `<file>.lock` as client-go does, written by renaming, mode 0600. Under sudo it is
 * the calling user's file, since kubectl will be run by that user.
 */
import {
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../user-error.ts";
import type { KubeconfigEntry } from "./kubeconfig.ts";
import { isEmptyKubeconfig, withEntry, withoutEntry } from "./kubeconfig-edit.ts";

const LOCK_WAIT_MS = 5000;
const LOCK_POLL_MS = 50;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Who called sudo, when it was called. */
export interface SudoUser extends Owner {
  readonly home: string;
}

export function sudoUser(env: NodeJS.ProcessEnv, passwd: string): SudoUser | undefined {
  const uid = Number(env["SUDO_UID"] ?? 0);
  const gid = Number(env["SUDO_GID"] ?? 0);
  const home = passwd
    .split("\n")
    .find((line) => line.split(":")[2] === String(uid))
    ?.split(":")[5];
  return uid > 0 && home !== undefined ? { uid, gid, home } : undefined;
}

/** Files to look at, the one for new entries first. */
export function kubeconfigPaths(env: NodeJS.ProcessEnv, user: SudoUser | undefined): string[] {
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  return listed.length > 0 ? listed : [join(user?.home ?? env["HOME"] ?? homedir(), ".kube", "config")];
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw err;
  }
}

const here = (): { paths: string[]; owner: Owner | undefined } => {
  const user = sudoUser(process.env, readText("/etc/passwd"));
  return { paths: kubeconfigPaths(process.env, user), owner: user };
};

/** Puts the entry in; resolves to the file it went to. */
export async function addToKubeconfig(entry: KubeconfigEntry): Promise<string> {
  const { paths, owner } = here();
  const holder = paths.find((path) => readText(path).includes(entry.name));
  const path = holder ?? paths[0] ?? "";
  await editLocked(path, owner, (text) => withEntry(text, path, entry));
  return path;
}

/** Takes the entry out of every file of the list; a file that held nothing else goes as well. */
export async function removeFromKubeconfig(name: string): Promise<void> {
  const { paths, owner } = here();
  for (const path of paths) {
    if (!readText(path).includes(name)) continue;
    await editLocked(path, owner, (text) => {
      const rest = withoutEntry(text, path, name);
      return rest !== undefined && isEmptyKubeconfig(rest, path) ? "" : rest;
    });
  }
}

/** True when a file of the list still names the entry. */
export function isInKubeconfig(name: string): boolean {
  return here().paths.some((path) => {
    const text = readText(path);
    return text.includes(name) && withoutEntry(text, path, name) !== undefined;
  });
}

/** `edit` gives the new text, "" to remove the file, or nothing to leave it. */
async function editLocked(
  path: string,
  owner: Owner | undefined,
  edit: (text: string) => string | undefined,
): Promise<void> {
  makeFolder(dirname(path), owner);
  const lock = `${path}.lock`;
  await takeLock(lock);
  try {
    const text = edit(readText(path));
    if (text === "") rmSync(path, { force: true });
    else if (text !== undefined) replaceFile(path, text, owner);
  } finally {
    rmSync(lock, { force: true });
  }
}

function makeFolder(folder: string, owner: Owner | undefined): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o750 });
  if (made !== undefined && owner !== undefined) chownSync(folder, owner.uid, owner.gid);
}

async function takeLock(lock: string): Promise<void> {
  for (const deadline = Date.now() + LOCK_WAIT_MS; ; await sleep(LOCK_POLL_MS)) {
    try {
      closeSync(openSync(lock, "wx", 0o600));
      return;
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "EEXIST") throw err;
      if (Date.now() > deadline) {
        throw new UserError(`Another program holds ${lock}.`, `If none is running, remove it: rm ${lock}`);
      }
    }
  }
}

/** Follows a symbolic link, keeps an existing owner. */
function replaceFile(path: string, text: string, owner: Owner | undefined): void {
  let target = path;
  let keep = owner;
  try {
    target = realpathSync(path);
    keep = statSync(target);
  } catch {
    // A new file.
  }
  const temporary = `${target}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  if (keep !== undefined) chownSync(temporary, keep.uid, keep.gid);
  renameSync(temporary, target);
}
