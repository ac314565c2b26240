/**
 * Rules of one service port (upstream: the loop of `syncProxyRules` in `pkg/proxy/iptables/proxier.go`): chains of
 * its own, and its rules in the shared chains. Pure, and independent of all other services, so that only what
 * changed is computed again.
 */
import { addressOf, type UsableEndpoints, usableEndpoints } from "../state/endpoint.ts";
import { isExternallyAccessible, type ServicePort } from "../state/service-port.ts";
import { balancingRules, endpointChain } from "./endpoint-chains.ts";
import { type Chain, comment, jump, type Match, type Rule, rule, type Target } from "./rule.ts";
import type { RuleOptions } from "./rule-options.ts";

export interface ServiceRules {
  /** Chains of this port in table nat. */
  readonly chains: readonly Chain[];
  /** Its rules in chains that all services share. */
  readonly natServices: readonly Rule[];
  readonly natNodePorts: readonly Rule[];
  readonly filterServices: readonly Rule[];
  readonly filterExternalServices: readonly Rule[];
  readonly filterProxyFirewall: readonly Rule[];
}

/** What one port's rules are made from. */
interface Plan {
  readonly port: ServicePort;
  readonly options: RuleOptions;
  readonly usable: UsableEndpoints;
  readonly hasAny: boolean;
  readonly internalChain: string;
  /** Where external traffic ends after it was marked. */
  readonly externalPolicyChain: string;
  readonly hasInternal: boolean;
  readonly hasExternal: boolean;
}

function planOf(port: ServicePort, options: RuleOptions): Plan {
  const usable = usableEndpoints(port.endpoints);
  const chainFor = (isLocal: boolean): string =>
    isLocal ? options.chains.localPolicy(port) : options.chains.clusterPolicy(port);
  const hasFor = (isLocal: boolean): boolean => (isLocal ? usable.local : usable.cluster).length > 0;
  return {
    port,
    options,
    usable,
    hasAny: usable.cluster.length > 0,
    internalChain: chainFor(port.isInternalLocal),
    externalPolicyChain: chainFor(port.isExternalLocal),
    hasInternal: hasFor(port.isInternalLocal),
    hasExternal: hasFor(port.isExternalLocal),
  };
}

const protocolOf = (port: ServicePort): Match => ({ kind: "protocol", protocol: port.protocol });
const addressed = (port: ServicePort, ip: string): Match[] => [
  protocolOf(port),
  { kind: "destination", range: ip },
  { kind: "destinationPort", port: port.port },
];

/** Nobody serves at all: refused. Endpoints are elsewhere but policy `Local` holds: dropped, as upstream. */
function refusal({ port, hasAny }: Plan): { target: Target; text: Match } {
  return hasAny
    ? { target: { kind: "drop" }, text: comment(`${port.name} has no local endpoints`) }
    : { target: { kind: "reject" }, text: comment(`${port.name} has no endpoints`) };
}

function balancingChains(plan: Plan): Chain[] {
  const { port, options, usable } = plan;
  if (!plan.hasAny) return [];
  const isExternal = isExternallyAccessible(port);
  const policies = new Map<string, Rule[]>();
  const use = (isLocal: boolean): void => {
    const endpoints = isLocal ? usable.local : usable.cluster;
    const name = isLocal ? options.chains.localPolicy(port) : options.chains.clusterPolicy(port);
    policies.set(name, balancingRules(port, endpoints, options));
  };
  if (plan.hasInternal) use(port.isInternalLocal);
  if (isExternal && plan.hasExternal) use(port.isExternalLocal);
  // Pods reach their own cluster's external addresses over all endpoints, whatever the policy.
  if (isExternal && port.isExternalLocal) use(false);
  const internal = policies.get(plan.internalChain);
  if (internal !== undefined) policies.set(plan.internalChain, [...internalMasquerade(plan), ...internal]);
  const reached = new Set([...policies.keys()].includes(options.chains.clusterPolicy(port)) ? usable.cluster : []);
  if (policies.has(options.chains.localPolicy(port))) for (const endpoint of usable.local) reached.add(endpoint);
  const ordered = [...reached].toSorted((left, right) => (addressOf(left) < addressOf(right) ? -1 : 1));
  return [
    ...[...policies].map(([name, rules]) => ({ name, rules })),
    ...ordered.map((endpoint) => endpointChain(port, endpoint, options)),
  ];
}

function internalMasquerade({ port, options }: Plan): Rule[] {
  const { chains, clusterCidr, masqueradeAll } = options;
  const matches: Match[] = [comment(`${port.name} cluster IP`), ...addressed(port, port.clusterIp)];
  if (masqueradeAll) return [rule(jump(chains.markMasquerade), ...matches)];
  if (clusterCidr === undefined) return [];
  return [rule(jump(chains.markMasquerade), ...matches, { kind: "source", range: clusterCidr, isNot: true })];
}

