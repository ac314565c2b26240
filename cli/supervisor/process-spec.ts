import type { Cluster } from "../cluster/cluster.ts";

/** One process that the supervisor keeps running. */
export interface ProcessSpec {
  /** Names the pid file, the log file, and the row of `status`. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What the supervisor is told, as a file: `run/supervisor.json`. */
export interface SupervisorPlan {
  readonly runDir: string;
  readonly logDir: string;
  readonly processes: readonly ProcessSpec[];
}

export const SUPERVISOR_NAME = "kubernode-supervisor";

export const planPath = (cluster: Pick<Cluster, "runDir">): string => `${cluster.runDir}/supervisor.json`;
export const pidPath = (directories: { readonly runDir: string }, name: string): string =>
  `${directories.runDir}/${name}.pid`;
export const logPath = (directories: { readonly logDir: string }, name: string): string =>
  `${directories.logDir}/${name}.log`;
