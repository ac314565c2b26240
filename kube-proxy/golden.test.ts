/**
 * What is written for typical services, from API objects to the input of iptables-restore. The files of `golden/`
 * are reviewed text: `UPDATE_GOLDEN=1` writes them anew.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Service } from "../shared/api/generated/core/v1.ts";
import type { Endpoint, EndpointSlice } from "../shared/api/generated/discovery/v1.ts";
import { type Committed, restoreInput } from "./iptables/restore-input.ts";
import { chainNames } from "./rules/chain-names.ts";
import type { RuleOptions } from "./rules/rule-options.ts";
import { serviceRules } from "./rules/service-rules.ts";
import { rulesetText, serviceText } from "./rules/table-text.ts";
import { servicePortsOf } from "./state/service-port.ts";

const NODE = "node-1";
const NOTHING: Committed = {
  filter: { chains: new Map(), jumps: [] },
  nat: { chains: new Map(), jumps: [] },
  mangle: { chains: new Map(), jumps: [] },
};
const OPTIONS: RuleOptions = {
  chains: chainNames("KUBE"),
  clusterCidr: "10.0.0.0/8",
  masqueradeAll: false,
  masqueradeMark: 0x4000,
  isRandomFully: true,
  hasRecent: true,
  localhostNodePorts: true,
};

interface Scenario {
  readonly service: Service["spec"];
  readonly endpoints: readonly Endpoint[];
  readonly status?: Service["status"];
  readonly options?: Partial<RuleOptions>;
}

const ready = (ip: string, nodeName = "node-2"): Endpoint => ({
  addresses: [ip],
  nodeName,
  conditions: { ready: true },
});
const ending = (ip: string, nodeName = "node-2"): Endpoint => ({
  addresses: [ip],
  nodeName,
  conditions: { ready: false, serving: true, terminating: true },
});
const port = { name: "p80", port: 80, protocol: "TCP" };
const base = { clusterIP: "172.30.0.41", clusterIPs: ["172.30.0.41"], ports: [port] };
const nodePort = { ...base, type: "NodePort", ports: [{ ...port, nodePort: 30080 }] };

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "cluster-ip": { service: base, endpoints: [ready("10.180.0.1")] },
  "cluster-ip-three-endpoints": {
    service: base,
    endpoints: [ready("10.180.0.3"), ready("10.180.0.1"), ready("10.180.0.2")],
  },
  "no-endpoints": { service: { ...nodePort, externalIPs: ["192.168.99.11"] }, endpoints: [] },
  "node-port": { service: nodePort, endpoints: [ready("10.180.0.1"), ready("10.180.0.2", NODE)] },
  "external-traffic-policy-local": {
    service: { ...nodePort, externalTrafficPolicy: "Local" },
    endpoints: [ready("10.180.0.1"), ready("10.180.0.2", NODE)],
  },
  "external-traffic-policy-local-without-local-endpoints": {
    service: { ...nodePort, externalTrafficPolicy: "Local", externalIPs: ["192.168.99.11"] },
    endpoints: [ready("10.180.0.1")],
  },
  "internal-traffic-policy-local": {
    service: { ...base, internalTrafficPolicy: "Local" },
    endpoints: [ready("10.180.0.1"), ready("10.180.0.2", NODE)],
  },
  "internal-traffic-policy-local-without-local-endpoints": {
    service: { ...base, internalTrafficPolicy: "Local" },
    endpoints: [ready("10.180.0.1")],
  },
  "session-affinity": {
    service: { ...base, sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } },
    endpoints: [ready("10.180.0.1"), ready("10.180.0.2")],
  },
  "session-affinity-without-recent": {
    service: { ...base, sessionAffinity: "ClientIP" },
    endpoints: [ready("10.180.0.1"), ready("10.180.0.2")],
    options: { hasRecent: false },
  },
  "terminating-endpoints-are-a-last-resort": { service: base, endpoints: [ending("10.180.0.1"), ending("10.180.0.2")] },
  "terminating-endpoints-beside-ready": { service: base, endpoints: [ready("10.180.0.1"), ending("10.180.0.2")] },
  "udp-and-sctp": {
    service: {
      ...base,
      ports: [
        { name: "p80", port: 80, protocol: "UDP" },
        { name: "p80", port: 80, protocol: "SCTP" },
      ],
    },
    endpoints: [ready("10.180.0.1")],
  },
  "load-balancer-with-source-ranges": {
    service: { ...nodePort, type: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/25", "203.0.113.128/25"] },
    status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } },
    endpoints: [ready("10.180.0.1")],
  },
  "masquerade-all-without-cluster-cidr": {
    service: base,
    endpoints: [ready("10.180.0.1")],
    options: { masqueradeAll: true, clusterCidr: undefined, localhostNodePorts: false, isRandomFully: false },
  },
  "another-prefix": { service: nodePort, endpoints: [ready("10.180.0.1")], options: { chains: chainNames("KN2") } },
};

function render({ service, endpoints, status, options }: Scenario): string {
  const metadata = { name: "svc1", namespace: "ns1" };
  const slice: EndpointSlice = {
    metadata: { name: "svc1-abcde", namespace: "ns1", labels: { "kubernetes.io/service-name": "svc1" } },
    addressType: "IPv4",
    endpoints: [...endpoints],
    ports: ["TCP", "UDP", "SCTP"].map((protocol) => ({ name: "p80", port: 80, protocol })),
  };
  const ruleOptions = { ...OPTIONS, ...options };
  const ports = servicePortsOf({ metadata, spec: service, status }, [slice], NODE);
  const texts = ports.map((servicePort) => serviceText(serviceRules(servicePort, ruleOptions)));
  return restoreInput(NOTHING, rulesetText(texts, ruleOptions));
}

describe("golden rulesets", () => {
  it.each(Object.entries(SCENARIOS))("%s", (name, scenario) => {
    const file = join(import.meta.dirname, "golden", `${name}.txt`);
    const actual = render(scenario);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, actual);
    expect(actual).toBe(readFileSync(file, "utf8"));
  });
});
