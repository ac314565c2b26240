import fc from "fast-check";
import type { ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { PlanWorld } from "../../../test/support/plan-world.ts";
import { BURST_REPLICAS, planReplicaSet } from "./plan.ts";

const labels = { app: "web" };
const owner = (uid = "rs") => [
  { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid, controller: true, blockOwnerDeletion: true },
];

class Scene {
  readonly world = new PlanWorld();
  constructor(spec: Partial<ReplicaSet["spec"]> = {}, metadata: object = {}) {
    this.world.create("replicaSets", {
      metadata: { name: "web", uid: "rs", ...metadata },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels, annotations: { a: "b" } }, spec: { containers: [] } },
        ...spec,
      },
    });
  }
  get replicaSet(): ReplicaSet {
    const found = this.world.store<ReplicaSet>("replicaSets").get("default", "web");
    if (found === undefined) throw new Error("gone");
    return found;
  }
  get pods(): readonly Pod[] {
    return this.world.store<Pod>("pods").list();
  }
  addPod(parts: { metadata?: object; spec?: object; status?: object } = {}): Pod {
    return this.world.create("pods", {
      metadata: { generateName: "p-", labels, ownerReferences: owner(), ...parts.metadata },
      spec: { containers: [], ...parts.spec },
      ...(parts.status === undefined ? {} : { status: parts.status }),
    });
  }
  plan() {
    return planReplicaSet(
      this.replicaSet,
      { pods: this.world.store<Pod>("pods"), self: this.world.store<ReplicaSet>("replicaSets") },
      this.world.nowMs,
    );
  }
  reconcile(): boolean {
    const plan = this.plan();
    this.world.apply(plan.actions);
    const isNews = !deepEqual(this.replicaSet.status, plan.status);
    if (isNews) this.world.update("replicaSets", { ...this.replicaSet, status: plan.status });
    return isNews || plan.actions.length > 0;
  }
}

const ready = (since: string, phase = "Running") => ({
  phase,
  conditions: [{ type: "Ready", status: "True", lastTransitionTime: since }],
});
const gone = { deletionTimestamp: "2026-01-01T00:00:00Z" };

