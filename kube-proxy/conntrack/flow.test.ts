import type { ServicePort } from "../state/service-port.ts";
import { parseFlows, staleFlows } from "./flow.ts";

const line = (destination: string, port: number, answerFrom: string, answerPort: number): string =>
  `udp      17 28 src=10.0.0.9 dst=${destination} sport=4000 dport=${port} [UNREPLIED] src=${answerFrom} dst=10.0.0.9 sport=${answerPort} dport=4000 mark=0 use=1`;

const dns = (endpoints: readonly string[], nodePort?: number): ServicePort => ({
  name: "kube-system/dns",
  protocol: "UDP",
  clusterIp: "10.96.0.10",
  port: 53,
  nodePort,
  externalIps: [],
  loadBalancerIps: [],
  loadBalancerSourceRanges: [],
  affinitySeconds: undefined,
  isInternalLocal: false,
  isExternalLocal: false,
  endpoints: endpoints.map((ip) => ({
    ip,
    port: 53,
    isLocal: false,
    isReady: true,
    isServing: true,
    isTerminating: false,
  })),
});
const stale = (text: string, port: ServicePort): number =>
  staleFlows(parseFlows(text), [port], new Set(["192.168.0.1"])).length;

it("reads flows with and without an answer", () => {
  const answered = line("10.96.0.10", 53, "10.244.0.2", 53).replace("[UNREPLIED] ", "");
  expect(parseFlows(`${answered}\nconntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\n`)).toEqual([
    {
      source: "10.0.0.9",
      sourcePort: 4000,
      destination: "10.96.0.10",
      destinationPort: 53,
      answerFrom: "10.244.0.2",
      answerPort: 53,
    },
  ]);
});

it("finds flows to an endpoint that went away", () => {
  expect(stale(line("10.96.0.10", 53, "10.244.0.2", 53), dns(["10.244.0.3"]))).toBe(1);
  expect(stale(line("10.96.0.10", 53, "10.244.0.2", 53), dns(["10.244.0.2"]))).toBe(0);
});

it("finds flows that began before there was an endpoint", () => {
  expect(stale(line("10.96.0.10", 53, "10.96.0.10", 53), dns(["10.244.0.2"]))).toBe(1);
});

it("looks at node ports only on addresses of this node", () => {
  expect(stale(line("192.168.0.1", 30053, "10.244.0.2", 53), dns([], 30053))).toBe(1);
  expect(stale(line("8.8.8.8", 30053, "8.8.8.8", 30053), dns([], 30053))).toBe(0);
});

it("leaves flows to others alone", () => {
  expect(stale(line("10.96.0.11", 53, "10.244.0.2", 53), dns([]))).toBe(0);
  expect(stale(line("10.96.0.10", 54, "10.244.0.2", 53), dns([]))).toBe(0);
});
