import type { Node, Pod, PodSpec, Taint } from "../../shared/api/generated/core/v1.ts";
import { unschedulableMessage } from "../framework/diagnosis.ts";
import { NodeFinder } from "../framework/find-node.ts";
import { hostPortsOf } from "../../shared/machinery/host-ports.ts";
import { NodeColumns } from "../framework/node-columns.ts";
import { podRequests } from "../../shared/machinery/pod-requests.ts";
import { defaultProfile } from "../profile.ts";

interface NodeShape {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Record<string, string>;
  readonly taints?: Taint[];
  readonly unschedulable?: boolean;
  readonly extended?: Record<string, string>;
}

function node(name: string, shape: NodeShape = {}): Node {
  const { cpu = "4", memory = "8Gi", pods = "110", extended = {} } = shape;
  return {
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...shape.labels } },
    spec: { taints: shape.taints, unschedulable: shape.unschedulable },
    status: { allocatable: { cpu, memory, pods, ...extended } },
  };
}

function pod(spec: Partial<PodSpec> = {}, requests: Record<string, string> = {}): Pod {
  return {
    metadata: { name: "p", namespace: "default", uid: "p" },
    spec: { containers: [{ name: "c", resources: { requests } }], ...spec },
  };
}

const columnsOf = (...nodes: readonly Node[]): NodeColumns => {
  const columns = new NodeColumns();
  for (const each of nodes) columns.put(each);
  return columns;
};

const charge = (columns: NodeColumns, name: string, placed: Pod): void => {
  columns.charge(columns.indexOf(name) ?? -1, { requests: podRequests(placed), hostPorts: hostPortsOf(placed) }, 1);
};

/** Name of the node that was found, or the message why none was. */
function place(columns: NodeColumns, wanted: Pod): string {
  const outcome = new NodeFinder().find(wanted, columns, defaultProfile, () => 0.999);
  if (outcome.kind === "found") return columns.names[outcome.index] ?? "";
  return unschedulableMessage(wanted, outcome.diagnosis);
}