describe("a ReplicaSet's plan", () => {
  it("converges from any set of pods, and then has nothing to do", () => {
    const pod = fc.record({
      metadata: fc.oneof(
        fc.constant({}),
        fc.constant({ ownerReferences: [] }),
        fc.constant({ ownerReferences: owner("other") }),
        fc.constant({ labels: { app: "db" } }),
        fc.constant(gone),
      ),
      status: fc.oneof(
        fc.constant({ phase: "Pending" }),
        fc.constant({ phase: "Failed" }),
        fc.constant(ready("2026-01-01T00:00:00Z")),
      ),
    });
    fc.assert(
      fc.property(fc.nat(10), fc.array(pod, { maxLength: 15 }), (replicas, pods) => {
        const scene = new Scene({ replicas });
        for (const each of pods) scene.addPod(each);
        const others = scene.pods.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === "other");
        let rounds = 0;
        while (scene.reconcile()) expect(++rounds).toBeLessThan(10);
        expect(scene.plan().actions).toEqual([]);
        expect(scene.replicaSet.status?.replicas).toBe(replicas);
        for (const other of others) expect(scene.pods).toContainEqual(other);
      }),
      { numRuns: 300 },
    );
  });

  it("creates pods of the template, owned and named after itself", () => {
    const [action] = new Scene().plan().actions;
    expect(action).toMatchObject({
      verb: "create",
      resource: "pods",
      object: {
        metadata: {
          generateName: "web-",
          namespace: "default",
          labels,
          annotations: { a: "b" },
          ownerReferences: owner(),
        },
      },
      onSuccess: { type: "Normal", reason: "SuccessfulCreate", message: "Created pod: $name" },
      onFailure: { type: "Warning", reason: "FailedCreate", message: "Error creating: $error" },
    });
  });

  it("creates and deletes at most 500 at a time", () => {
    const scene = new Scene({ replicas: 1300 });
    expect(scene.plan().actions).toHaveLength(BURST_REPLICAS);
  });

  it("adopts orphans that match after a live look, and releases what matches no more", () => {
    const scene = new Scene();
    scene.addPod({ metadata: { name: "orphan", ownerReferences: [] } });
    scene.addPod({ metadata: { name: "stray", labels: { app: "db" } } });
    const [adoption, release, ...others] = scene.plan().actions;
    expect(others).toEqual([]);
    expect(adoption).toMatchObject({
      verb: "patch",
      target: { metadata: { name: "orphan" } },
      needsLiveOwner: true,
      patch: { metadata: { ownerReferences: owner() } },
    });
    expect(release).toMatchObject({
      verb: "patch",
      target: { metadata: { name: "stray" } },
      patch: { metadata: { ownerReferences: [{ $patch: "delete", uid: "rs" }] } },
    });
  });

  it("touches nothing while it is being deleted itself", () => {
    const scene = new Scene({ replicas: 5 }, { ...gone, finalizers: ["foregroundDeletion"] });
    scene.addPod({ metadata: { ownerReferences: [] } });
    expect(scene.plan().actions).toEqual([]);
  });

  it("deletes first what is worth least: unscheduled, pending, not ready, cheap, crowded, young, restarted", () => {
    const scene = new Scene({ replicas: 0 });
    const on = (nodeName: string) => ({ containers: [], nodeName });
    const old = "2025-12-01T00:00:00Z";
    const add = (name: string, spec: object, status: object, metadata: object = {}): void =>
      void scene.addPod({ metadata: { name, creationTimestamp: old, ...metadata }, spec, status });
    add("best", on("n1"), ready(old));
    add("costly", on("n2"), ready(old), { annotations: { "controller.kubernetes.io/pod-deletion-cost": "10" } });
    add("cheap", on("n2"), ready(old), { annotations: { "controller.kubernetes.io/pod-deletion-cost": "-5" } });
    add("restarted", on("n1"), { ...ready(old), containerStatuses: [{ restartCount: 7 }] });
    add("fresh", on("n1"), ready("2025-12-31T23:59:00Z"));
    add("not-ready", on("n3"), { phase: "Running" });
    add("pending", on("n3"), { phase: "Pending" });
    add("unscheduled", { containers: [] }, { phase: "Pending" });
    const order = scene.plan().actions.map((action) => ("target" in action ? action.target.metadata.name : ""));
    expect(order).toEqual(["unscheduled", "pending", "not-ready", "cheap", "fresh", "restarted", "best", "costly"]);
  });

  it("counts a pod as available only after minReadySeconds, and looks again then", () => {
    const scene = new Scene({ replicas: 1, minReadySeconds: 30 });
    scene.addPod({ status: ready("2026-01-01T00:00:00Z") });
    scene.world.nowMs += 10_000;
    expect(scene.plan()).toMatchObject({ status: { replicas: 1, readyReplicas: 1 }, requeueAfterMs: 20_000 });
    expect(scene.plan().status).not.toHaveProperty("availableReplicas");
    scene.world.nowMs += 20_000;
    expect(scene.plan().status).toMatchObject({ availableReplicas: 1 });
    expect(scene.plan().requeueAfterMs).toBeUndefined();
  });

  it("replaces finished pods, and counts those that are ending apart", () => {
    const scene = new Scene({ replicas: 1 });
    scene.addPod({ status: { phase: "Failed" } });
    scene.addPod({ metadata: gone, status: ready("2026-01-01T00:00:00Z") });
    expect(scene.plan().actions).toHaveLength(1);
    expect(scene.plan().status).toMatchObject({ replicas: 0, terminatingReplicas: 1, observedGeneration: 1 });
  });

  it("says what failed first, until it is over", () => {
    const scene = new Scene();
    const status = scene
      .plan()
      .statusAfterFailure?.({ verb: "create", resource: "pods", message: 'pods "web-" is forbidden' });
    expect(status?.conditions).toEqual([
      {
        type: "ReplicaFailure",
        status: "True",
        reason: "FailedCreate",
        message: 'pods "web-" is forbidden',
        lastTransitionTime: "2026-01-01T00:00:00Z",
      },
    ]);
    scene.world.update("replicaSets", { ...scene.replicaSet, status });
    expect(scene.plan().statusAfterFailure?.({ verb: "delete", resource: "pods", message: "x" }).conditions).toEqual(
      status?.conditions,
    );
    expect(scene.plan().status).not.toHaveProperty("conditions");
  });
});
