import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { endpointSliceStrategy } from "./endpoint-slice.ts";

type Part = Record<string, unknown>;

const rules = rulesOf(endpointSliceStrategy);
const slice = (more: Part = {}): Part => ({ addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }], ...more });
const withEndpoint = (more: Part, addressType = "IPv4"): Part =>
  slice({ addressType, endpoints: [{ addresses: ["10.0.0.1"], ...more }] });
const withAddress = (address: string, addressType: string): Part => withEndpoint({ addresses: [address] }, addressType);
const withPorts = (...ports: Part[]): Part => slice({ ports });
const AT = "endpoints[0]";
const repeat = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => item(at));

describe("the rules of endpoint slices", () => {
  it.each<[string, Part, unknown[]]>([
    ["no type", slice({ addressType: "" }), ["addressType: Required value"]],
    [
      "another type",
      slice({ addressType: "IP" }),
      ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'],
    ],
    [
      "too many endpoints",
      slice({ endpoints: repeat(1001, () => ({ addresses: ["10.0.0.1"] })) }),
      ["endpoints: Too many: 1001: must have at most 1000 items"],
    ],
    [
      "no address",
      withEndpoint({ addresses: [] }),
      [`${AT}.addresses: Required value: must contain at least 1 address`],
    ],
    [
      "no list of addresses",
      slice({ endpoints: [{}] }),
      [`${AT}.addresses: Required value: must contain at least 1 address`],
    ],
    [
      "too many addresses",
      withEndpoint({ addresses: repeat(101, () => "10.0.0.1") }),
      [`${AT}.addresses: Too many: 101: must have at most 100 items`],
    ],
    [
      "text",
      withAddress("a", "IPv4"),
      [`${AT}.addresses[0]: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`],
    ],
    [
      "an address of the other family",
      withAddress("2001:db8::1", "IPv4"),
      [`${AT}.addresses[0]: Invalid value: "2001:db8::1": must be an IPv4 address`],
    ],
    [
      "an address of the other family, the other way",
      withAddress("10.0.0.1", "IPv6"),
      [`${AT}.addresses[0]: Invalid value: "10.0.0.1": must be an IPv6 address`],
    ],
    [
      "a loopback address",
      withAddress("127.0.0.1", "IPv4"),
      [`${AT}.addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`],
    ],
    [
      "a name of one label",
      withAddress("web", "FQDN"),
      [`${AT}.addresses[0]: Invalid value: "web": should be a domain with at least two segments separated by dots`],
    ],
    [
      "a name with a long label",
      withAddress(`${"a".repeat(64)}.b`, "FQDN"),
      [expect.stringMatching(/^endpoints\[0\].addresses\[0\]: Invalid value: "a{64}": must be no more than 63/)],
    ],
    ["no name", withAddress("", "FQDN"), [`${AT}.addresses[0]: Required value`]],
    [
      "names that are none",
      withEndpoint({ nodeName: "A", hostname: "b.c", deprecatedTopology: { "a b": "c" } }),
      [
        expect.stringMatching(/^endpoints\[0\].nodeName: Invalid value: "A": a lowercase RFC 1123 subdomain/),
        `${AT}.hostname: Invalid value: "b.c": must not contain dots`,
      ],
    ],
    [
      "hints twice",
      withEndpoint({ hints: { forZones: [{ name: "a" }, { name: "a" }], forNodes: [{ name: "A" }] } }),
      [
        `${AT}.hints.forZones[1].name: Duplicate value: "a"`,
        expect.stringMatching(/^endpoints\[0\].hints.forNodes\[0\].name: Invalid value: "A"/),
      ],
    ],
    [
      "too many hints",
      withEndpoint({ hints: { forZones: repeat(9, (at) => ({ name: `z${at}` })) } }),
      [`${AT}.hints.forZones: Too many: 9: must have at most 8 items`],
    ],
    [
      "ports that are none",
      withPorts({ name: "A.b", protocol: "ICMP", appProtocol: "a b" }, { port: 0 }, {}),
      [
        expect.stringMatching(/^ports\[0\].name: Invalid value: "A.b": a lowercase RFC 1123 label/),
        'ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        expect.stringMatching(/^ports\[0\].appProtocol: Invalid value: "a b": name part must consist of/),
        'ports[2].name: Duplicate value: ""',
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("take names, with and without a dot at the end", () => {
    expect(rules.creation(withAddress("web.example.com.", "FQDN"))).toEqual([]);
    expect(rules.creation(withAddress("2001:db8::1", "IPv6"))).toEqual([]);
  });

  it("keep the type, and addresses that are stored", () => {
    expect(rules.change(slice(), slice({ addressType: "IPv6", endpoints: [] }))).toEqual([
      'addressType: Invalid value: "IPv6": field is immutable',
    ]);
    expect(rules.change(withAddress("010.0.0.1", "IPv4"), withAddress("010.0.0.1", "IPv4"))).toEqual([]);
  });

  it("drop the topology of old once endpoints are written", () => {
    const old = withEndpoint({ deprecatedTopology: { a: "b" } });
    expect(rules.created(old)).not.toHaveProperty("endpoints[0].deprecatedTopology");
    expect(rules.changed(old, old)).toHaveProperty("endpoints[0].deprecatedTopology");
    const next = withEndpoint({ nodeName: "n", deprecatedTopology: { a: "b" } });
    expect(rules.changed(old, next)).not.toHaveProperty("endpoints[0].deprecatedTopology");
  });

  it("warn about names, and about addresses of others than the own controllers", () => {
    expect(rules.warnings(withAddress("a.b", "FQDN"))).toEqual(["spec.addressType: FQDN endpoints are deprecated"]);
    expect(rules.warnings(withAddress("a.b", "FQDN"), withAddress("a.b", "FQDN"))).toEqual([]);
    const odd = withAddress("2001:DB8::1", "IPv6");
    expect(rules.warnings(odd)).toEqual([
      `${AT}.addresses[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")`,
    ]);
    const labels = { "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" };
    expect(rules.warnings({ ...odd, metadata: { name: "x", namespace: "default", labels } })).toEqual([]);
  });

  it("count a change of labels as a new generation", () => {
    endpointSliceStrategy.use((typed) => {
      const of = (labels: Record<string, string>): unknown =>
        typed.generationOf?.(
          rules.read({ ...slice(), metadata: { name: "x", namespace: "default", labels } }) as never,
        );
      expect(of({ a: "b" })).not.toEqual(of({ a: "c" }));
    });
  });

  it("show three addresses and ports", () => {
    const cells = (draft: Part): unknown =>
      tableOf(endpointSliceStrategy, [rules.read(draft)], { nowMs: 0 }).rows[0]?.cells.slice(1, 4);
    const addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"];
    expect(cells({ ...withPorts({ port: 80 }, { name: "a" }, {}), endpoints: [{ addresses }] })).toEqual([
      "IPv4",
      "80,a,",
      "10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...",
    ]);
    expect(cells(slice({ endpoints: [], ports: [] }))).toEqual(["IPv4", "<unset>", "<unset>"]);
  });
});
