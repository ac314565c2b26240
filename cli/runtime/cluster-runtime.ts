/** What runs a cluster's containers: its daemons, and what the command itself asks of them. */
import type { Cluster, RuntimeName } from "../cluster/cluster.ts";
import { containerdRuntime } from "../containerd/containerd-runtime.ts";
import { dockerRuntime } from "../docker/docker-runtime.ts";
import type { ProcessSpec } from "../supervisor/process-spec.ts";

export interface ClusterRuntime {
  /** As the cluster's users know it. */
  readonly title: string;
  /** Where the kubelet finds it. */
  socket(cluster: Cluster): string;
  /** Its daemons, in the order in which they are started. */
  processes(cluster: Cluster): readonly ProcessSpec[];
  writeConfiguration(cluster: Cluster): void;
  isServing(cluster: Cluster): Promise<boolean>;
  imageNames(cluster: Cluster): Promise<ReadonlySet<string>>;
  /** Imports an unpacked archive; resolves to the names of its images, rejects with a `UserError`. */
  importTar(cluster: Cluster, path: string, givenPath: string): Promise<string[]>;
  /** Made by it outside the cluster's folders, for all of its kind: they go when they are empty. */
  readonly sharedFolders: readonly string[];
  /** Ends all containers of the cluster; resolves to how many there were. */
  stopContainers(cluster: Cluster): Promise<number>;
}

const RUNTIMES: Readonly<Record<RuntimeName, ClusterRuntime>> = {
  containerd: containerdRuntime,
  docker: dockerRuntime,
};

export const runtimeOf = ({ runtime }: Cluster): ClusterRuntime => RUNTIMES[runtime];
