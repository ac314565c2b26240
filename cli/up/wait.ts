import { setTimeout as sleep } from "node:timers/promises";
import { readFileSync } from "node:fs";
import type { Cluster } from "../cluster/cluster.ts";
import { logPath } from "../supervisor/process-spec.ts";
import { UserError } from "../user-error.ts";

const POLL_MS = 50;
const LOG_LINES = 3;

/** Asks until `isDone`; gives false when the time is over. */
export async function waitUntil(timeoutMs: number, isDone: () => Promise<boolean>): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(POLL_MS)) {
    if (await isDone()) return true;
    if (Date.now() > deadline) return false;
  }
}

/** The failure of a wait, with the last words of the process that one waited for. */
export function waitedTooLong(cluster: Cluster, what: string, processName: string): UserError {
  const path = logPath(cluster, processName);
  let tail = "";
  try {
    tail = readFileSync(path, "utf8").trimEnd().split("\n").slice(-LOG_LINES).join("\n    ");
  } catch {
    // It did not even start writing.
    tail = "(nothing)";
  }
  return new UserError(
    `${what} The end of ${path}:\n    ${tail}`,
    `Read that log; then run up again, or start afresh with: kubernode down --name ${cluster.name} --purge`,
  );
}
