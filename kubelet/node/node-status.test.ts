import { readConfiguration } from "../configuration/read-configuration.ts";
import { cniConfig } from "../network/cni-config.ts";
import { masqueradeChain, masqueradeRules } from "../network/masquerade.ts";
import { parseLabels, parseTaints } from "../options.ts";
import { subresourcesOf } from "../server/request-attributes.ts";
import type { NodeResourcesInput } from "./node-resources.ts";
import { nodeStatus, type NodeStatusInput, runtimeProblems } from "./node-status.ts";

const GI = 1024 ** 3;
const resources: NodeResourcesInput = {
  machine: { cpus: 4, memoryBytes: 8 * GI, hugePages: [] },
  disk: { capacityBytes: 100 * GI },
  configuration: readConfiguration([]),
};
const input: NodeStatusInput = {
  machine: {
    cpus: 4,
    memoryBytes: 8 * GI,
    architecture: "amd64",
    kernelVersion: "6.1",
    osImage: "Debian",
    machineId: "m",
    systemUuid: "s",
    bootId: "b",
    hugePages: [],
    swapBytes: 0,
    hasAppArmor: false,
  },
  resources,
  nodeName: "node-1",
  addresses: ["192.0.2.1"],
  kubeletPort: 10250,
  kubeletVersion: "v1.36.0",
  runtimeVersion: "containerd://1.6.20",
  images: [],
  imagesMax: 50,
  pressures: new Set(),
  problems: [],
  previous: [],
  nowMs: 0,
};

describe("nodeStatus", () => {
  it("keeps back what the node itself needs", () => {
    const { capacity, allocatable } = nodeStatus(input);
    expect(capacity).toMatchObject({ cpu: "4", memory: "8388608Ki", pods: "110" });
    expect(allocatable).toMatchObject({ cpu: "4", memory: "8286208Ki", "ephemeral-storage": "96636764160" });
  });

  it("keeps back reservations, thresholds and huge pages beside them", () => {
    const configuration = readConfiguration([], {
      kubeReserved: { cpu: "250m", memory: "1Gi" },
      systemReserved: { cpu: "250m", "ephemeral-storage": "10Gi" },
      evictionHard: { "memory.available": "1Gi", "nodefs.available": "10%" },
      podsPerCore: 10,
    });
    const hugePages = [
      { sizeBytes: 2 * 1024 ** 2, count: 512 },
      { sizeBytes: GI, count: 0 },
    ];
    const devices = { capacity: { "example.com/gpu": 2 }, allocatable: { "example.com/gpu": 1 } };
    const more = { machine: { ...resources.machine, hugePages }, disk: resources.disk, configuration, devices };
    const { capacity, allocatable } = nodeStatus({ ...input, resources: more });
    expect(capacity).toEqual({
      cpu: "4",
      "ephemeral-storage": "104857600Ki",
      "hugepages-1Gi": "0",
      "hugepages-2Mi": "1Gi",
      memory: "8388608Ki",
      pods: "40",
      "example.com/gpu": "2",
    });
    expect(allocatable).toMatchObject({
      cpu: "3500m",
      "ephemeral-storage": String(80 * GI),
      "hugepages-2Mi": "1Gi",
      memory: `${5 * 1024 * 1024}Ki`,
      pods: "40",
      "example.com/gpu": "1",
    });
  });

  it("keeps extended resources that somebody else added, and lets pods have them", () => {
    const shownCapacity = { cpu: "99", "example.com/fake": "5", "kubernetes.io/x": "1", gone: "1" };
    const { capacity, allocatable } = nodeStatus({ ...input, shownCapacity });
    expect(capacity).toMatchObject({ cpu: "4", "example.com/fake": "5" });
    expect(Object.keys(allocatable ?? {}).filter((name) => name.includes("/"))).toEqual(["example.com/fake"]);
  });

  it("says Ready last, and when that last changed", () => {
    const first = nodeStatus(input);
    expect(first.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      "MemoryPressure=False",
      "DiskPressure=False",
      "PIDPressure=False",
      "Ready=True",
    ]);
    const later = nodeStatus({ ...input, previous: first.conditions ?? [], problems: ["a", "b"], nowMs: 60_000 });
    expect(later.conditions?.[3]).toMatchObject({
      status: "False",
      message: "[a, b]",
      lastTransitionTime: "1970-01-01T00:01:00Z",
    });
    expect(later.conditions?.[0]).toMatchObject({ lastTransitionTime: "1970-01-01T00:00:00Z" });
  });

  it("tells a full disk", () => {
    const status = nodeStatus({ ...input, pressures: new Set(["DiskPressure"]) });
    expect(status.conditions?.[1]).toMatchObject({ status: "True", reason: "KubeletHasDiskPressure" });
  });
});

