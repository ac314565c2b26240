/** The command line of every process of a cluster: upstream's flags and spellings. Pure. */
import { CLUSTER_DOMAIN, type Cluster } from "../cluster/cluster.ts";
import { hasOwnEtcd } from "../pki/cluster-certificates.ts";
import { componentKubeconfigPath } from "../pki/component-kubeconfigs.ts";
import { runtimeOf } from "../runtime/cluster-runtime.ts";
import type { ProcessSpec } from "./process-spec.ts";

/** What the command lines depend on beside the cluster itself. */
export interface SpecContext {
  /** Root of the source tree. */
  readonly sourceRoot: string;
  readonly nodeIp: string;
  readonly sandboxImage: string;
}

const NODE_FLAGS = ["--disable-warning=ExperimentalWarning"];
/**
 * Young generation of 1 MiB halves: what all but the API server keep between two events is small, and V8's own choice
 * takes up to 50 MB of each process for speed that they do not need. One set of flags for all of them, because the
 * compile cache is kept by flags.
 */
const SMALL_HEAP = ["--max-semi-space-size=1"];

type Flags = Readonly<Record<string, string | number>>;

const flagList = (flags: Flags): string[] => Object.entries(flags).map(([name, value]) => `--${name}=${value}`);

function component(cluster: Cluster, context: SpecContext, name: string, folder: string, flags: Flags): ProcessSpec {
  return {
    name,
    program: `${cluster.binDir}/${name}`,
    args: [
      ...NODE_FLAGS,
      ...(name === "kube-apiserver" ? [] : SMALL_HEAP),
      `${context.sourceRoot}/${folder}/main.ts`,
      ...flagList(flags),
    ],
    env: { NODE_COMPILE_CACHE: `${context.sourceRoot}/node_modules/.cache/compile` },
  };
}

/** By name: TLS clients send it as the server's name, which an address must not be. */
const etcdUrl = (cluster: Cluster): string => `https://localhost:${cluster.ports.etcd}`;

/** One member behind mutual TLS; its health and metrics page is plain HTTP on the loopback, as kubeadm's. */
function etcdSpecs(cluster: Cluster): ProcessSpec[] {
  if (!hasOwnEtcd(cluster)) return [];
  const { pkiDir: pki } = cluster;
  const peer = `https://127.0.0.1:${cluster.ports.etcdPeer}`;
  const tls = (prefix: string): Flags => ({
    [`${prefix}cert-file`]: `${pki}/etcd-server.crt`,
    [`${prefix}key-file`]: `${pki}/etcd-server.key`,
    [`${prefix}trusted-ca-file`]: `${pki}/etcd-ca.crt`,
    [`${prefix}client-cert-auth`]: "true",
  });
  const flags = {
    name: "default",
    "data-dir": `${cluster.dataDir}/store/etcd`,
    "listen-client-urls": `https://127.0.0.1:${cluster.ports.etcd}`,
    "advertise-client-urls": etcdUrl(cluster),
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
    "listen-metrics-urls": `http://127.0.0.1:${cluster.ports.etcdMetrics}`,
    logger: "zap",
    "log-level": "warn",
    ...tls(""),
    ...tls("peer-"),
  };
  return [{ name: "etcd", program: "etcd", args: flagList(flags) }];
}

function storeFlags(cluster: Cluster): Flags {
  if (cluster.store.kind === "sqlite") {
    return { "storage-backend": "sqlite", "sqlite-file": `${cluster.dataDir}/store/state.db` };
  }
  if (!hasOwnEtcd(cluster)) return { "storage-backend": "etcd3", "etcd-servers": cluster.store.servers.join(",") };
  return {
    "storage-backend": "etcd3",
    "etcd-servers": etcdUrl(cluster),
    "etcd-cafile": `${cluster.pkiDir}/etcd-ca.crt`,
    "etcd-certfile": `${cluster.pkiDir}/apiserver-etcd-client.crt`,
    "etcd-keyfile": `${cluster.pkiDir}/apiserver-etcd-client.key`,
  };
}

function apiServer(cluster: Cluster, context: SpecContext): ProcessSpec {
  const pki = cluster.pkiDir;
  return component(cluster, context, "kube-apiserver", "apiserver", {
    "secure-port": cluster.ports.api,
    "bind-address": "0.0.0.0",
    "advertise-address": context.nodeIp,
    ...storeFlags(cluster),
    "tls-cert-file": `${pki}/apiserver.crt`,
    "tls-private-key-file": `${pki}/apiserver.key`,
    "client-ca-file": `${pki}/ca.crt`,
    "authorization-mode": "Node,RBAC",
    "enable-bootstrap-token-auth": "true",
    "requestheader-client-ca-file": `${pki}/front-proxy-ca.crt`,
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-uid-headers": "X-Remote-Uid",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "service-account-issuer": `https://kubernetes.default.svc.${CLUSTER_DOMAIN}`,
    "service-account-key-file": `${pki}/sa.pub`,
    "service-account-signing-key-file": `${pki}/sa.key`,
    "service-cluster-ip-range": cluster.serviceCidr,
    "service-node-port-range": cluster.nodePortRange,
    "kubelet-client-certificate": `${pki}/apiserver-kubelet-client.crt`,
    "kubelet-client-key": `${pki}/apiserver-kubelet-client.key`,
    "kubelet-certificate-authority": `${pki}/ca.crt`,
  });
}

