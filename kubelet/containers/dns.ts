/** Name resolution of a pod: pure. Upstream: `pkg/kubelet/network/dns/dns.go`. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { DnsSpec } from "../runtime/runtime.ts";

export interface ClusterDns {
  readonly servers: readonly string[];
  readonly domain: string;
}

/** Limits of resolvers that pods may have. */
const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;

export function parseResolvConf(text: string): DnsSpec {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "nameserver" && rest[0] !== undefined) servers.push(rest[0]);
    if (word === "search") searches = rest.map((domain) => (domain === "." ? domain : domain.replace(/\.$/, "")));
    if (word === "options") options = rest;
  }
  return { servers, searches, options };
}

export function podDns(pod: Pod, host: DnsSpec, cluster: ClusterDns): DnsSpec {
  return withDnsConfig(pod, policyDns(pod, host, cluster));
}

function policyDns({ spec, metadata }: Pod, host: DnsSpec, cluster: ClusterDns): DnsSpec {
  const policy = spec.dnsPolicy ?? "ClusterFirst";
  if (policy === "None") return { servers: [], searches: [], options: [] };
  const wantsCluster = policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && spec.hostNetwork !== true);
  if (!wantsCluster || cluster.servers.length === 0) return host;
  const own =
    cluster.domain === ""
      ? []
      : [`${metadata.namespace ?? ""}.svc.${cluster.domain}`, `svc.${cluster.domain}`, cluster.domain];
  return { servers: cluster.servers, searches: unique([...own, ...host.searches]), options: ["ndots:5"] };
}

function withDnsConfig({ spec }: Pod, base: DnsSpec): DnsSpec {
  const { nameservers = [], searches = [], options = [] } = spec.dnsConfig ?? {};
  const merged = new Map(base.options.map((option) => [option.split(":")[0] ?? "", option]));
  for (const { name = "", value } of options) merged.set(name, value === undefined ? name : `${name}:${value}`);
  return {
    servers: unique([...base.servers, ...nameservers]).slice(0, NAMESERVERS_MAX),
    searches: unique([...base.searches, ...searches]).slice(0, SEARCHES_MAX),
    options: [...merged.values()],
  };
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}
