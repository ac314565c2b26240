import fc from "fast-check";
import type { Node, Pod } from "../../shared/api/generated/core/v1.ts";
import { CPU } from "../framework/node-columns.ts";
import { ClusterSnapshot } from "./cluster-snapshot.ts";

const STATUS = { allocatable: { cpu: "4", memory: "8Gi", pods: "110" } };
const node = (name: string, { spec = {}, status = STATUS }: Partial<Pick<Node, "spec" | "status">> = {}): Node => ({
  metadata: { name },
  spec,
  status,
});
const pod = (name: string, nodeName?: string, cpu = "1"): Pod => ({
  metadata: { name, namespace: "default", uid: name },
  spec: { nodeName, containers: [{ name: "c", resources: { requests: { cpu } } }] },
});
const freeCpu = (snapshot: ClusterSnapshot, name: string): number | undefined =>
  snapshot.columns.free[CPU]?.[snapshot.columns.indexOf(name) ?? -1];

describe("ClusterSnapshot", () => {
  it("counts an assumed pod once, confirmed or not", () => {
    const snapshot = new ClusterSnapshot();
    snapshot.putNode(node("a"));
    snapshot.assume(pod("p"), "a");
    expect(freeCpu(snapshot, "a")).toBe(3000);
    snapshot.putPod(pod("p", "a"));
    expect(freeCpu(snapshot, "a")).toBe(3000);
    expect(snapshot.assumedCount).toBe(0);
    snapshot.forget(pod("p"));
    expect(freeCpu(snapshot, "a")).toBe(3000);
    snapshot.removePod(pod("p"));
    expect(freeCpu(snapshot, "a")).toBe(4000);
  });

  it("moves a pod that another scheduler put elsewhere", () => {
    const snapshot = new ClusterSnapshot();
    snapshot.putNode(node("a"));
    snapshot.putNode(node("b"));
    snapshot.assume(pod("p"), "a");
    snapshot.putPod(pod("p", "b"));
    expect([freeCpu(snapshot, "a"), freeCpu(snapshot, "b")]).toEqual([4000, 3000]);
  });

  it("counts pods of a node that appears later, or comes back", () => {
    const snapshot = new ClusterSnapshot();
    snapshot.putPod(pod("p", "a"));
    snapshot.putNode(node("a"));
    expect(freeCpu(snapshot, "a")).toBe(3000);
    snapshot.removeNode("a");
    snapshot.putPod(pod("q", "a"));
    snapshot.putNode(node("a"));
    expect(freeCpu(snapshot, "a")).toBe(2000);
  });

  it("tells what a change of a node may mean for waiting pods", () => {
    const snapshot = new ClusterSnapshot();
    expect(snapshot.putNode(node("a"))).toEqual(["NodeAdded"]);
    expect(snapshot.putNode(node("a"))).toEqual([]);
    expect(snapshot.putNode(node("a", { spec: { unschedulable: true } }))).toEqual(["NodeTaintsChanged"]);
    expect(snapshot.putNode(node("a", { status: { allocatable: { cpu: "8" } } }))).toEqual([
      "NodeAllocatableChanged",
      "NodeTaintsChanged",
    ]);
  });

  it("is free of what nobody takes, whatever happened in whatever order", () => {
    const step = fc.record({
      what: fc.constantFrom("putNode", "removeNode", "assume", "forget", "putPod", "removePod"),
      node: fc.constantFrom("a", "b"),
      pod: fc.constantFrom("p", "q", "r"),
      cpu: fc.constantFrom("100m", "1", "2"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const snapshot = new ClusterSnapshot();
        for (const { what, node: nodeName, pod: podName, cpu } of steps) {
          if (what === "putNode") snapshot.putNode(node(nodeName));
          else if (what === "removeNode") snapshot.removeNode(nodeName);
          else if (what === "assume") snapshot.assume(pod(podName, undefined, cpu), nodeName);
          else if (what === "forget") snapshot.forget(pod(podName));
          else if (what === "putPod") snapshot.putPod(pod(podName, nodeName, cpu));
          else snapshot.removePod(pod(podName));
        }
        for (const name of ["p", "q", "r"]) snapshot.removePod(pod(name));
        for (const name of ["a", "b"]) {
          snapshot.putNode(node(name));
          expect(freeCpu(snapshot, name)).toBe(4000);
        }
        expect(snapshot.podCount).toBe(0);
      }),
    );
  });
});
