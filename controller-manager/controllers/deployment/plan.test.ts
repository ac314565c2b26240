import fc from "fast-check";
import type { Deployment, ReplicaSet } from "../../../shared/api/generated/apps/v1.ts";
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { controllerOf } from "../../../shared/machinery/ownership.ts";
import { PlanWorld } from "../../../test/support/plan-world.ts";
import { planReplicaSet } from "../replicaset/plan.ts";
import { maxSurge, maxUnavailable } from "./fenceposts.ts";
import { planDeployment } from "./plan.ts";

type Spec = Partial<Deployment["spec"]>;

/** A world with one Deployment, whose ReplicaSets are served by the real plan and whose pods become ready. */
class Rollout {
  readonly world = new PlanWorld();
  constructor(spec: Spec) {
    const labels = { app: "web" };
    this.world.create("deployments", {
      metadata: { name: "web" },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "web:1" }] } },
        progressDeadlineSeconds: 600,
        revisionHistoryLimit: 10,
        ...spec,
      },
    });
  }
  get deployment(): Deployment {
    const found = this.world.store<Deployment>("deployments").get("default", "web");
    if (found === undefined) throw new Error("the Deployment is gone");
    return found;
  }
  get sets(): ReplicaSet[] {
    return this.world
      .store<ReplicaSet>("replicaSets")
      .list()
      .toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  }
  get pods(): readonly Pod[] {
    return this.world.store<Pod>("pods").list();
  }
  change(spec: Spec): void {
    this.world.update("deployments", { ...this.deployment, spec: { ...this.deployment.spec, ...spec } });
  }
  setImage(image: string): void {
    const { template } = this.deployment.spec;
    this.change({ template: { ...template, spec: { containers: [{ name: "c", image }] } } });
  }
  plan() {
    const listers = {
      replicaSets: this.world.store<ReplicaSet>("replicaSets"),
      pods: this.world.store<Pod>("pods"),
      self: this.world.store<Deployment>("deployments"),
    };
    return planDeployment(this.deployment, listers, this.world.nowMs);
  }
  /** One round of the Deployment's controller; true when it had something to do. */
  reconcile(): boolean {
    const plan = this.plan();
    this.world.apply(plan.actions);
    const isNews = plan.status !== undefined && !deepEqual(this.deployment.status, plan.status);
    if (isNews) this.world.update("deployments", { ...this.deployment, status: plan.status });
    return plan.actions.length > 0 || isNews;
  }
  /** One round of the ReplicaSets' controller. */
  serve(): boolean {
    let isBusy = false;
    for (const { metadata } of this.sets) {
      const replicaSet = this.world.store<ReplicaSet>("replicaSets").get("default", metadata.name);
      if (replicaSet === undefined) continue;
      const plan = planReplicaSet(
        replicaSet,
        { pods: this.world.store<Pod>("pods"), self: this.world.store<ReplicaSet>("replicaSets") },
        this.world.nowMs,
      );
      this.world.apply(plan.actions);
      const isNews = !deepEqual(replicaSet.status, plan.status);
      if (isNews) this.world.update("replicaSets", { ...replicaSet, status: plan.status });
      isBusy ||= plan.actions.length > 0 || isNews;
    }
    return isBusy;
  }
  /** Makes one pod ready; true when there was one to make ready. */
  startPod(choose = 0, image?: string): boolean {
    const waiting = this.pods.filter(
      (pod) => pod.status === undefined && (image === undefined || pod.spec.containers[0]?.image === image),
    );
    const pod = waiting[choose % Math.max(1, waiting.length)];
    if (pod === undefined) return false;
    this.world.update("pods", {
      ...pod,
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }],
      },
    });
    return true;
  }
  get ready(): number {
    return this.pods.filter(({ status }) => status !== undefined).length;
  }
  settle(): void {
    for (let round = 0; round < 500; round++) {
      const isBusy = [this.reconcile(), this.serve(), this.startPod()].some(Boolean);
      if (!isBusy) return;
    }
    throw new Error(`did not settle: ${JSON.stringify(this.plan())}`);
  }
  condition(type: string) {
    return this.deployment.status?.conditions?.find((condition) => condition.type === type);
  }
}

const sizes = (rollout: Rollout): number[] =>
  rollout.sets.map(({ spec }) => spec.replicas ?? 0).toSorted((a, b) => a - b);

