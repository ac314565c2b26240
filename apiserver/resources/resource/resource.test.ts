import { rulesOf } from "../../../test/support/kind-rules.ts";
import { tableOf } from "../../tables/table.ts";
import { deviceClassStrategy } from "./device-class.ts";
import { resourceClaimTemplateStrategy } from "./resource-claim-template.ts";
import { resourceClaimStrategy } from "./resource-claim.ts";
import { resourceSliceStrategy } from "./resource-slice.ts";

type Part = Record<string, unknown>;
type Rule = [string, Part, unknown[]];

const repeat = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => item(at));

describe("the rules of device classes", () => {
  const rules = rulesOf(deviceClassStrategy);
  it.each<Rule>([
    ["a selector of no kind", { selectors: [{}] }, ["spec.selectors[0].cel: Required value"]],
    [
      "an expression that says nothing, and one that says too much",
      { selectors: [{ cel: { expression: " " } }, { cel: { expression: "x".repeat(10_241) } }] },
      [
        "spec.selectors[0].cel.expression: Required value",
        "spec.selectors[1].cel.expression: Too long: may not be more than 10240 bytes",
      ],
    ],
    [
      "too many selectors",
      { selectors: repeat(33, () => ({ cel: { expression: "true" } })) },
      ["spec.selectors: Too many: 33: must have at most 32 items"],
    ],
    [
      "a configuration without a driver",
      { config: [{}, { opaque: { driver: "", parameters: [] } }] },
      [
        "spec.config[0].opaque: Required value",
        "spec.config[1].opaque.driver: Required value",
        'spec.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
      ],
    ],
    [
      "a resource that nodes have by themselves",
      { extendedResourceName: "cpu" },
      ['spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'],
    ],
  ])("refuse %s", (_, spec, problems) => {
    expect(rules.creation({ spec })).toEqual(problems);
  });
});

const exactly = { deviceClassName: "gpu.example.com" };
const devices = (...requests: Part[]): Part => ({ requests });
const AT = "spec.devices.requests[0]";
const EXACTLY_ONE = "exactly one of `exactly` or `firstAvailable` is required";

