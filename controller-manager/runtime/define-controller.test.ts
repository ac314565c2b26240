/** What the types of a declaration forbid. `tsc` checks this file: each line marked as an error must be one. */
import { nodes, pods, replicaSets } from "../../shared/resources/catalog.ts";
import { defineController, ownedBy } from "./define-controller.ts";
import type { Plan } from "./plan.ts";

const declared = { name: "example", reconciles: replicaSets, reads: { pods }, writes: { pods } } as const;
const deletePods = { actions: [] } satisfies Plan<never, { pods: typeof pods }>;

describe("a controller's declaration", () => {
  it("gives the rights for what it reads and writes, and no others", () => {
    const { grants } = defineController({ ...declared, triggers: [ownedBy("pods")], reconcile: () => deletePods });
    expect(grants.reads).toEqual(["replicasets.apps", "pods"]);
    expect(grants.writes).toEqual(["pods", "replicasets.apps (status)"]);
    const verbsOf = (resource: string): string[] =>
      grants.rules
        .filter((rule) => rule.resources?.includes(resource))
        .flatMap((rule) => rule.verbs)
        .toSorted();
    expect(new Set(verbsOf("pods"))).toEqual(new Set(["create", "delete", "get", "list", "patch", "update", "watch"]));
    expect(new Set(verbsOf("replicasets/status"))).toEqual(new Set(["get", "update"]));
    expect(verbsOf("nodes")).toEqual([]);
  });

  it("does not compile when a plan writes what was not declared", () => {
    defineController({
      ...declared,
      triggers: [],
      reconcile: (_, world) => ({
        // @ts-expect-error nodes are not among the writes
        actions: world.pods.list().map((target) => ({ verb: "delete", resource: "nodes", target })),
      }),
    });
    defineController({
      ...declared,
      triggers: [],
      // @ts-expect-error a ReplicaSet is not a Pod
      reconcile: (target) => ({ actions: [{ verb: "delete", resource: "pods", target }] }),
    });
    defineController({
      ...declared,
      triggers: [],
      // @ts-expect-error a status of another kind
      reconcile: () => ({ actions: [], status: { phase: "Running", replicas: "many" } }),
    });
  });

  it("does not compile when it looks at or waits for what it does not read", () => {
    defineController({
      ...declared,
      triggers: [],
      reconcile: (_, world) => {
        // @ts-expect-error nodes are not among the reads
        void world.nodes;
        return deletePods;
      },
    });
    defineController({
      ...declared,
      // @ts-expect-error nodes are not among the reads
      triggers: [ownedBy("nodes")],
      reconcile: () => deletePods,
    });
    expect(nodes.plural).toBe("nodes");
  });
});
