/** Host name and `/etc/hosts` of a pod: pure. Upstream: `kubelet_pods.go` managedHostsFileContent. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";

const HOST_NAME_CHARS_MAX = 63;

/** Name of the pod inside, cut to what the kernel takes. */
export function podHostname({ spec, metadata }: Pod): string {
  const name = spec.hostname ?? metadata.name;
  return name.slice(0, HOST_NAME_CHARS_MAX).replace(/[-.]+$/, "");
}

/** `host.subdomain.namespace.svc.domain`, or empty without a subdomain. */
export function podFqdn(pod: Pod, clusterDomain: string): string {
  const { subdomain } = pod.spec;
  if (subdomain === undefined || subdomain === "") return "";
  return `${podHostname(pod)}.${subdomain}.${pod.metadata.namespace ?? ""}.svc.${clusterDomain}`;
}

const LOCAL_ENTRIES = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;

export function hostsFile(pod: Pod, podIps: readonly string[], clusterDomain: string, nodeHosts: string): string {
  const isHostNetwork = pod.spec.hostNetwork === true;
  const head = isHostNetwork
    ? `# Kubernetes-managed hosts file (host network).\n${nodeHosts}`
    : `# Kubernetes-managed hosts file.\n${LOCAL_ENTRIES}`;
  const fqdn = podFqdn(pod, clusterDomain);
  const names = fqdn === "" ? podHostname(pod) : `${fqdn}\t${podHostname(pod)}`;
  const own = isHostNetwork ? "" : podIps.map((ip) => `${ip}\t${names}\n`).join("");
  const aliases = pod.spec.hostAliases ?? [];
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}\n`).join("");
  return `${head}${own}${lines === "" ? "" : `\n# Entries added by HostAliases.\n${lines}`}`;
}