/** Chain of traffic from outside: masquerade it, or keep its source when the policy is `Local`. */
function externalChain(plan: Plan): Chain[] {
  const { port, options } = plan;
  if (!plan.hasAny || !isExternallyAccessible(port)) return [];
  const { chains, clusterCidr } = options;
  const fromNode: Match = { kind: "addressType", side: "source", type: "LOCAL" };
  const what = `${port.name} external destinations`;
  const clusterPolicy = chains.clusterPolicy(port);
  const rules: Rule[] = [];
  if (!port.isExternalLocal) {
    rules.push(rule(jump(chains.markMasquerade), comment(`masquerade traffic for ${what}`)));
  } else {
    if (clusterCidr !== undefined) {
      const fromPods: Match = { kind: "source", range: clusterCidr };
      rules.push(rule(jump(clusterPolicy), comment(`pod traffic for ${what}`), fromPods));
    }
    rules.push(rule(jump(chains.markMasquerade), comment(`masquerade LOCAL traffic for ${what}`), fromNode));
    rules.push(rule(jump(clusterPolicy), comment(`route LOCAL traffic for ${what}`), fromNode));
  }
  if (plan.hasExternal) rules.push(rule(jump(plan.externalPolicyChain)));
  return [{ name: chains.external(port), rules }];
}

const isGuarded = (port: ServicePort): boolean =>
  port.loadBalancerSourceRanges.length > 0 && port.loadBalancerIps.length > 0;

/** Chain that lets only the allowed sources on to the load balancer's addresses. */
function firewallChain(plan: Plan): Chain[] {
  const { port, options } = plan;
  if (!plan.hasAny || !isGuarded(port)) return [];
  const text = comment(`${port.name} loadbalancer IP`);
  const onward = jump(options.chains.external(port));
  return [
    {
      name: options.chains.loadBalancer(port),
      rules: port.loadBalancerSourceRanges.map((range) => rule(onward, text, { kind: "source", range })),
    },
  ];
}

function natServices(plan: Plan): Rule[] {
  const { port, options } = plan;
  const rules: Rule[] = [];
  if (plan.hasInternal) {
    const matches = addressed(port, port.clusterIp);
    rules.push(rule(jump(plan.internalChain), comment(`${port.name} cluster IP`), ...matches));
  }
  if (!plan.hasAny) return rules;
  const external = jump(options.chains.external(port));
  const balancer = isGuarded(port) ? jump(options.chains.loadBalancer(port)) : external;
  for (const ip of port.externalIps) {
    rules.push(rule(external, comment(`${port.name} external IP`), ...addressed(port, ip)));
  }
  for (const ip of port.loadBalancerIps) {
    rules.push(rule(balancer, comment(`${port.name} loadbalancer IP`), ...addressed(port, ip)));
  }
  return rules;
}

function natNodePorts({ port, options, hasAny }: Plan): Rule[] {
  if (port.nodePort === undefined || !hasAny) return [];
  const toPort: Match = { kind: "destinationPort", port: port.nodePort };
  return [rule(jump(options.chains.external(port)), comment(port.name), protocolOf(port), toPort)];
}

function filterExternalServices(plan: Plan): Rule[] {
  const { port } = plan;
  if (plan.hasExternal) return [];
  const { target, text } = refusal(plan);
  const rules = [...port.externalIps, ...port.loadBalancerIps].map((ip) => rule(target, text, ...addressed(port, ip)));
  if (port.nodePort !== undefined) {
    const toNode: Match = { kind: "addressType", side: "destination", type: "LOCAL" };
    const toPort: Match = { kind: "destinationPort", port: port.nodePort };
    rules.push(rule(target, text, toNode, protocolOf(port), toPort));
  }
  return rules;
}

/** What `firewallChain` did not let through was not rewritten, and ends here. */
function filterProxyFirewall({ port, options, hasAny }: Plan): Rule[] {
  if (!hasAny || !isGuarded(port)) return [];
  const text = comment(`${port.name} traffic not accepted by ${options.chains.loadBalancer(port)}`);
  return port.loadBalancerIps.map((ip) => rule({ kind: "drop" }, text, ...addressed(port, ip)));
}

/** All rules of one service port. */
export function serviceRules(port: ServicePort, options: RuleOptions): ServiceRules {
  const plan = planOf(port, options);
  const { target, text } = refusal(plan);
  return {
    chains: [...balancingChains(plan), ...externalChain(plan), ...firewallChain(plan)],
    natServices: natServices(plan),
    natNodePorts: natNodePorts(plan),
    filterServices: plan.hasInternal ? [] : [rule(target, text, ...addressed(port, port.clusterIp))],
    filterExternalServices: filterExternalServices(plan),
    filterProxyFirewall: filterProxyFirewall(plan),
  };
}
