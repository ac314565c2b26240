import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTimeOf } from "./process-table.ts";

/**
 * Pid files hold the pid and the process's start time, so that a pid that the kernel has given to somebody else
 * since is never taken for ours (and never killed).
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

const POLL_MS = 20;

export function writePidFile(path: string, pid: number): ProcessIdentity | undefined {
  const startTime = startTimeOf(pid);
  if (startTime === undefined) return undefined;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${pid} ${startTime}\n`);
  renameSync(`${path}.new`, path);
  return { pid, startTime };
}

/** The process of a pid file while it lives. */
export function readPidFile(path: string): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const [pid, startTime] = text.trim().split(" ");
  const identity = { pid: Number(pid), startTime: startTime ?? "" };
  return isAlive(identity) ? identity : undefined;
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identity.pid > 0 && startTimeOf(identity.pid) === identity.startTime;
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    if (isAlive(identity)) process.kill(identity.pid, name);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
  }
}

async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(POLL_MS)) {
    if (!isAlive(identity)) return true;
  }
  return !isAlive(identity);
}

/** SIGTERM, and SIGKILL when the process has not ended after `graceMs`. Removes the pid file. */
export async function stopByPidFile(path: string, graceMs: number): Promise<void> {
  const identity = readPidFile(path);
  if (identity !== undefined) {
    signal(identity, "SIGTERM");
    if (!(await waitForEnd(identity, graceMs))) {
      signal(identity, "SIGKILL");
      await waitForEnd(identity, graceMs);
    }
  }
  rmSync(path, { force: true });
}
