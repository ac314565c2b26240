import { type Cluster, clusterOf } from "../cluster/cluster.ts";
import { allRecords, readRecord } from "../cluster/cluster-records.ts";
import { UserError } from "../user-error.ts";

/** The cluster of that name; a `UserError` names those there are. */
export function knownCluster(name: string): Cluster {
  const record = readRecord(name);
  if (record !== undefined) return clusterOf(record);
  const others = allRecords().map((other) => other.name);
  const fix =
    others.length > 0 ? `There is: ${others.join(", ")} (choose with --name).` : "Start one with: kubernode up";
  throw new UserError(`There is no cluster "${name}" on this machine.`, fix);
}
