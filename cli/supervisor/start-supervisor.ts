import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { writePidFile } from "../machine/pid-file.ts";
import { NODE_COMPONENTS, processSpecs, type SpecContext } from "./component-specs.ts";
import { logPath, pidPath, planPath, SUPERVISOR_NAME, type SupervisorPlan } from "./process-spec.ts";

/** `ps`, `pgrep` and security scanners find components by name: each runs through a link of that name to node. */
function linkPrograms(cluster: Cluster): void {
  mkdirSync(cluster.binDir, { recursive: true });
  for (const name of [...NODE_COMPONENTS, SUPERVISOR_NAME]) {
    const link = join(cluster.binDir, name);
    rmSync(link, { force: true });
    symlinkSync(process.execPath, link);
  }
}

/** Starts the supervisor, detached, which starts the rest. */
export function startSupervisor(cluster: Cluster, context: SpecContext): void {
  for (const folder of [cluster.runDir, cluster.logDir, `${cluster.dataDir}/store`, `${cluster.dataDir}/cni`]) {
    mkdirSync(folder, { recursive: true, mode: 0o710 });
  }
  linkPrograms(cluster);
  const plan: SupervisorPlan = {
    runDir: cluster.runDir,
    logDir: cluster.logDir,
    processes: processSpecs(cluster, context),
  };
  writeFileSync(planPath(cluster), JSON.stringify(plan, null, 2), { mode: 0o600 });
  const log = openSync(logPath(cluster, SUPERVISOR_NAME), "a", 0o640);
  const child = spawn(
    join(cluster.binDir, SUPERVISOR_NAME),
    [`${context.sourceRoot}/cli/supervisor/main.ts`, planPath(cluster)],
    {
      argv0: SUPERVISOR_NAME,
      detached: true,
      cwd: "/",
      stdio: ["ignore", log, log],
      env: { ...process.env, NODE_COMPILE_CACHE: `${context.sourceRoot}/node_modules/.cache/compile` },
    },
  );
  closeSync(log);
  child.unref();
  if (child.pid === undefined || writePidFile(pidPath(cluster, SUPERVISOR_NAME), child.pid) === undefined) {
    throw new Error(`the supervisor did not start; see ${logPath(cluster, SUPERVISOR_NAME)}`);
  }
}
