/**
 * Keeps a cluster's processes running.
 *
 * S1 A process that ends is started again, after a delay that grows while it keeps ending.
 * S2 A process of an earlier supervisor that still lives is adopted, not started twice (pid file with start time).
 * S3 The supervisor's own end touches no process: `down` ends them in its own order, and a supervisor that is
 *    killed and started again finds them by S2.
 * S4 A log file is cut when it grows over its cap; the last part before stays beside it as `.1`.
 */
import { spawn } from "node:child_process";
import { closeSync, copyFileSync, mkdirSync, openSync, rmSync, statSync, truncateSync } from "node:fs";
import { isAlive, type ProcessIdentity, readPidFile, writePidFile } from "../machine/pid-file.ts";
import { logPath, type ProcessSpec, pidPath, type SupervisorPlan } from "./process-spec.ts";
import { nextRestartDelayMs } from "./restart-delay.ts";

const LOG_BYTES_MAX = 16 * 1024 * 1024;
const LOG_CHECK_MS = 10_000;
/** An adopted process is nobody's child here, so its end is seen by looking. */
const ADOPTED_POLL_MS = 500;

export type Report = (message: string) => void;

function watchAdopted(identity: ProcessIdentity, onEnd: () => void): void {
  const timer = setInterval(() => {
    if (isAlive(identity)) return;
    clearInterval(timer);
    onEnd();
  }, ADOPTED_POLL_MS);
}

/** Starts one process, detached and with its output in its log file. */
function start(plan: SupervisorPlan, spec: ProcessSpec, onEnd: (how: string) => void): void {
  const log = openSync(logPath(plan, spec.name), "a", 0o640);
  const child = spawn(spec.program, spec.args, {
    argv0: spec.program.split("/").at(-1) ?? spec.name,
    detached: true,
    cwd: "/",
    stdio: ["ignore", log, log],
    env: { ...process.env, ...spec.env },
  });
  closeSync(log);
  child.once("error", (err) => onEnd(err.message));
  child.once("exit", (code, signal) => onEnd(signal === null ? `code ${code}` : signal));
  if (child.pid !== undefined) writePidFile(pidPath(plan, spec.name), child.pid);
}

function keepRunning(plan: SupervisorPlan, spec: ProcessSpec, report: Report): void {
  let delayMs: number | undefined;
  let startedMs = performance.now();
  const onEnd = (how: string): void => {
    delayMs = nextRestartDelayMs(delayMs, performance.now() - startedMs);
    report(`${spec.name} ended (${how}), starting it again in ${delayMs} ms`);
    setTimeout(begin, delayMs);
  };
  const begin = (): void => {
    startedMs = performance.now();
    try {
      start(plan, spec, onEnd);
    } catch (err) {
      // A full disk has no room for the log file: S1 holds for that too.
      onEnd(err instanceof Error ? err.message : String(err));
    }
  };
  const adopted = readPidFile(pidPath(plan, spec.name));
  if (adopted === undefined) return begin();
  report(`${spec.name} runs already (pid ${adopted.pid})`);
  watchAdopted(adopted, () => onEnd("ended"));
}

function capLog(path: string, report: Report): void {
  try {
    if (statSync(path).size <= LOG_BYTES_MAX) return;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return;
    throw err;
  }
  try {
    copyFileSync(path, `${path}.1`);
  } catch (err) {
    report(`no room for ${path}.1: ${err instanceof Error ? err.message : String(err)}`);
    rmSync(`${path}.1`, { force: true });
  }
  // Writers append, so what they write next goes to the new start.
  truncateSync(path);
}

/** Runs until the process is ended by a signal. */
export function supervise(plan: SupervisorPlan, report: Report): void {
  mkdirSync(plan.logDir, { recursive: true, mode: 0o750 });
  for (const spec of plan.processes) keepRunning(plan, spec, report);
  setInterval(() => {
    for (const spec of plan.processes) capLog(logPath(plan, spec.name), report);
  }, LOG_CHECK_MS);
}
