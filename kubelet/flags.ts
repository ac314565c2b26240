/** Flags of the kubelet with upstream's names; `--cni-*` and `--cluster-cidr` are our own. */
import type { FlagSpecs, FlagValues } from "../shared/process/flags.ts";
import { machineHostname } from "./node/machine.ts";
import { type KubeletOptions, parseLabels, parseTaints } from "./options.ts";

export const kubeletFlags = {
  kubeconfig: { type: "string", default: "", help: "path of the kubeconfig that says how to reach the API" },
  "hostname-override": { type: "string", default: "", help: "name of the node instead of the machine's host name" },
  "container-runtime-endpoint": {
    type: "string",
    default: "unix:///run/containerd/containerd.sock",
    help: "socket of the container runtime",
  },
  "root-dir": {
    type: "string",
    default: "/var/lib/kubelet",
    help: "directory for volumes, logs and other files of pods",
  },
  "node-ip": { type: "string", default: "", help: "address of the node; found out when empty" },
  address: { type: "string", default: "0.0.0.0", help: "address to serve on" },
  port: { type: "number", default: 10250, help: "port to serve on" },
  "healthz-port": { type: "number", default: 10248, help: "port of the local health endpoint, 0 for none" },
  "tls-cert-file": { type: "string", default: "", help: "serving certificate; self-signed when empty" },
  "tls-private-key-file": { type: "string", default: "", help: "key of the serving certificate" },
  "client-ca-file": { type: "string", default: "", help: "authority of accepted client certificates" },
  "pod-infra-container-image": {
    type: "string",
    default: "",
    help: "the sandbox image is the runtime's setting; accepted for old unit files",
  },
  "cni-conf-dir": { type: "string", default: "", help: "where to write the network configuration; empty: nowhere" },
  "cni-bridge": { type: "string", default: "kubernode0", help: "name of the bridge that pods are joined to" },
  "cluster-cidr": { type: "string", default: "", help: "range of all pods, for what leaves the cluster" },
  "cluster-dns": { type: "list", help: "addresses of the cluster's name servers" },
  "cluster-domain": { type: "string", default: "cluster.local", help: "domain of the cluster" },
  "cgroup-root": { type: "string", default: "/", help: "control group below which pods are" },
  "node-labels": { type: "list", help: "labels of the node, key=value" },
  "register-with-taints": { type: "list", help: "taints of a node that registers, key=value:Effect" },
  "max-pods": { type: "number", default: 110, help: "number of pods that fit" },
  v: { type: "number", default: 0, help: "more than 3: debug log" },
} as const satisfies FlagSpecs;

/** Upstream's flags that unit files carry and that change nothing here. */
export const TOLERATED_FLAGS: ReadonlySet<string> = new Set([
  "config",
  "bootstrap-kubeconfig",
  "cgroup-driver",
  "cert-dir",
  "anonymous-auth",
  "authorization-mode",
  "authentication-token-webhook",
  "read-only-port",
  "rotate-certificates",
  "fail-swap-on",
  "runtime-cgroups",
  "streaming-connection-idle-timeout",
  "make-iptables-util-chains",
  "event-qps",
]);

/** Throws for labels and taints that cannot be read. */
export function kubeletOptions(flags: FlagValues<typeof kubeletFlags>): KubeletOptions {
  const override = flags["hostname-override"];
  return {
    kubeconfig: flags.kubeconfig,
    nodeName: override === "" ? machineHostname() : override,
    runtimeEndpoint: flags["container-runtime-endpoint"],
    rootDir: flags["root-dir"],
    nodeIp: flags["node-ip"],
    address: flags.address,
    port: flags.port,
    healthzPort: flags["healthz-port"],
    tlsCertFile: flags["tls-cert-file"],
    tlsPrivateKeyFile: flags["tls-private-key-file"],
    clientCaFile: flags["client-ca-file"],
    cniConfDir: flags["cni-conf-dir"],
    cniBridge: flags["cni-bridge"],
    clusterCidr: flags["cluster-cidr"],
    clusterDns: flags["cluster-dns"],
    clusterDomain: flags["cluster-domain"],
    cgroupRoot: flags["cgroup-root"],
    nodeLabels: parseLabels(flags["node-labels"]),
    registerWithTaints: parseTaints(flags["register-with-taints"]),
    podsMax: flags["max-pods"],
    logLevel: flags.v > 3 ? "debug" : "info",
  };
}
