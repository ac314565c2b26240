import { connect } from "node:net";
import { GIT_VERSION } from "../../shared/process/version.ts";
import { askApi, askHealth, isApiReady, whyNodeNotReady } from "../cluster/api-probe.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { runCommand } from "../machine/command.ts";
import { readPidFile } from "../machine/pid-file.ts";
import { residentBytes } from "../machine/process-table.ts";
import { hasOwnEtcd } from "../pki/cluster-certificates.ts";
import { driverSocket } from "../supervisor/component-specs.ts";
import { runtimeOf } from "../runtime/cluster-runtime.ts";
import { pidPath } from "../supervisor/process-spec.ts";
import { UserError } from "../user-error.ts";
import { knownCluster } from "./known-cluster.ts";

export interface ComponentStatus {
  readonly name: string;
  readonly node: string;
  /** 0 when it does not run. */
  readonly pid: number;
  readonly healthy: boolean;
  readonly rssBytes: number;
  readonly version: string;
}

export interface ClusterStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly components: readonly ComponentStatus[];
}

interface ComponentProbe {
  readonly name: string;
  isHealthy(cluster: Cluster): Promise<boolean>;
  version(): Promise<string>;
}

const ours = async (): Promise<string> => GIT_VERSION;
const page =
  (urlOf: (cluster: Cluster) => string) =>
  async (cluster: Cluster): Promise<boolean> =>
    (await askHealth(urlOf(cluster)))?.status === 200;

/** True when somebody takes connections on a unix socket. */
function isListening(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}

/** The version in what a program prints about itself. */
const printedBy =
  (program: string, ...args: string[]) =>
  async (): Promise<string> =>
    /\bv?(\d+\.\d+\.\d+[^\s,]*)/.exec((await runCommand(program, args)).stdout)?.[1] ?? "";

const PROBES: readonly ComponentProbe[] = [
  { name: "kube-apiserver", isHealthy: isApiReady, version: ours },
  {
    name: "kube-controller-manager",
    isHealthy: page(({ ports }) => `https://127.0.0.1:${ports.controllerManager}/healthz`),
    version: ours,
  },
  {
    name: "kube-scheduler",
    isHealthy: page(({ ports }) => `https://127.0.0.1:${ports.scheduler}/healthz`),
    version: ours,
  },
  { name: "kubelet", isHealthy: page(({ ports }) => `http://127.0.0.1:${ports.kubeletHealth}/healthz`), version: ours },
  {
    name: "kube-proxy",
    isHealthy: page(({ ports }) => `http://127.0.0.1:${ports.proxyHealth}/healthz`),
    version: ours,
  },
  { name: "csi-hostpath", isHealthy: (cluster) => isListening(driverSocket(cluster)), version: ours },
];

/** All its daemons are as healthy as the one that the kubelet asks. */
function runtimeProbes(cluster: Cluster): ComponentProbe[] {
  const runtime = runtimeOf(cluster);
  return runtime.processes(cluster).map(({ name, program }) => ({
    name,
    isHealthy: runtime.isServing,
    version: printedBy(program, "--version"),
  }));
}

const ETCD: ComponentProbe = {
  name: "etcd",
  isHealthy: page(({ ports }) => `http://127.0.0.1:${ports.etcdMetrics}/health`),
  version: printedBy("etcd", "--version"),
};

async function statusOf(cluster: Cluster, probe: ComponentProbe): Promise<ComponentStatus> {
  const pid = readPidFile(pidPath(cluster, probe.name))?.pid ?? 0;
  const [healthy, version] = await Promise.all([pid > 0 && probe.isHealthy(cluster), probe.version()]);
  return { name: probe.name, node: cluster.nodeName, pid, healthy, rssBytes: residentBytes(pid), version };
}

export async function clusterStatus(cluster: Cluster): Promise<ClusterStatus> {
  const probes = [...(hasOwnEtcd(cluster) ? [ETCD] : []), ...PROBES, ...runtimeProbes(cluster)];
  const components = await Promise.all(probes.map((probe) => statusOf(cluster, probe)));
  const isReady = (await askApi(cluster, "/readyz"))?.status === 200 && (await whyNodeNotReady(cluster)) === undefined;
  return { name: cluster.name, ready: isReady && components.every((component) => component.healthy), components };
}

function table({ name, ready, components }: ClusterStatus): string {
  const rows = [
    ["COMPONENT", "NODE", "PID", "HEALTHY", "MEMORY", "VERSION"],
    ...components.map((component) => [
      component.name,
      component.node,
      component.pid > 0 ? String(component.pid) : "-",
      component.healthy ? "yes" : "no",
      component.pid > 0 ? `${Math.round(component.rssBytes / 2 ** 20)} MiB` : "-",
      component.version,
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
  return `Cluster "${name}" is ${ready ? "ready" : "not ready"}.\n${lines.join("\n")}\n`;
}

export interface StatusOptions {
  readonly name: string;
  readonly output?: string;
}

/** Prints the state; the exit code is 1 while the cluster is not ready. */
export async function status(options: StatusOptions): Promise<void> {
  if (options.output !== undefined && options.output !== "json") {
    throw new UserError(`--output ${options.output} is not known: it is json, or left out for a table.`);
  }
  const result = await clusterStatus(knownCluster(options.name));
  process.stdout.write(options.output === "json" ? `${JSON.stringify(result)}\n` : table(result));
  process.exitCode = result.ready ? 0 : 1;
}
