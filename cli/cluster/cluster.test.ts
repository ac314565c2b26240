import { rangesOverlap } from "../machine/machine-checks.ts";
import { processSpecs } from "../supervisor/component-specs.ts";
import { type Cluster, CLUSTERS_MAX, type ClusterRecord, clusterOf, defaultApiPort, isClusterName } from "./cluster.ts";

const record = (index: number, store: ClusterRecord["store"] = { kind: "sqlite" }): ClusterRecord => ({
  name: `c${index}`,
  index,
  dataDir: `/var/lib/kubernode/c${index}`,
  apiPort: defaultApiPort(index),
  nodeName: "host",
  store,
});
const all: Cluster[] = Array.from({ length: CLUSTERS_MAX }, (_, index) => clusterOf(record(index)));

describe("what a cluster has on the machine", () => {
  it("is upstream's defaults for the first one", () => {
    const [first] = all;
    expect(first?.ports).toMatchObject({ api: 6443, kubelet: 10250, controllerManager: 10257, scheduler: 10259 });
    expect(first).toMatchObject({
      podCidr: "10.244.0.0/16",
      serviceCidr: "10.96.0.0/16",
      apiServiceIp: "10.96.0.1",
      dnsIp: "10.96.0.10",
      nodePortRange: "30000-32767",
      chainPrefix: "KUBE",
    });
  });

  it("is disjoint for all that fit on one machine", () => {
    const ports = all.flatMap((cluster) => Object.values<number>({ ...cluster.ports }));
    expect(new Set(ports).size).toBe(ports.length);
    const ranges = all.flatMap((cluster) => [cluster.podCidr, cluster.serviceCidr, cluster.loadBalancerCidr]);
    for (const [index, range] of ranges.entries()) {
      expect(ranges.slice(index + 1).filter((other) => rangesOverlap(range, other))).toEqual([]);
    }
    const nodePorts = all.map((cluster) => cluster.nodePortRange.split("-").map(Number));
    for (const [index, [low = 0, high = 0]] of nodePorts.entries()) {
      expect(nodePorts.slice(index + 1).filter(([from = 0, to = 0]) => from <= high && low <= to)).toEqual([]);
      expect(ports.filter((port) => port >= low && port <= high)).toEqual([]);
    }
    const marks = all.flatMap((cluster) => [cluster.podBridge, cluster.voidBridge, cluster.chainPrefix]);
    expect(new Set(marks).size).toBe(marks.length);
  });

  it("fits the kernel's limits on names", () => {
    const IFNAMSIZ = 15;
    const CHAIN_NAME_MAX = 28;
    for (const cluster of all) {
      expect(cluster.voidBridge.length).toBeLessThanOrEqual(IFNAMSIZ);
      expect(`kn${cluster.index}-tryl`.length).toBeLessThanOrEqual(IFNAMSIZ);
      expect(`${cluster.chainPrefix}-SVC-`.length + 16).toBeLessThanOrEqual(CHAIN_NAME_MAX);
      expect(cluster.forwardChain.length).toBeLessThanOrEqual(CHAIN_NAME_MAX);
    }
  });

  it("has a name that fits paths, contexts and cgroups", () => {
    expect(["kubernode", "a", "test-1", "a".repeat(40)].every(isClusterName)).toBe(true);
    expect(["", "-a", "a-", "A", "a/b", "..", "a b", "a".repeat(41)].some(isClusterName)).toBe(false);
  });
});

describe("the processes of a cluster", () => {
  const context = { sourceRoot: "/src", nodeIp: "192.0.2.1", sandboxImage: "pause" };
  const names = (store: ClusterRecord["store"]): string[] =>
    processSpecs(clusterOf(record(0, store)), context).map((spec) => spec.name);

  it("have an etcd among them only when the cluster has its own", () => {
    expect(names({ kind: "sqlite" })).not.toContain("etcd");
    expect(names({ kind: "etcd", servers: [] })).toContain("etcd");
    expect(names({ kind: "etcd", servers: ["http://10.0.0.1:2379"] })).not.toContain("etcd");
  });

  it("are told the store by upstream's flags", () => {
    const api = (store: ClusterRecord["store"]): string =>
      processSpecs(clusterOf(record(0, store)), context)
        .find(({ name }) => name === "kube-apiserver")
        ?.args.join(" ") ?? "";
    expect(api({ kind: "sqlite" })).toContain("--storage-backend=sqlite --sqlite-file=");
    expect(api({ kind: "etcd", servers: ["http://a:1", "http://b:2"] })).toContain(
      "--etcd-servers=http://a:1,http://b:2",
    );
  });
});