const share = fc.oneof(
  fc.nat(4),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
);
const strategy = fc.oneof(
  fc.record({
    type: fc.constant("RollingUpdate"),
    rollingUpdate: fc.record({ maxSurge: share, maxUnavailable: share }),
  }),
  fc.constant({ type: "Recreate" }),
);
const change = fc.oneof(
  fc.record({ image: fc.integer({ min: 1, max: 4 }).map((version) => `web:${version}`) }),
  fc.record({ replicas: fc.nat(12) }),
  fc.record({ paused: fc.boolean() }),
);

describe("a Deployment's plan", () => {
  it("converges from any history of changes, and then has nothing to do", () => {
    fc.assert(
      fc.property(
        fc.nat(8),
        strategy,
        fc.array(fc.tuple(change, fc.nat(6)), { maxLength: 6 }),
        (replicas, how, changes) => {
          const rollout = new Rollout({ replicas, strategy: how });
          for (const [next, rounds] of changes) {
            if ("image" in next) rollout.setImage(next.image);
            else rollout.change(next);
            for (let round = 0; round < rounds; round++) {
              rollout.reconcile();
              rollout.serve();
              rollout.startPod(round);
            }
          }
          rollout.change({ paused: false });
          rollout.settle();
          const { deployment, plan } = { deployment: rollout.deployment, plan: rollout.plan() };
          expect(plan.actions).toEqual([]);
          expect(deepEqual(plan.status, deployment.status)).toBe(true);
          const wanted = deployment.spec.replicas ?? 1;
          const image = deployment.spec.template.spec?.containers[0]?.image;
          expect(rollout.pods).toHaveLength(wanted);
          expect(rollout.pods.every(({ spec }) => spec.containers[0]?.image === image)).toBe(true);
          expect(deployment.status?.observedGeneration).toBe(deployment.metadata.generation);
          expect(rollout.condition("Available")?.status).toBe("True");
          expect(rollout.condition("Progressing")).toMatchObject({ status: "True", reason: "NewReplicaSetAvailable" });
        },
      ),
      { numRuns: 300 },
    );
  });

  it("never goes above the surge or below the availability in a rolling update", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        share,
        share,
        fc.array(fc.nat(20), { minLength: 1, maxLength: 60 }),
        (replicas, surge, unavailable, choices) => {
          const rollout = new Rollout({
            replicas,
            strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } },
          });
          rollout.settle();
          rollout.setImage("web:2");
          const most = replicas + maxSurge(rollout.deployment);
          const least = replicas - maxUnavailable(rollout.deployment);
          for (const choice of choices) {
            if (choice % 3 === 0) rollout.startPod(choice);
            if (choice % 3 !== 1) rollout.reconcile();
            if (choice % 2 === 0) rollout.serve();
            expect(rollout.pods.length).toBeLessThanOrEqual(most);
            expect(rollout.ready).toBeGreaterThanOrEqual(least);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("rounds the surge up and the unavailability down, and lets one go when both are none", () => {
    const at = (replicas: number, rollingUpdate: object) =>
      new Rollout({ replicas, strategy: { type: "RollingUpdate", rollingUpdate } }).deployment;
    expect([maxSurge(at(10, {})), maxUnavailable(at(10, {}))]).toEqual([3, 2]);
    expect([
      maxSurge(at(3, { maxSurge: 0, maxUnavailable: "10%" })),
      maxUnavailable(at(3, { maxSurge: 0, maxUnavailable: "10%" })),
    ]).toEqual([0, 1]);
    expect(maxUnavailable(at(2, { maxUnavailable: 5 }))).toBe(2);
  });

  it("keeps revisions, their history, and goes back to the same ReplicaSet", () => {
    const rollout = new Rollout({ replicas: 2 });
    rollout.settle();
    const [first] = rollout.sets;
    rollout.setImage("web:2");
    rollout.settle();
    rollout.setImage("web:1");
    rollout.settle();
    const back = rollout.sets.find(({ metadata }) => metadata.uid === first?.metadata.uid);
    expect(rollout.sets).toHaveLength(2);
    expect(back?.spec.replicas).toBe(2);
    expect(back?.metadata.annotations).toMatchObject({
      "deployment.kubernetes.io/revision": "3",
      "deployment.kubernetes.io/revision-history": "1",
    });
    expect(rollout.deployment.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("3");
  });

  it("keeps no more old ReplicaSets than the history limit", () => {
    const rollout = new Rollout({ replicas: 1, revisionHistoryLimit: 2 });
    for (let version = 1; version <= 6; version++) {
      rollout.setImage(`web:${version}`);
      rollout.settle();
    }
    const revisions = rollout.sets.map(({ metadata }) => metadata.annotations?.["deployment.kubernetes.io/revision"]);
    expect(new Set(revisions)).toEqual(new Set(["4", "5", "6"]));
  });

  it("scales in the middle of a rollout in proportion to the sizes", () => {
    const rollout = new Rollout({
      replicas: 10,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
    });
    rollout.settle();
    rollout.setImage("web:2");
    for (let round = 0; round < 6; round++) {
      rollout.reconcile();
      rollout.serve();
    }
    expect(sizes(rollout)).toEqual([5, 8]);
    rollout.change({ replicas: 15 });
    rollout.reconcile();
    expect(sizes(rollout)).toEqual([7, 11]);
  });

  it("starts no new pod under Recreate while an old one is there", () => {
    const rollout = new Rollout({ replicas: 3, strategy: { type: "Recreate" } });
    rollout.settle();
    rollout.setImage("web:2");
    for (let round = 0; round < 30; round++) {
      rollout.reconcile();
      rollout.serve();
      rollout.startPod();
      expect(new Set(rollout.pods.map(({ spec }) => spec.containers[0]?.image)).size).toBeLessThanOrEqual(1);
    }
    expect(rollout.pods.map(({ spec }) => spec.containers[0]?.image)).toEqual(["web:2", "web:2", "web:2"]);
  });

  it("rolls nothing out while paused, but scales, and says so", () => {
    const rollout = new Rollout({ replicas: 2 });
    rollout.settle();
    rollout.change({ paused: true });
    rollout.setImage("web:2");
    rollout.settle();
    expect(rollout.sets).toHaveLength(1);
    expect(rollout.condition("Progressing")).toMatchObject({
      status: "Unknown",
      reason: "DeploymentPaused",
      message: "Deployment is paused",
    });
    rollout.change({ replicas: 4 });
    rollout.settle();
    expect(rollout.pods).toHaveLength(4);
    rollout.change({ paused: false });
    rollout.reconcile();
    expect(rollout.condition("Progressing")?.reason).not.toBe("DeploymentPaused");
  });

  it("reports a missed deadline once the time since the last progress is over", () => {
    const rollout = new Rollout({ replicas: 2, progressDeadlineSeconds: 60 });
    for (let round = 0; round < 5; round++) {
      rollout.reconcile();
      rollout.serve();
    }
    expect(rollout.plan().requeueAfterMs).toBe(61_000);
    rollout.world.nowMs += 61_000;
    rollout.reconcile();
    const name = rollout.sets[0]?.metadata.name;
    expect(rollout.condition("Progressing")).toMatchObject({
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: `ReplicaSet "${name}" has timed out progressing.`,
    });
    expect(rollout.condition("Available")).toMatchObject({
      status: "False",
      reason: "MinimumReplicasUnavailable",
      message: "Deployment does not have minimum availability.",
    });
  });

  it("counts a collision when the name of the new ReplicaSet is taken, and takes another", () => {
    const rollout = new Rollout({ replicas: 1 });
    rollout.settle();
    const name = rollout.sets[0]?.metadata.name ?? "";
    const fresh = new Rollout({ replicas: 1 });
    fresh.world.create("replicaSets", {
      metadata: { name },
      spec: { selector: { matchLabels: { other: "x" } }, replicas: 0 },
    });
    fresh.settle();
    expect(fresh.deployment.status?.collisionCount).toBe(1);
    const own = fresh.sets.filter((set) => controllerOf(set) !== undefined);
    expect(own).toHaveLength(1);
    expect(own[0]?.metadata.name).not.toBe(name);
  });

  it("tells the failure of its ReplicaSet, and of its creation", () => {
    const rollout = new Rollout({ replicas: 1 });
    rollout.reconcile();
    const [replicaSet] = rollout.sets;
    if (replicaSet === undefined) throw new Error("no ReplicaSet");
    rollout.world.update("replicaSets", {
      ...replicaSet,
      status: {
        replicas: 0,
        conditions: [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "pods is forbidden" }],
      },
    });
    rollout.reconcile();
    expect(rollout.condition("ReplicaFailure")).toMatchObject({
      status: "True",
      reason: "FailedCreate",
      message: "pods is forbidden",
    });
    const status = new Rollout({ replicas: 1 })
      .plan()
      .statusAfterFailure?.({ verb: "create", resource: "replicaSets", message: "quota" });
    expect(status?.conditions?.find(({ type }) => type === "Progressing")).toMatchObject({
      status: "False",
      reason: "ReplicaSetCreateError",
    });
  });

  it("refuses to select all pods", () => {
    const plan = new Rollout({ selector: {} }).plan();
    expect(plan.actions).toEqual([]);
    expect(plan.events?.[0]).toMatchObject({ type: "Warning", reason: "SelectingAll" });
  });
});
