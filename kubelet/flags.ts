/**
 * Flags of the kubelet with upstream's names; `--cni-*` and `--cluster-cidr` are our own. Those that set a field of
 * the configuration come from its table. Different from upstream: the defaults are those of a configuration file
 * whether there is one or not, never the open ones that flags alone mean there.
 */
import { join } from "node:path";
import { type FlagSpecs, type FlagValues, parseFlags } from "../shared/process/flags.ts";
import type { KubeletConfiguration } from "./configuration/configuration-fields.ts";
import { configurationFiles } from "./configuration/configuration-files.ts";
import { configurationFlagSpecs, configurationOf } from "./configuration/configuration-flags.ts";
import { ConfigurationError, readConfiguration } from "./configuration/read-configuration.ts";
import { configurationProblems } from "./configuration/validate-configuration.ts";
import { machineHostname } from "./node/machine.ts";
import { type KubeletOptions, parseLabels, parseTaints, type RegisteredTaint } from "./options.ts";

const kubeletFlags = {
  config: { type: "string", default: "", help: "configuration file (KubeletConfiguration)" },
  "config-dir": { type: "string", default: "", help: "folder with *.conf files that add to the configuration" },
  kubeconfig: { type: "string", default: "", help: "path of the kubeconfig that says how to reach the API" },
  "bootstrap-kubeconfig": {
    type: "string",
    default: "",
    help: "kubeconfig to ask for a client certificate with, when the kubeconfig is not there",
  },
  "cert-dir": { type: "string", default: "", help: "where own certificates are kept; pki below the root directory" },
  "hostname-override": { type: "string", default: "", help: "name of the node instead of the machine's host name" },
  "root-dir": {
    type: "string",
    default: "/var/lib/kubelet",
    help: "directory for volumes, logs and other files of pods",
  },
  "node-ip": { type: "string", default: "", help: "address of the node; found out when empty" },
  "pod-infra-container-image": {
    type: "string",
    default: "kubernode.local/pause:1",
    help: "image of sandboxes on a Docker Engine; of other runtimes it is their own setting",
  },
  "cni-conf-dir": { type: "string", default: "", help: "where to write the network configuration; empty: nowhere" },
  "cni-bridge": { type: "string", default: "kubernode0", help: "name of the bridge that pods are joined to" },
  "cluster-cidr": { type: "string", default: "", help: "range of all pods, for what leaves the cluster" },
  "node-labels": { type: "list", help: "labels of the node, key=value" },
  "register-with-taints": { type: "list", help: "taints of a node that registers, key=value:Effect" },
} as const satisfies FlagSpecs;

/** Upstream's flags that unit files carry and that change nothing here. */
const TOLERATED_FLAGS: ReadonlySet<string> = new Set([
  "cloud-provider",
  "container-runtime",
  "exit-on-lock-contention",
  "experimental-allocatable-ignore-eviction",
  "image-credential-provider-bin-dir",
  "image-credential-provider-config",
  "keep-terminated-pod-volumes",
  "lock-file",
  "master-service-namespace",
  "maximum-dead-containers",
  "maximum-dead-containers-per-container",
  "minimum-container-ttl-duration",
  "network-plugin",
  "node-status-max-images",
  "reserved-memory",
  "runtime-cgroups",
]);

/** Reads the command line and the files it names. Throws with one plain line when something is wrong. */
export function readKubeletOptions(argv: readonly string[]): { options: KubeletOptions; warnings: readonly string[] } {
  const specs: FlagSpecs = { ...configurationFlagSpecs(), ...kubeletFlags };
  const { values, given, warnings } = parseFlags(specs, argv, TOLERATED_FLAGS);
  const flags = values as unknown as FlagValues<typeof kubeletFlags>;
  const files = configurationFiles(flags.config, flags["config-dir"]);
  const configuration = readConfiguration(files, configurationOf(given, values));
  const [problem] = configurationProblems(configuration);
  if (problem !== undefined) throw new ConfigurationError(problem);
  return { options: kubeletOptions(flags, configuration), warnings };
}

function kubeletOptions(flags: FlagValues<typeof kubeletFlags>, configuration: KubeletConfiguration): KubeletOptions {
  const override = flags["hostname-override"];
  const taints = parseTaints(flags["register-with-taints"]);
  return {
    configuration,
    kubeconfig: flags.kubeconfig,
    bootstrapKubeconfig: flags["bootstrap-kubeconfig"],
    certDir: flags["cert-dir"] === "" ? join(flags["root-dir"], "pki") : flags["cert-dir"],
    nodeName: override === "" ? machineHostname() : override.toLowerCase(),
    runtimeEndpoint: configuration.containerRuntimeEndpoint,
    sandboxImage: flags["pod-infra-container-image"],
    rootDir: flags["root-dir"],
    nodeIp: flags["node-ip"],
    address: configuration.address,
    port: configuration.port,
    healthzPort: configuration.healthzPort,
    tlsCertFile: configuration.tlsCertFile,
    tlsPrivateKeyFile: configuration.tlsPrivateKeyFile,
    clientCaFile: configuration["authentication.x509.clientCAFile"],
    cniConfDir: flags["cni-conf-dir"],
    cniBridge: flags["cni-bridge"],
    clusterCidr: flags["cluster-cidr"],
    clusterDns: configuration.clusterDNS,
    clusterDomain: configuration.clusterDomain,
    cgroupRoot: configuration.cgroupRoot,
    nodeLabels: parseLabels(flags["node-labels"]),
    registerWithTaints: taints.length > 0 ? taints : configuredTaints(configuration.registerWithTaints),
    podsMax: configuration.maxPods,
    logLevel: configuration["logging.verbosity"] > 3 ? "debug" : "info",
  };
}

function configuredTaints(taints: unknown): RegisteredTaint[] {
  if (!Array.isArray(taints)) throw new ConfigurationError("registerWithTaints must be a list of taints");
  return (taints as Partial<RegisteredTaint>[]).map(({ key, value = "", effect }) => {
    if (typeof key !== "string" || typeof effect !== "string") {
      throw new ConfigurationError("registerWithTaints: every taint has a key and an effect");
    }
    return { key, value, effect };
  });
}
