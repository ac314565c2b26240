import fc from "fast-check";
import type { KubeObject } from "../../../shared/resources/resource.ts";
import type { DiscoveredResource } from "../../discovery/discovery.ts";
import { OwnershipGraph } from "./graph.ts";
import { judge } from "./verdict-plan.ts";

const resource: DiscoveredResource = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  scope: "Namespaced",
  verbs: [],
};
type Owner = { uid: string; blocks?: boolean };
const objectOf = (uid: string, owners: Owner[] = [], parts: object = {}): KubeObject => ({
  metadata: {
    name: uid,
    namespace: "a",
    uid,
    ownerReferences: owners.map((owner) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: owner.uid,
      uid: owner.uid,
      blockOwnerDeletion: owner.blocks,
    })),
    ...parts,
  },
});
const deleting = (...finalizers: string[]) => ({ deletionTimestamp: "2026-01-01T00:00:00Z", finalizers });

describe("the garbage collector", () => {
  let graph: OwnershipGraph;
  const put = (object: KubeObject) => graph.put(resource, object);
  const verdict = (uid: string) => {
    const node = graph.get(uid);
    if (node === undefined) throw new Error(`no node ${uid}`);
    return judge(graph, node);
  };
  beforeEach(() => {
    graph = new OwnershipGraph();
  });

  it("keeps what has no owner, and what has one that is there", () => {
    put(objectOf("owner"));
    put(objectOf("child", [{ uid: "owner" }]));
    expect([verdict("owner"), verdict("child")]).toEqual([{ kind: "keep" }, { kind: "keep" }]);
  });

  it("deletes nothing for an owner that is only unknown: that one is looked up first", () => {
    expect(put(objectOf("child", [{ uid: "unseen" }])).toCheck).toEqual(["unseen"]);
    expect(verdict("child")).toEqual({ kind: "lookUp", uid: "unseen" });
    expect(verdict("unseen")).toEqual({ kind: "lookUp", uid: "unseen" });
    put(objectOf("unseen"));
    expect(verdict("child")).toEqual({ kind: "keep" });
  });

  it("deletes the dependents of an owner whose deletion was seen", () => {
    put(objectOf("owner"));
    put(objectOf("child", [{ uid: "owner" }]));
    expect(graph.remove("owner").toCheck).toEqual(["child"]);
    expect(verdict("child")).toEqual({ kind: "delete", propagation: "Background" });
    expect(put(objectOf("late", [{ uid: "owner" }])).toCheck).toContain("late");
    expect(verdict("late")).toEqual({ kind: "delete", propagation: "Background" });
  });

  it("takes a lost owner out while there is another", () => {
    put(objectOf("a"));
    put(objectOf("b"));
    put(objectOf("child", [{ uid: "a" }, { uid: "b" }]));
    graph.remove("a");
    expect(verdict("child")).toEqual({ kind: "dropOwners", uids: ["a"] });
  });

  it("lets an owner wait for the dependents that block it, and for no others", () => {
    put(objectOf("owner"));
    put(objectOf("blocking", [{ uid: "owner", blocks: true }]));
    put(objectOf("other", [{ uid: "owner" }]));
    const work = put(objectOf("owner", [], deleting("foregroundDeletion")));
    expect(new Set(work.toCheck)).toEqual(new Set(["owner", "blocking", "other"]));
    expect(verdict("owner")).toEqual({ kind: "awaitDependents", uids: ["blocking"] });
    expect(verdict("blocking")).toEqual({ kind: "delete", propagation: "Background" });
    expect(graph.remove("blocking").toCheck).toEqual(["owner"]);
    expect(verdict("owner")).toEqual({ kind: "finishForeground" });
  });

  it("passes a foreground deletion on to dependents that have dependents themselves", () => {
    put(objectOf("owner", [], deleting("foregroundDeletion")));
    put(objectOf("middle", [{ uid: "owner", blocks: true }]));
    put(objectOf("leaf", [{ uid: "middle", blocks: true }]));
    expect(verdict("middle")).toEqual({ kind: "delete", propagation: "Foreground" });
  });

  it("breaks a circle of objects that wait for each other", () => {
    put(objectOf("a", [{ uid: "b", blocks: true }], deleting("foregroundDeletion")));
    put(objectOf("b", [{ uid: "a", blocks: true }]));
    expect(verdict("b")).toEqual({ kind: "breakCircle", dependents: ["a"] });
  });

  it("asks for orphaning when the finalizer is there", () => {
    put(objectOf("child", [{ uid: "owner" }]));
    expect(put(objectOf("owner", [], deleting("orphan"))).toOrphan).toEqual(["owner"]);
  });

  it("leaves nothing behind in the graph, whatever comes and goes", () => {
    const uid = fc.integer({ min: 0, max: 6 }).map(String);
    const step = fc.oneof(
      fc.record({ put: uid, owners: fc.uniqueArray(uid, { maxLength: 3 }) }),
      fc.record({ remove: uid }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        graph = new OwnershipGraph();
        const present = new Map<string, string[]>();
        for (const each of steps) {
          if ("remove" in each) {
            graph.remove(each.remove);
            present.delete(each.remove);
          } else if (!graph.isAbsent(each.put)) {
            put(
              objectOf(
                each.put,
                each.owners.map((owner) => ({ uid: owner })),
              ),
            );
            present.set(each.put, each.owners);
          }
        }
        for (const [child, owners] of present) {
          for (const owner of owners)
            if (!graph.isAbsent(owner))
              expect([...(graph.get(owner)?.dependents ?? [])].map((node) => node.uid)).toContain(child);
        }
        for (const child of present.keys()) graph.remove(child);
        expect(graph.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
