import { clusterOf } from "../cluster/cluster.ts";
import { sayOthersWork, withClusterLock } from "../cluster/cluster-lock.ts";
import { readRecord } from "../cluster/cluster-records.ts";
import { podTracesOf } from "../down/pod-traces.ts";
import { purgeSteps } from "../down/purge-cluster.ts";
import { stopCluster } from "../down/stop-cluster.ts";
import { runSteps } from "../steps/run-steps.ts";
import { createProgress, terminalOf } from "../terminal/progress.ts";
import { UserError } from "../user-error.ts";

export interface DownOptions {
  readonly name: string;
  readonly purge?: boolean;
}

export async function down(options: DownOptions): Promise<void> {
  if (process.getuid?.() !== 0) throw new UserError("kubernode down needs root.", "Run it with sudo.");
  await withClusterLock(
    options.name,
    () => sayOthersWork(options.name),
    () => takeDown(options),
  );
}

async function takeDown(options: DownOptions): Promise<void> {
  const record = readRecord(options.name);
  if (record === undefined) {
    process.stdout.write(`There is no cluster "${options.name}" on this machine.\n`);
    return;
  }
  const cluster = clusterOf(record);
  const progress = createProgress(terminalOf(process.stdout, process.env));
  try {
    progress.line(`Stopping cluster "${cluster.name}" …`);
    const podTraces = await podTracesOf(cluster);
    await stopCluster(cluster, progress);
    if (options.purge === true) await runSteps(purgeSteps, { cluster, podTraces }, progress);
  } finally {
    progress.close();
  }
  const again = `kubernode up${cluster.name === "kubernode" ? "" : ` --name ${cluster.name}`}`;
  process.stdout.write(
    options.purge === true
      ? `Cluster "${cluster.name}" is gone.\n`
      : `Cluster "${cluster.name}" is stopped; its data stays in ${cluster.dataDir}. Start it again with: ${again}\n`,
  );
}
