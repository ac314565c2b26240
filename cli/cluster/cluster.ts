/**
 * What one cluster has on this machine, all of it derived from its record: paths, ports, address ranges, names of
 * links and chains. Pure. The first cluster (index 0) has upstream's default ports and ranges; each further one its
 * own, so that several live side by side.
 */

/** What `up` was asked for; kept on disk while the cluster exists. */
export interface ClusterRecord {
  readonly name: string;
  readonly index: number;
  readonly dataDir: string;
  readonly apiPort: number;
  readonly nodeName: string;
  readonly store: StoreChoice;
  /** containerd when left out, as in records from before there was a choice. */
  readonly runtime?: RuntimeName;
}

/** What runs the containers. */
export type RuntimeName = "containerd" | "docker";

export type StoreChoice =
  | { readonly kind: "sqlite" }
  /** Without addresses: an etcd of the cluster's own on this machine. */
  | { readonly kind: "etcd"; readonly servers: readonly string[] };

export interface ClusterPorts {
  readonly api: number;
  readonly kubelet: number;
  readonly kubeletHealth: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly proxyMetrics: number;
  readonly proxyHealth: number;
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly etcdMetrics: number;
}

export interface Cluster extends ClusterRecord {
  readonly runtime: RuntimeName;
  /** Lost at a reboot, as what it describes: process ids, sockets, containerd's state. */
  readonly runDir: string;
  readonly pkiDir: string;
  readonly kubeconfigDir: string;
  readonly logDir: string;
  readonly binDir: string;
  readonly containerdSocket: string;
  readonly ports: ClusterPorts;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly loadBalancerCidr: string;
  readonly nodePortRange: string;
  readonly apiServiceIp: string;
  readonly dnsIp: string;
  readonly podBridge: string;
  readonly voidBridge: string;
  readonly chainPrefix: string;
  readonly forwardChain: string;
  readonly cgroupRoot: string;
  readonly contextName: string;
}

/** Where clusters live when nothing else is asked. */
export const STATE_ROOT = "/var/lib/kubernode";
export const RUN_ROOT = "/run/kubernode";
export const DEFAULT_CLUSTER_NAME = "kubernode";
export const DEFAULT_API_PORT = 6443;
export const CLUSTER_DOMAIN = "cluster.local";

/** Second octets 229…244 hold pods, 96…111 Services: one of each for a cluster. */
export const CLUSTERS_MAX = 16;
/** Distance between the ports of two clusters. */
const PORT_STEP = 100;

const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/;

/** Cluster names end up in paths, contexts and cgroups. */
export function isClusterName(name: string): boolean {
  return NAME_PATTERN.test(name);
}

export function defaultApiPort(index: number): number {
  return DEFAULT_API_PORT + index * PORT_STEP;
}

function portsOf(record: ClusterRecord): ClusterPorts {
  const port = (first: number): number => first + record.index * PORT_STEP;
  return {
    api: record.apiPort,
    kubelet: port(10250),
    kubeletHealth: port(10248),
    controllerManager: port(10257),
    scheduler: port(10259),
    proxyMetrics: port(10249),
    proxyHealth: port(10256),
    etcd: port(2379),
    etcdPeer: port(2380),
    etcdMetrics: port(2381),
  };
}

/** Node ports of two clusters must not meet in one machine's iptables. */
function nodePortRangeOf(index: number): string {
  return index === 0 ? "30000-32767" : `${30000 - 1000 * index}-${30999 - 1000 * index}`;
}

export function clusterOf(record: ClusterRecord): Cluster {
  const { index, name, dataDir } = record;
  const runDir = `${RUN_ROOT}/${name}`;
  return {
    ...record,
    runtime: record.runtime ?? "containerd",
    runDir,
    pkiDir: `${dataDir}/pki`,
    kubeconfigDir: `${dataDir}/kubeconfigs`,
    logDir: `${dataDir}/logs`,
    binDir: `${dataDir}/bin`,
    containerdSocket: `${runDir}/containerd.sock`,
    ports: portsOf(record),
    podCidr: `10.${244 - index}.0.0/16`,
    serviceCidr: `10.${96 + index}.0.0/16`,
    loadBalancerCidr: `10.${112 + index}.0.0/16`,
    nodePortRange: nodePortRangeOf(index),
    apiServiceIp: `10.${96 + index}.0.1`,
    dnsIp: `10.${96 + index}.0.10`,
    podBridge: `kn${index}-pods`,
    voidBridge: `kn${index}-void`,
    chainPrefix: index === 0 ? "KUBE" : `KN${index}`,
    forwardChain: `KUBERNODE-${index}-FORWARD`,
    cgroupRoot: `/kubernode-${name}`,
    contextName: `kubernode-${name}`,
  };
}