describe("the rules of claims", () => {
  const rules = rulesOf(resourceClaimStrategy);
  const claim = (more: Part, status?: Part): Part => ({
    spec: { devices: more },
    ...(status === undefined ? {} : { status }),
  });

  it.each<Rule>([
    [
      "no devices at all",
      devices({ name: "A" }),
      [
        expect.stringMatching(/^spec.devices.requests\[0\].name: Invalid value: "A"/),
        `${AT}: Required value: ${EXACTLY_ONE}`,
      ],
    ],
    [
      "devices in two ways",
      devices({ name: "a", exactly, firstAvailable: [{ name: "b", ...exactly }] }),
      [`${AT}: Invalid value: null: ${EXACTLY_ONE}, but multiple fields are set`],
    ],
    [
      "the same request twice",
      devices({ name: "a", exactly }, { name: "a", exactly }),
      ['spec.devices.requests[1]: Duplicate value: "a"'],
    ],
    ["no class", devices({ name: "a", exactly: {} }), [`${AT}.exactly.deviceClassName: Required value`]],
    [
      "a number of all devices",
      devices({ name: "a", exactly: { ...exactly, allocationMode: "All", count: 2 } }),
      [`${AT}.exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'`],
    ],
    [
      "fewer than one device",
      devices({ name: "a", exactly: { ...exactly, count: -1 } }),
      [`${AT}.exactly.count: Invalid value: -1: must be greater than zero`],
    ],
    [
      "another mode",
      devices({ name: "a", exactly: { ...exactly, allocationMode: "Some" } }),
      [`${AT}.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`],
    ],
    [
      "tolerations of nothing",
      devices({
        name: "a",
        exactly: { ...exactly, tolerations: [{ operator: "Exists", value: "b", effect: "Never" }] },
      }),
      [
        `${AT}.exactly.tolerations[0].value: Invalid value: "b": must be empty for operator \`Exists\``,
        `${AT}.exactly.tolerations[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"`,
      ],
    ],
    [
      "alternatives by the same name",
      devices({
        name: "a",
        firstAvailable: [
          { name: "b", ...exactly },
          { name: "b", ...exactly },
        ],
      }),
      [`${AT}.firstAvailable[1]: Duplicate value: "b"`],
    ],
    [
      "constraints of nobody",
      { ...devices({ name: "a", exactly }), constraints: [{ requests: ["b"], matchAttribute: "model" }, {}] },
      [
        `spec.devices.constraints[0].requests[0]: Invalid value: "b": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'`,
        'spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
        expect.stringMatching(/^spec.devices.constraints\[1\]: Required value: exactly one of "matchAttribute" or/),
      ],
    ],
  ])("refuse %s", (_, more, problems) => {
    expect(rules.creation(claim(more))).toEqual(problems);
    const template = (spec: Part): Part => ({ spec: { spec: { devices: spec } } });
    // A template asks for the same, one level deeper.
    expect(rulesOf(resourceClaimTemplateStrategy).creation(template(more))).toHaveLength(problems.length);
  });

  it("ask for one device unless told otherwise, and never change", () => {
    const one = claim(devices({ name: "a", exactly }));
    expect(rules.read(one)).toMatchObject({
      spec: { devices: { requests: [{ exactly: { allocationMode: "ExactCount", count: 1 } }] } },
    });
    expect(rules.change(one, claim(devices({ name: "b", exactly })))).toEqual([
      expect.stringMatching(/^spec: Invalid value: .*: field is immutable$/),
    ]);
  });

  const result = { request: "a", driver: "gpu.example.com", pool: "node-1", device: "gpu-0" };
  const allocation = { devices: { results: [result] } };
  const own = devices({ name: "a", exactly });
  const consumer = { resource: "pods", name: "p", uid: "1" };
  const device = (more: Part): Part => ({ driver: result.driver, pool: result.pool, device: result.device, ...more });
  it.each<[string, Part, Part, unknown[]]>([
    [
      "a reservation of what is not allocated",
      {},
      { reservedFor: [consumer] },
      ["status.reservedFor: Forbidden: may not be specified when `allocated` is not set"],
    ],
    [
      "a reservation for nobody, and one twice",
      { allocation },
      { allocation, reservedFor: [{}, consumer, consumer] },
      [
        "status.reservedFor[0].resource: Required value",
        "status.reservedFor[0].name: Required value",
        "status.reservedFor[0].uid: Required value",
        'status.reservedFor[2]: Duplicate value: "1"',
      ],
    ],
    [
      "an allocation for nobody",
      {},
      { allocation: { devices: { results: [{ ...result, request: "b", pool: "", device: "A" }] } } },
      [
        expect.stringMatching(
          /^status.allocation.devices.results\[0\].request: Invalid value: "b": must be the name of a/,
        ),
        "status.allocation.devices.results[0].pool: Required value",
        expect.stringMatching(/^status.allocation.devices.results\[0\].device: Invalid value: "A"/),
      ],
    ],
    [
      "another allocation",
      { allocation },
      { allocation: { devices: { results: [{ ...result, device: "gpu-1" }] } } },
      [expect.stringMatching(/^status.allocation: Invalid value: .*: field is immutable$/)],
    ],
    [
      "the status of another device",
      { allocation },
      { allocation, devices: [device({ device: "gpu-9" })] },
      ['status.devices[0]: Invalid value: "gpu.example.com/node-1/gpu-9": must be an allocated device in the claim'],
    ],
    [
      "addresses in other forms",
      { allocation },
      {
        allocation,
        devices: [device({ networkData: { ips: ["10.0.0.1/24", "10.0.0.1", "2001:DB8::1/64", "010.0.0.1/24"] } })],
      },
      [
        'status.devices[0].networkData.ips[1]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
        'status.devices[0].networkData.ips[2]: Invalid value: "2001:DB8::1/64": must be in canonical form ("2001:db8::1/64")',
        'status.devices[0].networkData.ips[3]: Invalid value: "010.0.0.1/24": must be in canonical form ("10.0.0.1/24")',
      ],
    ],
  ])("refuse %s", (_, before, after, problems) => {
    expect(rules.change(claim(own, before), claim(own, after), "status")).toEqual(problems);
  });

  it("forget the status of devices that are given back", () => {
    const full = claim(own, { allocation, devices: [device({})] });
    const freed = rules.changed(full, claim(own, { devices: [device({})] }), "status") as { status?: object };
    expect(freed.status).toEqual({});
  });

  it.each<[string, Part]>([
    ["pending", claim(own)],
    ["allocated", claim(own, { allocation })],
    ["allocated,reserved", claim(own, { allocation, reservedFor: [consumer] })],
  ])("show %s", (text, draft) => {
    const [row] = tableOf(resourceClaimStrategy, [rules.read(draft)], { nowMs: 0 }).rows;
    expect(row?.cells[1]).toBe(text);
  });
});

