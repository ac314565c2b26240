import { hostname } from "node:os";
import { resolve } from "node:path";
import { clusterOf, type RuntimeName, type StoreChoice } from "../cluster/cluster.ts";
import { sayOthersWork, withClusterLock } from "../cluster/cluster-lock.ts";
import { claimRecord } from "../cluster/cluster-records.ts";
import { clusterState } from "../cluster/cluster-state.ts";
import { isApiReady, whyNodeNotReady } from "../cluster/api-probe.ts";
import { stopCluster } from "../down/stop-cluster.ts";
import { machineChecks } from "../machine/machine-checks.ts";
import { runSteps } from "../steps/run-steps.ts";
import { createProgress, type Progress, seconds, terminalOf } from "../terminal/progress.ts";
import { upSteps, waitingSteps } from "../up/steps.ts";
import type { UpContext } from "../up/up-context.ts";
import { UserError } from "../user-error.ts";

export interface UpOptions {
  readonly name: string;
  readonly detach?: boolean;
  readonly store?: string;
  readonly etcdServers?: string;
  readonly nodes: string;
  readonly dataDir?: string;
  readonly port?: string;
  readonly runtime?: string;
  /** False with `--no-install`. */
  readonly install: boolean;
}

function storeChoice(options: UpOptions): StoreChoice | undefined {
  const servers = options.etcdServers?.split(",").filter((server) => server !== "") ?? [];
  const kind = options.store ?? (servers.length > 0 ? "etcd" : undefined);
  if (kind === undefined) return undefined;
  if (kind === "etcd") return { kind, servers };
  if (kind !== "sqlite") throw new UserError(`--store ${kind} is not known: it is sqlite or etcd.`);
  if (servers.length > 0) throw new UserError("--etcd-servers goes with --store etcd, not with sqlite.");
  return { kind };
}

function apiPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new UserError(`--port ${text} is not a port: it is a number from 1 to 65535.`);
}

function runtimeChoice(runtime: string | undefined): RuntimeName | undefined {
  if (runtime === undefined || runtime === "containerd" || runtime === "docker") return runtime;
  throw new UserError(`--runtime ${runtime} is not known: it is containerd or docker.`);
}

function refuseWhatIsNotYet(options: UpOptions): void {
  if (options.nodes !== "1") throw new UserError("More than one node is not there yet.", "Leave --nodes out.");
}

/** Node names are DNS names. */
const nodeName = (): string =>
  hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, "-") || "localhost";

export async function up(options: UpOptions, sourceRoot: string): Promise<void> {
  refuseWhatIsNotYet(options);
  const wanted = {
    name: options.name,
    dataDir: options.dataDir === undefined ? undefined : resolve(options.dataDir),
    apiPort: apiPort(options.port),
    nodeName: nodeName(),
    store: storeChoice(options),
    runtime: runtimeChoice(options.runtime),
  };
  // Before anything is written: without root or Linux there is nothing to do.
  for (const { name, check } of machineChecks) if (name === "platform" || name === "root") await check();
  const { record } = claimRecord(wanted);
  const cluster = clusterOf(record);
  const progress = createProgress(terminalOf(process.stdout, process.env));
  const context: UpContext = { cluster, mayInstall: options.install, sourceRoot, nodeIp: "", say: progress.line };
  const waits = (): void => sayOthersWork(cluster.name);
  const hasStarted = await withClusterLock(cluster.name, waits, () => startUnlessReady(context, progress));
  if (hasStarted && options.detach !== true) await stayInForeground(context, progress);
}

/** False when there was nothing to do. */
async function startUnlessReady(context: UpContext, progress: Progress): Promise<boolean> {
  const { cluster } = context;
  const isRunning = clusterState(cluster) === "running";
  if (isRunning && (await isApiReady(cluster)) && (await whyNodeNotReady(cluster)) === undefined) {
    process.stdout.write(`Cluster "${cluster.name}" runs already. Its context is ${cluster.contextName}.\n`);
    return false;
  }
  const startMs = performance.now();
  progress.line(`${isRunning ? "Waiting for" : "Starting"} cluster "${cluster.name}" …`);
  try {
    await runSteps(isRunning ? waitingSteps : upSteps, context, progress);
  } finally {
    progress.close();
  }
  progress.line(`Cluster "${cluster.name}" is ready after ${seconds(performance.now() - startMs)}. Try:\n`);
  progress.line(`  kubectl --context ${cluster.contextName} get nodes\n`);
  return true;
}

/** Until Ctrl-C (or SIGTERM); then the cluster stops and its data stays. */
async function stayInForeground({ cluster }: UpContext, progress: Progress): Promise<void> {
  progress.line("Ctrl-C stops the cluster; its data stays. (--detach leaves it running.)");
  await new Promise<void>((done) => {
    const timer = setInterval(() => undefined, 2 ** 30);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => {
        clearInterval(timer);
        done();
      });
    }
  });
  progress.line(`Stopping cluster "${cluster.name}" …`);
  await withClusterLock(
    cluster.name,
    () => sayOthersWork(cluster.name),
    () => stopCluster(cluster, progress),
  );
}
