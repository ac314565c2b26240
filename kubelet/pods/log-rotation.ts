/**
 * Keeps logs of running containers from filling the disk: a file that is too large is set aside, and only so many are
 * kept, the older ones compressed. Upstream: `pkg/kubelet/logs/container_log_manager.go`.
 *
 * L1. Nothing but plain files is read or compressed: a pod that sees the folder may put links there.
 */
import { constants, createReadStream, createWriteStream } from "node:fs";
import { lstat, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { LogLimits } from "../containers/run-settings.ts";
import type { RuntimeContainer } from "../runtime/runtime.ts";
import type { KubeletContext } from "./kubelet-context.ts";

const COMPRESSED = ".gz";
const DRAFT = ".tmp";

/** Suffix of a set-aside file: sorts by age. */
function suffix(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
}

interface RotationContext extends Pick<KubeletContext, "runtime" | "clock"> {
  readonly node: { readonly settings: { readonly logs: LogLimits } };
}

/** Rejects when the runtime does not open a new file: then the old one is put back. */
export async function rotateLog(
  { runtime, clock, node }: RotationContext,
  { id, logPath }: Pick<RuntimeContainer, "id" | "logPath">,
): Promise<boolean> {
  const { bytesMax, filesMax } = node.settings.logs;
  const stats = await lstat(logPath).catch(() => undefined);
  if (stats === undefined || !stats.isFile() || bytesMax <= 0 || stats.size < bytesMax) return false;
  const aside = `${logPath}.${suffix(clock.nowMs())}`;
  await rename(logPath, aside);
  try {
    await runtime.reopenLog(id);
  } catch (error) {
    await rename(aside, logPath);
    throw error;
  }
  const older = await removeOldest(logPath, filesMax);
  for (const file of older) if (file !== aside && !file.endsWith(COMPRESSED)) await compress(file);
  return true;
}

/** Those that are kept, the current one aside. What was half made when the kubelet ended is removed too. */
async function removeOldest(logPath: string, filesMax: number): Promise<string[]> {
  const prefix = `${basename(logPath)}.`;
  const names = (await readdir(dirname(logPath))).filter((name) => name.startsWith(prefix)).toSorted();
  const aside = names.filter((name) => !name.endsWith(DRAFT));
  const removed = aside.slice(0, Math.max(0, aside.length - filesMax + 1));
  for (const name of [...removed, ...names.filter((name) => name.endsWith(DRAFT))])
    await rm(join(dirname(logPath), name), { force: true, recursive: true });
  return aside.slice(removed.length).map((name) => join(dirname(logPath), name));
}

async function compress(file: string): Promise<void> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (handle === undefined) return;
  try {
    if (!(await handle.stat()).isFile()) return;
    const draft = `${file}${DRAFT}`;
    const input = createReadStream("", { fd: handle.fd, autoClose: false });
    await pipeline(input, createGzip(), createWriteStream(draft, { flags: "wx", mode: 0o640 }));
    await rename(draft, `${file}${COMPRESSED}`);
    await rm(file);
  } finally {
    await handle.close();
  }
}