describe("the rules of slices", () => {
  const rules = rulesOf(resourceSliceStrategy);
  const pool = { name: "node-1", generation: 1, resourceSliceCount: 1 };
  const slice = (more: Part = {}): Part => ({ spec: { driver: "gpu.example.com", nodeName: "node-1", pool, ...more } });
  const withDevice = (more: Part): Part => slice({ devices: [{ name: "gpu-0", ...more }] });
  const DEVICE = "spec.devices[0]";
  const WHERE = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  const policy = (requestPolicy: Part): Part =>
    withDevice({ allowMultipleAllocations: true, capacity: { memory: { value: "10", requestPolicy } } });
  const POLICY = `${DEVICE}.capacity[memory].requestPolicy`;

  it.each<Rule>([
    ["no place", slice({ nodeName: undefined }), [`spec: Required value: ${WHERE}`]],
    [
      "two places",
      slice({ allNodes: true }),
      [`spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${WHERE}, but multiple fields are set`],
    ],
    [
      "a pool of nothing",
      slice({ pool: { name: "", generation: -1, resourceSliceCount: 0 } }),
      [
        "spec.pool.name: Required value",
        "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
        "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero",
      ],
    ],
    [
      "too many devices",
      slice({ devices: repeat(129, (at) => ({ name: `gpu-${at}` })) }),
      ["spec.devices: Too many: 129: must have at most 128 items"],
    ],
    [
      "too many tainted devices",
      slice({ devices: repeat(65, (at) => ({ name: `gpu-${at}`, taints: [{ key: "a", effect: "None" }] })) }),
      ["spec.devices: Too many: 65: must have at most 64 items"],
    ],
    [
      "attributes that are none, or of two types",
      withDevice({ attributes: { "a-b": { string: "c" }, d: {}, e: { bool: true, int: 1 }, f: { version: "1" } } }),
      [
        expect.stringMatching(
          /^spec.devices\[0\].attributes\[a-b\]: Invalid value: "a-b": a valid C identifier must start/,
        ),
        `${DEVICE}.attributes[d]: Invalid value: "": exactly one value must be specified`,
        `${DEVICE}.attributes[e]: Invalid value: {"bool":true,"int":1}: exactly one value must be specified`,
        `${DEVICE}.attributes[f].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0`,
      ],
    ],
    [
      "a place of its own",
      withDevice({ nodeName: "n" }),
      [
        expect.stringMatching(
          /^spec.devices\[0\]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only/,
        ),
      ],
    ],
    [
      "a taint without an effect",
      withDevice({ taints: [{ key: "a b", effect: "" }] }),
      [
        expect.stringMatching(/^spec.devices\[0\].taints\[0\].key: Invalid value: "a b": name part must consist of/),
        `${DEVICE}.taints[0].effect: Required value`,
      ],
    ],
    [
      "shares of what is not shared",
      withDevice({ capacity: { memory: { value: "10", requestPolicy: { default: "1" } } } }),
      [`${POLICY}: Forbidden: allowMultipleAllocations must be true`],
    ],
    [
      "values that are not in order, too large, or without the default",
      policy({ default: "5", validValues: ["4", "2", "11"] }),
      [
        `${POLICY}.validValues[1]: Invalid value: "2": values must be sorted in ascending order`,
        `${POLICY}.validValues[2]: Invalid value: "11": option is larger than capacity value: 10`,
        `${POLICY}.validValues: Invalid value: "5": default value is not valid according to the requestPolicy`,
      ],
    ],
    [
      "a range that the default is not in",
      policy({ default: "1", validRange: { min: "2", max: "11", step: "3" } }),
      [
        `${POLICY}.validRange.min: Invalid value: "1": default is less than min: 2`,
        `${POLICY}.validRange.max: Invalid value: "11": max is larger than capacity value: 10`,
        `${POLICY}.validRange.step: Invalid value: "1": value is not a multiple of a given step (3) from (2)`,
      ],
    ],
    [
      "conditions that stand alone",
      withDevice({ bindingConditions: ["a"] }),
      [
        expect.stringMatching(
          /^spec.devices\[0\].bindingFailureConditions: Invalid value: .*: bindingFailureConditions are required to use/,
        ),
      ],
    ],
  ])("refuse %s", (_, draft, problems) => {
    expect(rules.creation(draft)).toEqual(problems);
  });

  it("keep driver, pool and node; let devices come and go", () => {
    const next = slice({ driver: "b.example.com", nodeName: "n", pool: { ...pool, name: "p" } });
    expect(rules.change(slice(), next)).toEqual([
      'spec.pool.name: Invalid value: "p": field is immutable',
      'spec.driver: Invalid value: "b.example.com": field is immutable',
      'spec.nodeName: Invalid value: "n": field is immutable',
    ]);
    expect(rules.change(slice(), withDevice({}))).toEqual([]);
  });

  it("write since when a device is tainted", () => {
    expect(rules.created(withDevice({ taints: [{ key: "a", effect: "NoSchedule" }] }))).toMatchObject({
      spec: { devices: [{ taints: [{ timeAdded: "2026-01-01T00:00:00Z" }] }] },
    });
  });
});