describe("runtimeProblems", () => {
  it("says what is wrong with the runtime as upstream does", () => {
    const ready = { type: "RuntimeReady", isTrue: true, reason: "", message: "" };
    const message = "Network plugin returns error: cni plugin not initialized";
    const network = { type: "NetworkReady", isTrue: false, reason: "NetworkPluginNotReady", message };
    expect(runtimeProblems([ready, network])).toEqual([
      `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${message}`,
    ]);
    expect(runtimeProblems([ready, { ...network, isTrue: true }])).toEqual([]);
    expect(runtimeProblems(undefined)).toEqual(["container runtime is down"]);
  });
});

describe("the node's network", () => {
  it("joins pods to a bridge in the node's range", () => {
    expect(cniConfig({ bridge: "br0", podCidrs: ["10.1.0.0/24"], dataDir: "/d" })).toMatchObject({
      plugins: [
        {
          type: "bridge",
          bridge: "br0",
          isGateway: true,
          ipMasq: false,
          hairpinMode: true,
          ipam: { ranges: [[{ subnet: "10.1.0.0/24" }]] },
        },
        { type: "portmap" },
      ],
    });
  });

  it("hides only what leaves the cluster", () => {
    const { rules, jump } = masqueradeRules({ bridge: "br0", podCidr: "10.1.0.0/24", clusterCidr: "10.1.0.0/16" });
    expect(rules[0]).toEqual(["-d", "10.1.0.0/16", "-j", "RETURN"]);
    expect(rules.at(-1)?.slice(0, 2)).toEqual(["-j", "MASQUERADE"]);
    expect(jump.slice(0, 2)).toEqual(["-s", "10.1.0.0/24"]);
    expect(masqueradeChain("a-very-long-name").length).toBeLessThanOrEqual(28);
  });
});

describe("flags", () => {
  it("reads labels and taints", () => {
    expect(parseLabels(["a=b", "c="])).toEqual({ a: "b", c: "" });
    expect(parseTaints(["k=v:NoSchedule", "k:NoExecute"])).toEqual([
      { key: "k", value: "v", effect: "NoSchedule" },
      { key: "k", value: "", effect: "NoExecute" },
    ]);
    expect(() => parseTaints(["k"])).toThrow("invalid taint");
  });
});

describe("subresourcesOf", () => {
  it("maps paths to what a caller must be allowed", () => {
    expect(subresourcesOf("/metrics/resource")).toEqual(["metrics"]);
    expect(subresourcesOf("/stats/summary")).toEqual(["stats"]);
    expect(subresourcesOf("/pods")).toEqual(["pods", "proxy"]);
    expect(subresourcesOf("/containerLogs/ns/pod/c")).toEqual(["proxy"]);
    expect(subresourcesOf("/metricsx")).toEqual(["proxy"]);
    expect(subresourcesOf("/healthz/ping")).toEqual(["healthz", "proxy"]);
    expect(subresourcesOf("/exec/ns/pod/c")).toEqual(["proxy"]);
    expect(subresourcesOf("/checkpoint/ns/pod/c")).toEqual(["checkpoint"]);
  });
});
