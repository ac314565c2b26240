/**
 * kube-proxy with 10,000 services of two endpoints: what one more service costs (compute, bytes for iptables-restore)
 * beside making and writing everything again.
 */
import { type Committed, restoreInput } from "../kube-proxy/iptables/restore-input.ts";
import { chainNames } from "../kube-proxy/rules/chain-names.ts";
import type { RuleOptions } from "../kube-proxy/rules/rule-options.ts";
import { serviceRules } from "../kube-proxy/rules/service-rules.ts";
import { rulesetText, type ServiceText, serviceText } from "../kube-proxy/rules/table-text.ts";
import type { ServicePort } from "../kube-proxy/state/service-port.ts";
import { type Bench, report } from "./support/bench.ts";

const SERVICES = 10_000;
const options: RuleOptions = {
  chains: chainNames("KUBE"),
  clusterCidr: "10.0.0.0/8",
  masqueradeAll: false,
  masqueradeMark: 0x4000,
  isRandomFully: true,
  hasRecent: true,
  localhostNodePorts: true,
};
const ipOf = (prefix: string, index: number): string => `${prefix}.${(index >> 8) & 255}.${index & 255}`;
const servicePort = (index: number): ServicePort => ({
  name: `default/service-${index}:http`,
  protocol: "TCP",
  clusterIp: ipOf("172.30", index),
  port: 80,
  nodePort: undefined,
  externalIps: [],
  loadBalancerIps: [],
  loadBalancerSourceRanges: [],
  affinitySeconds: undefined,
  isInternalLocal: false,
  isExternalLocal: false,
  endpoints: ["10.1", "10.2"].map((prefix) => ({
    ip: ipOf(prefix, index),
    port: 8080,
    isLocal: false,
    isReady: true,
    isServing: true,
    isTerminating: false,
  })),
});
const textOf = (index: number): ServiceText => serviceText(serviceRules(servicePort(index), options));
const empty = { chains: new Map<string, readonly string[]>(), jumps: [] };
const NOTHING: Committed = { filter: empty, nat: empty, mangle: empty };

function measured<T>(work: () => T): { result: T; ms: number } {
  const startMs = performance.now();
  const result = work();
  return { result, ms: performance.now() - startMs };
}

export const kubeProxySync: Bench = {
  name: "kube-proxy",
  measures: `one Service more beside ${SERVICES} Services of two endpoints from nothing`,
  run: async () => {
    const all = measured(() => {
      const services = Array.from({ length: SERVICES }, (_, index) => textOf(index));
      const ruleset = rulesetText(services, options);
      return { services, ruleset, input: restoreInput(NOTHING, ruleset) };
    });
    const { services, ruleset, input } = all.result;
    const more = measured(() => restoreInput(ruleset, rulesetText([...services, textOf(SERVICES)], options)));
    report("time to make the rules", more.ms, all.ms, "ms", "none");
    report("bytes for iptables-restore", more.result.length, input.length, "bytes", "none");
  },
};
