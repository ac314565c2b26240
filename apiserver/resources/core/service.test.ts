import { rulesOf } from "../../../test/support/kind-rules.ts";
import { serviceStrategy } from "./service.ts";

const rules = rulesOf(serviceStrategy);

type Spec = Record<string, unknown>;
const service = (spec: Spec, metadata: object = {}): object => ({
  metadata: { name: "x", namespace: "default", ...metadata },
  spec: { ports: [{ port: 80 }], ...spec },
});
const HEADLESS = { clusterIP: "None", clusterIPs: ["None"] };
const SINGLE = { clusterIP: "10.0.0.5", clusterIPs: ["10.0.0.5"], ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" };
const PAIR = {
  clusterIP: "10.0.0.5",
  clusterIPs: ["10.0.0.5", "fd00::5"],
  ipFamilies: ["IPv4", "IPv6"],
  ipFamilyPolicy: "PreferDualStack",
};
const SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";

describe("a service", () => {
  it.each<[string, object]>([
    ["with a port", service({})],
    ["without an address", service({ ...HEADLESS, ports: [] })],
    ["of two families", service(PAIR)],
    ["that is a name elsewhere", service({ type: "ExternalName", externalName: "example.com.", ports: [] })],
    ["behind a load balancer", service({ type: "LoadBalancer", loadBalancerSourceRanges: [" 10.0.0.0/8 "] })],
    ["that is sticky", service({ sessionAffinity: "ClientIP" })],
    ["that prefers its zone", service({ trafficDistribution: "PreferSameZone" })],
  ])("is good %s", (_, draft) => {
    expect(rules.creation(draft)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["no ports", service({ ports: [] }), "spec.ports: Required value"],
    [
      "an unknown type",
      service({ type: "Magic" }),
      'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [
      "two ports with one name",
      service({
        ports: [
          { port: 1, name: "a" },
          { port: 2, name: "a" },
        ],
      }),
      'spec.ports[1].name: Duplicate value: "a"',
    ],
    [
      "the same port twice",
      service({
        ports: [
          { port: 1, name: "a" },
          { port: 1, name: "b" },
        ],
      }),
      'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":1}',
    ],
    [
      "the same node port twice",
      service({
        type: "NodePort",
        ports: [
          { port: 1, name: "a", nodePort: 30_000 },
          { port: 2, name: "b", nodePort: 30_000 },
        ],
      }),
      "spec.ports[1].nodePort: Duplicate value: 30000",
    ],
    [
      "a port out of range",
      service({ ports: [{ port: 0 }] }),
      "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
    ],
    [
      "an unknown protocol",
      service({ ports: [{ port: 1, protocol: "ICMP" }] }),
      'spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
      "a target without a letter",
      service({ ports: [{ port: 1, targetPort: "1-2" }] }),
      'spec.ports[0].targetPort: Invalid value: "1-2": must contain at least one letter (a-z)',
    ],
    [
      "an address of a name elsewhere",
      service({ type: "ExternalName", externalName: "a.b", ...SINGLE }),
      "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
    ],
    [
      "families of a name elsewhere",
      service({ type: "ExternalName", externalName: "a.b", ipFamilies: ["IPv4"] }),
      "spec.ipFamilies: Forbidden: may not be set for ExternalName services",
    ],
    [
      "a name elsewhere without a name",
      service({ type: "ExternalName", externalName: "." }),
      "spec.externalName: Required value",
    ],
    [
      "a headless load balancer",
      service({ type: "LoadBalancer", ...HEADLESS }),
      "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services",
    ],
    [
      "None beside an address",
      service({ clusterIP: "None", clusterIPs: ["None", "10.0.0.1"] }),
      'spec.clusterIPs: Invalid value: ["None","10.0.0.1"]: \'None\' must be the first and only value',
    ],
    [
      "two spellings that differ",
      service({ clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.2"] }),
      'spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`',
    ],
    [
      "an address with leading zeros",
      service({ clusterIP: "10.0.0.01", clusterIPs: ["10.0.0.01"] }),
      'spec.clusterIPs[0]: Invalid value: "10.0.0.01": must not have leading 0s',
    ],
    [
      "two addresses of a family",
      service({ clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1", "10.0.0.2"] }),
      'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family',
    ],
    [
      "an address of the other family",
      service({ clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"], ipFamilies: ["IPv6"] }),
      'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
    ],
    [
      "an unknown family",
      service({ ipFamilies: ["IPv5"] }),
      'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
    ],
    ["a family twice", service({ ipFamilies: ["IPv4", "IPv4"] }), 'spec.ipFamilies[1]: Duplicate value: "IPv4"'],
    [
      "an external address that loops back",
      service({ externalIPs: ["127.0.0.1"] }),
      'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
    [
      "stickiness that is configured but off",
      service({ sessionAffinity: "Never", sessionAffinityConfig: {} }),
      'spec.sessionAffinity: Unsupported value: "Never": supported values: "ClientIP", "None"',
    ],
    [
      "stickiness for too long",
      service({ sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } }),
      "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400",
    ],
    [
      "sources of no load balancer",
      service({ loadBalancerSourceRanges: ["10.0.0.0/8"] }),
      "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ],
    [
      "a source that is no range",
      service({ type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.1/8"] }),
      'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
    ],
    [
      "an annotated source that is no range",
      service({ type: "LoadBalancer" }, { annotations: { [SOURCE_RANGES]: "10.0.0.0/8, x" } }),
      `metadata.annotations[${SOURCE_RANGES}]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
    ],
    [
      "a class of no load balancer",
      service({ loadBalancerClass: "a/b" }),
      "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ],
    [
      "an external policy inside",
      service({ externalTrafficPolicy: "Local" }),
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ],
    [
      "a health check of a node port",
      service({ type: "NodePort", healthCheckNodePort: 30_000 }),
      "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    ],
    [
      "an unknown distribution",
      service({ trafficDistribution: "Far" }),
      'spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ],
  ])("is refused with %s", (_, draft, problem) => {
    expect(rules.creation(draft)).toContain(problem);
  });

  it.each<[string, Spec, Spec, string[]]>([
    ["a second address", SINGLE, PAIR, []],
    ["no second address", PAIR, SINGLE, []],
    [
      "no second address without saying so",
      PAIR,
      { ...SINGLE, ipFamilyPolicy: "PreferDualStack" },
      [
        "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing the secondary clusterIP",
        "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing the secondary ipFamily",
      ],
    ],
    [
      "another address",
      SINGLE,
      { ...SINGLE, clusterIP: "10.0.0.6", clusterIPs: ["10.0.0.6"] },
      ['spec.clusterIPs[0]: Invalid value: ["10.0.0.6"]: may not change once set'],
    ],
    [
      "another class",
      { ...SINGLE, type: "LoadBalancer", loadBalancerClass: "a/b" },
      { ...SINGLE, type: "LoadBalancer", loadBalancerClass: "a/c" },
      ['spec.loadBalancerClass: Invalid value: "a/c": may not change once set'],
    ],
    [
      "another health check",
      { ...SINGLE, type: "LoadBalancer", externalTrafficPolicy: "Local", healthCheckNodePort: 1 },
      { ...SINGLE, type: "LoadBalancer", externalTrafficPolicy: "Local", healthCheckNodePort: 2 },
      ["spec.healthCheckNodePort: Forbidden: field is immutable"],
    ],
    ["a name elsewhere", SINGLE, { type: "ExternalName", externalName: "a.b" }, []],
  ])("that gets %s", (_, before, after, expected) => {
    expect(rules.change(service(before), service(after))).toEqual(expected);
  });

  it.each<[string, Spec, object, string[]]>([
    ["an address", { type: "LoadBalancer" }, { ip: "1.2.3.4" }, []],
    [
      "an address of no load balancer",
      {},
      { ip: "1.2.3.4" },
      ["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"],
    ],
    [
      "a mode without an address",
      { type: "LoadBalancer" },
      { hostname: "a.b", ipMode: "VIP" },
      ["status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set"],
    ],
    [
      "an address as a host",
      { type: "LoadBalancer" },
      { hostname: "1.2.3.4" },
      ['status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
    ],
  ])("whose status reports %s", (_, spec, ingress, expected) => {
    const after = { ...service(spec), status: { loadBalancer: { ingress: [ingress] } } };
    expect(rules.change(service(spec), after, "status")).toEqual(expected);
  });

  it("takes an address of a load balancer for a virtual one", () => {
    const draft = service({ type: "LoadBalancer" });
    const after = { ...draft, status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } } };
    expect(rules.changed(draft, after, "status")).toMatchObject({
      status: { loadBalancer: { ingress: [{ ip: "1.2.3.4", ipMode: "VIP" }] } },
    });
  });

  it.each<[object, string[]]>([
    [service({}), []],
    [service({ ...HEADLESS, sessionAffinity: "ClientIP" }), ["spec.SessionAffinity is ignored for headless services"]],
    [service({ externalName: "a.b" }), ['spec.externalName is ignored when spec.type is not "ExternalName"']],
    [
      service({ trafficDistribution: "PreferClose" }),
      ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
    ],
    [
      service({ clusterIP: "FD00::5", clusterIPs: ["FD00::5"] }),
      ['spec.clusterIPs[0]: IPv6 address "FD00::5" should be in RFC 5952 canonical format ("fd00::5")'],
    ],
  ])("warns about what it should not ask for (%#)", (draft, warnings) => {
    expect(rules.warnings(draft)).toEqual(warnings);
  });
});
