import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { ipAddressStrategy } from "./ip-address.ts";
import { networkPolicyStrategy } from "./network-policy.ts";
import { serviceCidrStrategy } from "./service-cidr.ts";

type Part = Record<string, unknown>;

describe("the rules of network policies", () => {
  const rules = rulesOf(networkPolicyStrategy);
  const policy = (spec: Part): Part => ({ spec: { podSelector: {}, ...spec } });
  const withPort = (port: Part): Part => policy({ ingress: [{ ports: [port] }] });
  const withPeer = (peer: Part): Part => policy({ egress: [{ to: [peer] }] });
  const PORT = "spec.ingress[0].ports[0]";
  const PEER = "spec.egress[0].to[0]";

  it.each<[string, Part, unknown[]]>([
    [
      "an unknown protocol",
      withPort({ protocol: "ICMP" }),
      [`${PORT}.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`],
    ],
    [
      "a port out of range",
      withPort({ port: 0 }),
      [`${PORT}.port: Invalid value: 0: must be between 1 and 65535, inclusive`],
    ],
    [
      "a port name that is none",
      withPort({ port: "80-" }),
      [expect.stringContaining("must contain at least one letter"), expect.anything()],
    ],
    [
      "an end before the start",
      withPort({ port: 10, endPort: 9 }),
      [`${PORT}.endPort: Invalid value: 9: must be greater than or equal to \`port\``],
    ],
    [
      "an end out of range",
      withPort({ port: 10, endPort: 70_000 }),
      [`${PORT}.endPort: Invalid value: 70000: must be between 1 and 65535, inclusive`],
    ],
    [
      "an end of a named port",
      withPort({ port: "http", endPort: 9 }),
      [`${PORT}.endPort: Invalid value: 9: may not be specified when \`port\` is non-numeric`],
    ],
    [
      "an end without a start",
      withPort({ endPort: 9 }),
      [`${PORT}.endPort: Invalid value: 9: may not be specified when \`port\` is not specified`],
    ],
    ["nobody", withPeer({}), [`${PEER}: Required value: must specify a peer`]],
    [
      "a range and pods",
      withPeer({ podSelector: {}, ipBlock: { cidr: "10.0.0.0/8" } }),
      [`${PEER}: Forbidden: may not specify both ipBlock and another peer`],
    ],
    ["no range", withPeer({ ipBlock: { cidr: "" } }), [`${PEER}.ipBlock.cidr: Required value`]],
    [
      "a range that is none",
      withPeer({ ipBlock: { cidr: "a" } }),
      [`${PEER}.ipBlock.cidr: Invalid value: "a": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`],
    ],
    [
      "a range with bits beyond its prefix",
      withPeer({ ipBlock: { cidr: "10.0.0.1/8" } }),
      [`${PEER}.ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length`],
    ],
    [
      "exceptions that are not inside",
      withPeer({ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16", "10.0.0.0/8", "fe80::/64", "b"] } }),
      [
        `${PEER}.ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of \`cidr\``,
        `${PEER}.ipBlock.except[1]: Invalid value: "10.0.0.0/8": must be a strict subset of \`cidr\``,
        `${PEER}.ipBlock.except[2]: Invalid value: "fe80::/64": must be a strict subset of \`cidr\``,
        expect.stringContaining(`${PEER}.ipBlock.except[3]: Invalid value: "b": must be a valid CIDR`),
      ],
    ],
    [
      "selectors that are none",
      policy({ podSelector: { matchExpressions: [{ key: "a", operator: "In" }] } }),
      [
        "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      "an unknown type",
      policy({ policyTypes: ["Sideways"] }),
      ['spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"'],
    ],
    [
      "three types",
      policy({ policyTypes: ["Ingress", "Egress", "Ingress"] }),
      ['spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes'],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("default protocols and types", () => {
    expect(rules.read(policy({ policyTypes: [], egress: [{ ports: [{ port: 1 }] }] }))).toMatchObject({
      spec: { policyTypes: ["Ingress", "Egress"], egress: [{ ports: [{ protocol: "TCP" }] }] },
    });
    expect(rules.read(policy({}))).toMatchObject({ spec: { policyTypes: ["Ingress"] } });
  });

  it("let stored ranges be, wherever they go", () => {
    const old = policy({ ingress: [{ from: [{ ipBlock: { cidr: "010.0.0.1/8" } }] }] });
    expect(rules.change(old, withPeer({ ipBlock: { cidr: "010.0.0.1/8" } }))).toEqual([]);
    expect(rules.change(old, withPeer({ ipBlock: { cidr: "010.0.0.2/8" } }))).toHaveLength(1);
  });

  it("warn about ranges in another form than the usual one", () => {
    expect(rules.warnings(withPeer({ ipBlock: { cidr: "FE80::/64", except: ["fe80:0::/72"] } }))).toEqual([
      `${PEER}.ipBlock.cidr: IPv6 CIDR value "FE80::/64" should be in RFC 5952 canonical format ("fe80::/64")`,
      `${PEER}.ipBlock.except[0]: IPv6 CIDR value "fe80:0::/72" should be in RFC 5952 canonical format ("fe80::/72")`,
    ]);
  });
});

describe("the rules of addresses", () => {
  const rules = rulesOf(ipAddressStrategy);
  const address = (parentRef?: Part): Part => ({ metadata: { name: "10.0.0.1" }, spec: { parentRef } });

  it.each<[string, Part, unknown[]]>([
    ["no parent", address(), ["spec.parentRef: Required value"]],
    [
      "a parent of nothing",
      address({}),
      ["spec.parentRef.resource: Required value", "spec.parentRef.name: Required value"],
    ],
    [
      "names that are no segments",
      address({ group: "A", resource: "a/b", name: "..", namespace: "%" }),
      [
        expect.stringMatching(/^spec.parentRef.group: Invalid value: "A": a lowercase RFC 1123 subdomain/),
        `spec.parentRef.resource: Invalid value: "a/b": may not contain '/'`,
        `spec.parentRef.name: Invalid value: "..": may not be '..'`,
        `spec.parentRef.namespace: Invalid value: "%": may not contain '%'`,
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it.each([
    ["10.0.0.1", []],
    ["2001:db8::1", []],
    ["010.0.0.1", ["must not have leading 0s"]],
    ["2001:DB8::1", ['must be in canonical form ("2001:db8::1")']],
    ["::ffff:10.0.0.1", ["must not be an IPv4-mapped IPv6 address"]],
    ["web", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]],
  ])("name %s by its one spelling", (name, problems) => {
    ipAddressStrategy.use((typed) => expect(typed.validateName?.(name)).toEqual(problems));
  });

  it("keep the parent and show it", () => {
    const parent = { group: "", resource: "services", namespace: "a", name: "b" };
    expect(rules.change(address(parent), address({ ...parent, name: "c" }))).toEqual([
      expect.stringMatching(/^spec.parentRef: Invalid value: .*: field is immutable$/),
    ]);
    const cell = (one: Part): unknown => tableOf(ipAddressStrategy, [rules.read(one)], { nowMs: 0 }).rows[0]?.cells[1];
    expect(cell(address(parent))).toBe("services/a/b");
    expect(cell(address({ group: "a.b", resource: "Gateways", name: "c" }))).toBe("gateways.a.b/c");
    expect(cell(address())).toBe("<none>");
  });
});

describe("the rules of service ranges", () => {
  const rules = rulesOf(serviceCidrStrategy);
  const ranges = (...cidrs: string[]): Part => ({ spec: { cidrs } });
  const IMMUTABLE = "field is immutable";

  it.each<[string, Part, unknown[]]>([
    ["none", { spec: {} }, ["spec.cidrs: Required value: at least one CIDR required"]],
    [
      "three",
      ranges("a", "b", "c"),
      ['spec.cidrs: Invalid value: {"CIDRs":["a","b","c"]}: may only hold up to 2 values'],
    ],
    [
      "two of one family",
      ranges("10.0.0.0/24", "10.1.0.0/24"),
      [
        'spec.cidrs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ],
    ],
    [
      "other spellings",
      ranges("10.0.0.1/24", "2001:DB8::/64"),
      [
        'spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length',
        'spec.cidrs[1]: Invalid value: "2001:DB8::/64": must be in canonical form ("2001:db8::/64")',
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it.each<[string, Part, Part, string[]]>([
    ["nothing", ranges("10.0.0.0/24"), ranges("10.0.0.0/24"), []],
    ["a second family", ranges("10.0.0.0/24"), ranges("10.0.0.0/24", "2001:db8::/64"), []],
    [
      "the first",
      ranges("10.0.0.0/24"),
      ranges("10.0.1.0/24"),
      [`spec.cidrs[0]: Invalid value: "10.0.1.0/24": ${IMMUTABLE}`],
    ],
    [
      "the first while the second comes",
      ranges("10.0.0.0/24"),
      ranges("10.0.1.0/24", "2001:db8::/64"),
      [`spec.cidrs[0]: Invalid value: "10.0.1.0/24": ${IMMUTABLE}`],
    ],
    [
      "their number",
      ranges("10.0.0.0/24", "2001:db8::/64"),
      ranges("10.0.0.0/24"),
      [`spec.cidrs: Invalid value: ["10.0.0.0/24"]: ${IMMUTABLE}`],
    ],
  ])("on a change of %s", (_, before, after, problems) => {
    expect(rules.change(before, after)).toEqual(problems);
  });

  it("keep all but the status on its subresource", () => {
    const status = { conditions: [{ type: "Ready", status: "True" }] };
    const old = { metadata: { name: "a", labels: { a: "b" } }, ...ranges("10.0.0.0/24") };
    const next = { metadata: { name: "a", labels: { c: "d" } }, ...ranges("10.0.1.0/24"), status };
    expect(rules.changed(old, next, "status")).toMatchObject({
      metadata: { labels: { a: "b" } },
      spec: { cidrs: ["10.0.0.0/24"] },
      status,
    });
  });
});
