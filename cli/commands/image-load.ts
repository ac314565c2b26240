import { importImageFile } from "../image/import-image.ts";
import { runtimeOf } from "../runtime/cluster-runtime.ts";
import { seconds } from "../terminal/progress.ts";
import { UserError } from "../user-error.ts";
import { knownCluster } from "./known-cluster.ts";

export interface ImageLoadOptions {
  readonly name: string;
  readonly nodes: string;
}

/** Imports an archive into the cluster's container runtime, where pods find it without a pull. */
export async function imageLoad(file: string, options: ImageLoadOptions): Promise<void> {
  const cluster = knownCluster(options.name);
  if (options.nodes !== "all" && options.nodes !== cluster.nodeName) {
    throw new UserError(`There is no node "${options.nodes}".`, `The cluster's only node is ${cluster.nodeName}.`);
  }
  if (!(await runtimeOf(cluster).isServing(cluster))) {
    throw new UserError(`Cluster "${cluster.name}" does not run.`, `Start it: kubernode up --name ${cluster.name}`);
  }
  const startMs = performance.now();
  const names = await importImageFile(cluster, file);
  const what = names.length > 0 ? names.join(", ") : file;
  process.stdout.write(`Loaded ${what} on ${cluster.nodeName} (${seconds(performance.now() - startMs)})\n`);
}