function controllerManager(cluster: Cluster, context: SpecContext): ProcessSpec {
  return component(cluster, context, "kube-controller-manager", "controller-manager", {
    kubeconfig: componentKubeconfigPath(cluster, "controller-manager"),
    "leader-elect": "true",
    "allocate-node-cidrs": "true",
    "cluster-cidr": cluster.podCidr,
    "root-ca-file": `${cluster.pkiDir}/ca.crt`,
    "cluster-signing-cert-file": `${cluster.pkiDir}/ca.crt`,
    "cluster-signing-key-file": `${cluster.pkiDir}/ca.key`,
    "service-account-private-key-file": `${cluster.pkiDir}/sa.key`,
    "bind-address": "127.0.0.1",
    "secure-port": cluster.ports.controllerManager,
    "tls-cert-file": `${cluster.pkiDir}/controller-manager-server.crt`,
    "tls-private-key-file": `${cluster.pkiDir}/controller-manager-server.key`,
  });
}

function scheduler(cluster: Cluster, context: SpecContext): ProcessSpec {
  return component(cluster, context, "kube-scheduler", "scheduler", {
    kubeconfig: componentKubeconfigPath(cluster, "scheduler"),
    "leader-elect": "true",
    "bind-address": "127.0.0.1",
    "secure-port": cluster.ports.scheduler,
    "tls-cert-file": `${cluster.pkiDir}/scheduler-server.crt`,
    "tls-private-key-file": `${cluster.pkiDir}/scheduler-server.key`,
  });
}

function kubelet(cluster: Cluster, context: SpecContext): ProcessSpec {
  const pki = cluster.pkiDir;
  return component(cluster, context, "kubelet", "kubelet", {
    kubeconfig: componentKubeconfigPath(cluster, "kubelet"),
    "hostname-override": cluster.nodeName,
    "container-runtime-endpoint": `unix://${runtimeOf(cluster).socket(cluster)}`,
    "root-dir": `${cluster.dataDir}/kubelet`,
    "node-ip": context.nodeIp,
    address: "0.0.0.0",
    port: cluster.ports.kubelet,
    "healthz-port": cluster.ports.kubeletHealth,
    "tls-cert-file": `${pki}/kubelet.crt`,
    "tls-private-key-file": `${pki}/kubelet.key`,
    "client-ca-file": `${pki}/ca.crt`,
    "pod-infra-container-image": context.sandboxImage,
    "cni-conf-dir": `${cluster.dataDir}/cni`,
    "cni-bridge": cluster.podBridge,
    "cluster-dns": cluster.dnsIp,
    "cluster-domain": CLUSTER_DOMAIN,
    "cgroup-root": cluster.cgroupRoot,
    "max-pods": 110,
  });
}

function kubeProxy(cluster: Cluster, context: SpecContext): ProcessSpec {
  return component(cluster, context, "kube-proxy", "kube-proxy", {
    kubeconfig: componentKubeconfigPath(cluster, "kube-proxy"),
    "hostname-override": cluster.nodeName,
    "cluster-cidr": cluster.podCidr,
    "proxy-mode": "iptables",
    "metrics-bind-address": `127.0.0.1:${cluster.ports.proxyMetrics}`,
    "healthz-bind-address": `0.0.0.0:${cluster.ports.proxyHealth}`,
    "iptables-chain-prefix": cluster.chainPrefix,
  });
}

/** Its sockets: the kubelet's folder may be too deep for one, but has to have the one that registers. */
export const driverSocket = (cluster: Cluster): string => `${cluster.runDir}/csi-hostpath.sock`;

function csiHostPath(cluster: Cluster, context: SpecContext): ProcessSpec {
  return component(cluster, context, "csi-hostpath", "csi-hostpath", {
    kubeconfig: componentKubeconfigPath(cluster, "csi-hostpath"),
    nodeid: cluster.nodeName,
    endpoint: `unix://${driverSocket(cluster)}`,
    "kubelet-registration-path": `${cluster.dataDir}/kubelet/plugins_registry`,
    statedir: `${cluster.dataDir}/csi-hostpath`,
  });
}

/** In the order in which they are started; none waits for another, each tries until what it needs is there. */
export function processSpecs(cluster: Cluster, context: SpecContext): ProcessSpec[] {
  return [
    ...etcdSpecs(cluster),
    apiServer(cluster, context),
    ...runtimeOf(cluster).processes(cluster),
    controllerManager(cluster, context),
    kubelet(cluster, context),
    scheduler(cluster, context),
    kubeProxy(cluster, context),
    csiHostPath(cluster, context),
  ];
}

/** Components of ours, which run on node under these names. */
export const NODE_COMPONENTS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "csi-hostpath",
] as const;
