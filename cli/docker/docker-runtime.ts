import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Cluster } from "../cluster/cluster.ts";
import { mayLowerOomScores } from "../machine/machine-checks.ts";
import type { ClusterRuntime } from "../runtime/cluster-runtime.ts";
import {
  engineImageNames,
  isEngineServing,
  loadIntoEngine,
  runningContainers,
  stopContainer,
} from "./docker-engine.ts";
import { dockerdConfig, engineContainerdConfig, majorVersionOf } from "./dockerd-config.ts";
import { limitedRunc } from "./limited-runc.ts";

/** Time that containers have between SIGTERM and SIGKILL when the whole cluster goes down. */
const CONTAINER_GRACE_SECONDS = 3;

const containerdConfigPath = (cluster: Cluster): string => `${cluster.dataDir}/config.toml`;
const dockerdConfigPath = (cluster: Cluster): string => `${cluster.dataDir}/daemon.json`;
/** The kubelet tells the Engine from a CRI runtime by this name. */
const socket = (cluster: Cluster): string => `${cluster.runDir}/docker.sock`;

/** A Docker Engine of the cluster's own on a containerd of its own. */
export const dockerRuntime: ClusterRuntime = {
  title: "the Docker Engine",
  socket,
  processes: (cluster) => [
    { name: "containerd", program: "containerd", args: ["--config", containerdConfigPath(cluster)] },
    // Without its own pid file: the supervisor keeps one, and after a crash the Engine would take a stale one at its word.
    { name: "dockerd", program: "dockerd", args: ["--config-file", dockerdConfigPath(cluster), "--pidfile="] },
  ],
  writeConfiguration,
  isServing: (cluster) => isEngineServing(socket(cluster)),
  imageNames: (cluster) => engineImageNames(socket(cluster)),
  importTar: (cluster, path, givenPath) => loadIntoEngine(socket(cluster), path, givenPath),
  sharedFolders: ["/run/docker/plugins", "/run/docker"],
  stopContainers: async (cluster) => {
    const ids = await runningContainers(socket(cluster));
    await Promise.all(ids.map((id) => stopContainer(socket(cluster), id, CONTAINER_GRACE_SECONDS)));
    return ids.length;
  },
};

function writeConfiguration(cluster: Cluster): void {
  const containerd = engineContainerdConfig({
    rootDir: `${cluster.dataDir}/containerd`,
    stateDir: `${cluster.runDir}/containerd`,
    socket: cluster.containerdSocket,
  });
  writeFileSync(containerdConfigPath(cluster), containerd);
  const runc = writeLimitedRunc(`${cluster.dataDir}/bin`);
  const dockerd = dockerdConfig({
    rootDir: `${cluster.dataDir}/docker`,
    execDir: `${cluster.runDir}/docker`,
    socket: socket(cluster),
    containerdSocket: cluster.containerdSocket,
    runc,
    majorVersion: majorVersionOf(spawnSync("dockerd", ["--version"], { encoding: "utf8" }).stdout),
  });
  writeFileSync(dockerdConfigPath(cluster), dockerd);
}

/** Path of the step before runc; empty where it is not needed. */
export function writeLimitedRunc(folder: string): string {
  if (mayLowerOomScores()) return "";
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/limited-runc`;
  writeFileSync(path, limitedRunc(["CAP_SYS_RESOURCE"]), { mode: 0o755 });
  return path;
}
