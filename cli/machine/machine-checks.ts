/** What the machine must have before anything is started: each check gives nothing, or a sentence and its fix. */
import { accessSync, constants, readFileSync } from "node:fs";
import { type Cluster, clusterOf, type ClusterPorts } from "../cluster/cluster.ts";
import { allRecords } from "../cluster/cluster-records.ts";
import { hasOwnEtcd } from "../pki/cluster-certificates.ts";
import { UserError } from "../user-error.ts";
import { runCommand } from "./command.ts";
import { listeningPorts, socketOwner } from "./listening-ports.ts";

export interface MachineCheck {
  readonly name: string;
  /** Throws `UserError`. */
  check(): Promise<void> | void;
}

/** A check of what one cluster needs for itself. */
export interface ClusterCheck {
  readonly name: string;
  /** Throws `UserError`. */
  check(cluster: Cluster): Promise<void> | void;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

export function exists(path: string): boolean {
  try {
    accessSync(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}

/** `CAP_SYS_RESOURCE` lets containerd and runc lower OOM scores; sandboxes and nested containers often lack it. */
export function mayLowerOomScores(status = read("/proc/self/status")): boolean {
  const CAP_SYS_RESOURCE = 24n;
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

function checkPlatform(): void {
  if (process.platform !== "linux") {
    throw new UserError(
      `kubernode runs containers on Linux, and this is ${process.platform}.`,
      "Run it in a Linux virtual machine (Debian 12 or newer, Ubuntu 22.04 or newer).",
    );
  }
  if (process.arch !== "x64" && process.arch !== "arm64") {
    throw new UserError(`This processor (${process.arch}) is not supported: kubernode runs on x86-64 and arm64.`);
  }
}

function checkRoot(): void {
  if (process.getuid?.() !== 0) {
    throw new UserError("kubernode up needs root: it makes network links and starts containers.", "Run it with sudo.");
  }
}

function checkNamespaces(): void {
  for (const kind of ["net", "mnt", "pid", "uts", "ipc"]) {
    if (!exists(`/proc/self/ns/${kind}`)) {
      throw new UserError(
        `This kernel has no ${kind} namespaces, which containers need.`,
        "Use a distribution kernel (Debian 12 or newer, Ubuntu 22.04 or newer).",
      );
    }
  }
}

async function checkOverlay(): Promise<void> {
  const isKnown = (): boolean => /\toverlay$/m.test(read("/proc/filesystems"));
  if (isKnown()) return;
  await runCommand("modprobe", ["overlay"]);
  if (!isKnown()) {
    throw new UserError(
      "This kernel has no overlayfs, on which container images lie.",
      "Load its module (modprobe overlay), or use a kernel that has it.",
    );
  }
}

/** Makes and removes a bridge with one end of a veth pair: needs the privilege and both kernel features. */
async function checkLinks(cluster: Cluster): Promise<void> {
  if (exists(`/sys/class/net/${cluster.voidBridge}`)) return;
  const [bridge, left, right] = [`kn${cluster.index}-try`, `kn${cluster.index}-tryl`, `kn${cluster.index}-tryr`];
  const script = `link add ${bridge} type bridge\nlink add ${left} type veth peer name ${right}\nlink set ${left} master ${bridge}\n`;
  const made = await runCommand("ip", ["-batch", "-"], { input: script });
  await runCommand("ip", ["-force", "-batch", "-"], { input: `link del ${left}\nlink del ${bridge}\n` });
  if (made.code === 0 || made.code === 127) return;
  throw new UserError(
    `This machine cannot make a bridge with a veth pair: ${made.stderr.trim().split("\n")[0] ?? ""}.`,
    "In a container or sandbox, give it CAP_NET_ADMIN; otherwise load the modules bridge and veth.",
  );
}

function checkCgroups(): void {
  const isV2 = exists("/sys/fs/cgroup/cgroup.controllers");
  const isV1 = exists("/sys/fs/cgroup/memory/tasks") && exists("/sys/fs/cgroup/cpu/tasks");
  if (isV2 || isV1) return;
  throw new UserError(
    "No cgroup controllers are mounted at /sys/fs/cgroup, so containers cannot be limited or stopped.",
    "Mount them (Debian's package cgroupfs-mount does), or start the machine with systemd.",
  );
}

const PORT_USES: Readonly<Record<keyof ClusterPorts, string>> = {
  api: "the API server",
  kubelet: "the kubelet",
  kubeletHealth: "the kubelet's health page",
  controllerManager: "kube-controller-manager",
  scheduler: "kube-scheduler",
  proxyMetrics: "kube-proxy's metrics",
  proxyHealth: "kube-proxy's health page",
  etcd: "etcd",
  etcdPeer: "etcd's peers",
  etcdMetrics: "etcd's health page",
};

function neededPorts(cluster: Cluster): [keyof ClusterPorts, number][] {
  const entries = Object.entries(cluster.ports) as [keyof ClusterPorts, number][];
  return entries.filter(([use]) => hasOwnEtcd(cluster) || !use.startsWith("etcd"));
}

/** Names the port, what it is for, and who holds it. */
export function checkPorts(cluster: Cluster, busy = listeningPorts(), ownerOf = socketOwner): void {
  for (const [use, port] of neededPorts(cluster)) {
    const inode = busy.get(port);
    if (inode === undefined) continue;
    const owner = ownerOf(inode);
    const other = use === "api" ? ", or choose another with --port" : "";
    throw new UserError(
      `Port ${port}, which ${PORT_USES[use]} needs, is used by ${owner ?? "another process"}.`,
      `Stop ${owner ?? "that process"}${other}. ("ss -ltnp" lists who listens.)`,
    );
  }
}

/** True when two IPv4 ranges have an address in common. */
export function rangesOverlap(left: string, right: string): boolean {
  const parse = (range: string): { base: number; bits: number } => {
    const [address = "", bits = "32"] = range.split("/");
    return { base: address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0), bits: Number(bits) };
  };
  const [first, second] = [parse(left), parse(right)];
  const size = 2 ** (32 - Math.min(first.bits, second.bits));
  return Math.floor(first.base / size) === Math.floor(second.base / size);
}

/** The machine's own networks must not lie in the cluster's ranges: its traffic there would vanish. */
async function checkRanges(cluster: Cluster): Promise<void> {
  const ours = allRecords().flatMap((record) => {
    const other = clusterOf(record);
    return [other.voidBridge, other.podBridge];
  });
  const routes = await runCommand("ip", ["-j", "-4", "route", "show", "table", "main"]);
  if (routes.code !== 0) return;
  for (const route of JSON.parse(routes.stdout || "[]") as { dst: string; dev?: string }[]) {
    if (route.dst === "default" || ours.includes(route.dev ?? "")) continue;
    const clash = [cluster.podCidr, cluster.serviceCidr, cluster.loadBalancerCidr].find((range) =>
      rangesOverlap(range, route.dst),
    );
    if (clash === undefined) continue;
    throw new UserError(
      `The cluster's range ${clash} overlaps ${route.dst}, which this machine reaches through ${route.dev ?? "a route"}.`,
      `Take that route away while the cluster runs (a VPN often makes it): ip route del ${route.dst}`,
    );
  }
}

/** In this order. */
export const machineChecks: readonly MachineCheck[] = [
  { name: "platform", check: checkPlatform },
  { name: "root", check: checkRoot },
  { name: "namespaces", check: checkNamespaces },
  { name: "overlayfs", check: checkOverlay },
  { name: "cgroups", check: checkCgroups },
];

/** These need the packages (iproute2) and look at what is in use. */
export const networkChecks: readonly ClusterCheck[] = [
  { name: "ports", check: (cluster) => checkPorts(cluster) },
  { name: "ranges", check: checkRanges },
  { name: "links", check: checkLinks },
  { name: "iptables", check: checkIptables },
];

async function checkIptables(): Promise<void> {
  const table = await runCommand("iptables", ["-w", "-t", "nat", "-S", "OUTPUT"]);
  if (table.code === 0) return;
  throw new UserError(
    `iptables does not work on this machine: ${table.stderr.trim().split("\n")[0] ?? ""}`,
    "Load the modules ip_tables and iptable_nat (or nf_tables), or use a kernel that has them.",
  );
}