const unhelpful = (filters: string, nodes: number): string =>
  `0/${nodes} nodes are available: ${filters}. no new claims to deallocate, preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;

describe("filters and their wording", () => {
  it("says so when there is no node at all", () => {
    expect(place(new NodeColumns(), pod())).toBe("no nodes available to schedule pods");
  });

  it("refuses a node without enough cpu and says that removing pods could help", () => {
    const columns = columnsOf(node("a", { cpu: "1" }));
    charge(columns, "a", pod({}, { cpu: "600m" }));
    expect(place(columns, pod({}, { cpu: "400m" }))).toBe("a");
    expect(place(columns, pod({}, { cpu: "500m" }))).toBe(
      "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
    );
  });

  it("knows that a pod larger than the node never fits", () => {
    expect(place(columnsOf(node("a", { cpu: "1" })), pod({}, { cpu: "2", memory: "100Gi" }))).toBe(
      unhelpful("1 Insufficient cpu, 1 Insufficient memory", 1),
    );
  });

  it("does not preempt for a pod that must not", () => {
    const columns = columnsOf(node("a", { pods: "0" }));
    expect(place(columns, pod({ preemptionPolicy: "Never" }))).toBe(
      "0/1 nodes are available: 1 Too many pods. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.",
    );
  });

  it("counts extended resources, and refuses those that no node has", () => {
    const columns = columnsOf(node("a"), node("b", { extended: { "example.com/gpu": "1" } }));
    expect(place(columns, pod({}, { "example.com/gpu": "1" }))).toBe("b");
    charge(columns, "b", pod({}, { "example.com/gpu": "1" }));
    expect(place(columns, pod({}, { "example.com/gpu": "1" }))).toContain("2 Insufficient example.com/gpu");
    expect(place(columns, pod({}, { "example.com/tpu": "1" }))).toContain("2 Insufficient example.com/tpu");
  });

  it("keeps pods away from taints they do not tolerate", () => {
    const taints = [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }];
    const columns = columnsOf(node("a", { taints }));
    expect(place(columns, pod())).toBe(unhelpful("1 node(s) had untolerated taint(s)", 1));
    expect(place(columns, pod({ tolerations: [{ operator: "Exists" }] }))).toBe("a");
    expect(place(columns, pod({ tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists" }] }))).toBe(
      "a",
    );
    expect(place(columns, pod({ tolerations: [{ key: "other", operator: "Exists" }] }))).not.toBe("a");
  });

  it("keeps pods away from cordoned nodes", () => {
    const columns = columnsOf(node("a", { unschedulable: true }));
    expect(place(columns, pod())).toBe(unhelpful("1 node(s) were unschedulable", 1));
    const tolerations = [{ key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" }];
    expect(place(columns, pod({ tolerations }))).toBe("a");
  });

  it("follows nodeSelector", () => {
    const columns = columnsOf(node("a"), node("b", { labels: { disk: "ssd" } }));
    expect(place(columns, pod({ nodeSelector: { disk: "ssd" } }))).toBe("b");
    expect(place(columns, pod({ nodeSelector: { disk: "tape" } }))).toBe(
      unhelpful("2 node(s) didn't match Pod's node affinity/selector", 2),
    );
  });

  it.each([
    ["In", ["x", "y"], "b"],
    ["NotIn", ["y"], "a"],
    ["Exists", undefined, "b"],
    ["DoesNotExist", undefined, "a"],
    ["Gt", ["4"], "c"],
  ])("follows required node affinity with %s", (operator, values, expected) => {
    const shapes = operator === "Gt" ? { b: "4", c: "5" } : { b: "y" };
    const columns = columnsOf(
      node("a"),
      ...Object.entries(shapes).map(([name, zone]) => node(name, { labels: { zone } })),
    );
    const nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator, values }] }],
      },
    };
    expect(place(columns, pod({ affinity: { nodeAffinity } }))).toBe(expected);
  });

  it("matches nothing with an empty term", () => {
    const required = { nodeSelectorTerms: [{}] };
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
    expect(place(columnsOf(node("a")), pod({ affinity }))).toContain(
      "1 node(s) didn't match Pod's node affinity/selector",
    );
  });

  it("says of nodes beside the named one that the plugin was not satisfied", () => {
    const matchFields = [{ key: "metadata.name", operator: "In", values: ["a"] }];
    const required = { nodeSelectorTerms: [{ matchFields }] };
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
    const columns = columnsOf(node("a", { cpu: "1" }), node("b"));
    expect(place(columns, pod({ affinity }))).toBe("a");
    expect(place(columns, pod({ affinity }, { cpu: "2" }))).toBe(
      unhelpful("1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]", 2),
    );
  });

  it("gives a host port out once per node and address", () => {
    const withPort = (hostPort: number, hostIP?: string): Pod =>
      pod({ containers: [{ name: "c", ports: [{ containerPort: 80, hostPort, hostIP }] }] });
    const columns = columnsOf(node("a"));
    charge(columns, "a", withPort(80, "127.0.0.1"));
    expect(place(columns, withPort(81))).toBe("a");
    expect(place(columns, withPort(80, "127.0.0.2"))).toBe("a");
    expect(place(columns, withPort(80))).toContain("1 node(s) didn't have free ports for the requested pod ports");
  });

  it("sorts reasons as text", () => {
    const columns = columnsOf(node("a", { cpu: "1" }), node("b", { unschedulable: true }), node("c", { cpu: "1" }));
    expect(place(columns, pod({}, { cpu: "2" }))).toContain(
      "3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.",
    );
  });
});

describe("scores", () => {
  it("prefers the emptier node", () => {
    const columns = columnsOf(node("a"), node("b"));
    charge(columns, "a", pod({}, { cpu: "1", memory: "1Gi" }));
    expect(place(columns, pod({}, { cpu: "1", memory: "1Gi" }))).toBe("b");
  });

  it("spreads pods that ask for nothing", () => {
    const columns = columnsOf(node("a"), node("b"));
    charge(columns, "a", pod());
    expect(place(columns, pod())).toBe("b");
  });

  it("prefers preferred nodes over emptier ones", () => {
    const columns = columnsOf(node("a", { labels: { disk: "ssd" } }), node("b"));
    charge(columns, "a", pod({}, { cpu: "1" }));
    const preference = { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] };
    const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, preference }] };
    expect(place(columns, pod({ affinity: { nodeAffinity } }, { cpu: "1" }))).toBe("a");
  });

  it("avoids nodes that would rather not", () => {
    const taints = [{ key: "slow", effect: "PreferNoSchedule" }];
    const columns = columnsOf(node("a", { taints }), node("b"));
    charge(columns, "b", pod({}, { cpu: "1" }));
    expect(place(columns, pod({}, { cpu: "1" }))).toBe("b");
  });
});

describe("podRequests", () => {
  const container = (cpu: string, restartPolicy?: string) => ({
    name: "c",
    restartPolicy,
    resources: { requests: { cpu } },
  });

  it("takes the larger of init and main containers, beside sidecars", () => {
    const spec = {
      initContainers: [container("100m", "Always"), container("1"), container("50m", "Always")],
      containers: [container("200m"), container("300m")],
      overhead: { cpu: "10m" },
    };
    expect(podRequests(pod(spec)).resources.get("cpu")).toBe(1110);
    expect(podRequests(pod({ ...spec, initContainers: [container("100m", "Always")] })).resources.get("cpu")).toBe(610);
  });

  it("lets requests of the pod as a whole win", () => {
    const spec = { containers: [container("200m")], resources: { requests: { cpu: "2" } } };
    expect(podRequests(pod(spec)).resources.get("cpu")).toBe(2000);
  });
});

describe("NodeColumns", () => {
  it("gives the number of a removed node to the next, clean", () => {
    const columns = columnsOf(node("a", { labels: { x: "y" }, unschedulable: true }), node("b"));
    charge(columns, "a", pod({}, { cpu: "1" }));
    columns.remove("a");
    columns.put(node("c", { cpu: "2" }));
    expect(columns.count).toBe(2);
    expect(columns.indexOf("c")).toBe(0);
    expect(columns.free[0]?.[0]).toBe(2000);
    expect(columns.unschedulable.has(0)).toBe(false);
    expect(columns.labels.withValue("x", "y").isEmpty).toBe(true);
  });

  it("grows beyond its first capacity without losing anything", () => {
    const columns = columnsOf(
      ...Array.from({ length: 300 }, (_, index) => node(`n${index}`, { cpu: String(index + 1) })),
    );
    expect(columns.count).toBe(300);
    expect(columns.free[0]?.[columns.indexOf("n299") ?? -1]).toBe(300_000);
    expect(place(columns, pod({}, { cpu: "300" }))).toBe("n299");
  });

  it("keeps what pods take when the node's own figures change", () => {
    const columns = columnsOf(node("a", { cpu: "4" }));
    charge(columns, "a", pod({}, { cpu: "1" }));
    columns.put(node("a", { cpu: "2" }));
    expect(columns.free[0]?.[0]).toBe(1000);
  });
});
