import { aContainer, aPod, aRun, aSandbox, observedOf } from "../../test/support/pod-builders.ts";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { ObservedPod } from "../runtime/runtime.ts";
import { type BackOff, nextBackOff } from "./back-off.ts";
import { backOffKey } from "./container-hash.ts";
import { type ContainerHealth, planPod, type PodStep } from "./plan-pod.ts";

const healthy: ContainerHealth = { isStarted: () => true, hasFailed: () => undefined };

function plan(
  pod: Pod,
  observed: ObservedPod,
  more: { backOffs?: Map<string, BackOff>; health?: ContainerHealth; nowMs?: number } = {},
) {
  return planPod(
    { pod, observed, backOffs: more.backOffs ?? new Map(), health: more.health ?? healthy },
    more.nowMs ?? 5000,
  );
}

const stepTexts = (steps: readonly PodStep[]): string[] =>
  steps.map((step) => {
    if (step.kind === "startContainer") return `start ${step.container.spec.name}#${step.attempt}`;
    if (step.kind === "killContainer") return `kill ${step.container.name}`;
    if (step.kind === "createSandbox") return `sandbox#${step.attempt}`;
    if (step.kind === "removeContainer") return `remove ${step.containerId}`;
    if (step.kind === "stopSandbox") return `stop ${step.sandboxId}`;
    return `resize ${step.updates.map(({ container }) => container.name).join(" ")}`;
  });

const sidecar = aContainer("mesh", { restartPolicy: "Always" });

describe("planPod", () => {
  it("makes a sandbox for a new pod", () => {
    expect(stepTexts(plan(aPod(), observedOf([], [])).steps)).toEqual(["sandbox#0"]);
  });

  it("starts all main containers in a ready sandbox", () => {
    const pod = aPod({ containers: [aContainer("a"), aContainer("b")] });
    expect(stepTexts(plan(pod, observedOf([aSandbox()], [])).steps)).toEqual(["start a#0", "start b#0"]);
  });

  it("does nothing when everything runs", () => {
    const { steps, isFinished } = plan(aPod(), observedOf([aSandbox()], [aRun("main", "running")]));
    expect(steps).toEqual([]);
    expect(isFinished).toBe(false);
  });

  it("replaces a sandbox that died, with everything in it", () => {
    const observed = observedOf([aSandbox({ state: "notReady" })], [aRun("main", "running")]);
    expect(stepTexts(plan(aPod(), observed).steps)).toEqual(["kill main", "stop sandbox-0", "sandbox#1"]);
  });

  it("restarts a container that failed the first time without delay", () => {
    const observed = observedOf([aSandbox()], [aRun("main", "exited", { exitCode: 1 })]);
    expect(stepTexts(plan(aPod(), observed).steps)).toEqual(["start main#1"]);
  });

  it("waits out the back-off of a container that fails again", () => {
    const observed = observedOf(
      [aSandbox()],
      [aRun("main", "exited", { exitCode: 1, attempt: 1, finishedAtMs: 4000 })],
    );
    const backOffs = new Map([[backOffKey(aContainer("main")), { delayMs: 10_000, updatedAtMs: 3500 }]]);
    const result = plan(aPod(), observed, { backOffs });
    expect(result.steps).toEqual([]);
    expect(result.waiting.get("main")).toEqual({
      reason: "CrashLoopBackOff",
      message: "back-off 10s restarting failed container=main pod=web_default(uid-1)",
    });
    expect(result.wakeAtMs).toBe(14_000);
  });

  it("starts at once what has another image, however often the one before failed", () => {
    const observed = observedOf([aSandbox()], [aRun("main", "exited", { exitCode: 1, finishedAtMs: 4000 })]);
    const backOffs = new Map([[backOffKey(aContainer("main")), { delayMs: 300_000, updatedAtMs: 3500 }]]);
    const pod = aPod({ containers: [aContainer("main", { image: "example/image:2" })] });
    expect(stepTexts(plan(pod, observed, { backOffs }).steps)).toEqual(["start main#1"]);
  });

  it("leaves a container that succeeded when only failures are restarted", () => {
    const pod = aPod({ restartPolicy: "OnFailure", containers: [aContainer("a"), aContainer("b")] });
    const observed = observedOf([aSandbox()], [aRun("a", "exited"), aRun("b", "exited", { exitCode: 2 })]);
    expect(stepTexts(plan(pod, observed).steps)).toEqual(["start b#1"]);
  });

  it("ends the pod when no container will run again", () => {
    const result = plan(
      aPod({ restartPolicy: "Never" }),
      observedOf([aSandbox()], [aRun("main", "exited", { exitCode: 1 })]),
    );
    expect(result).toMatchObject({ steps: [], isFinished: true });
  });

  it("does not make a sandbox again for a pod that is finished", () => {
    const observed = observedOf([aSandbox({ state: "notReady" })], [aRun("main", "exited")]);
    expect(plan(aPod({ restartPolicy: "OnFailure" }), observed)).toMatchObject({ steps: [], isFinished: true });
  });

  it("runs init containers one after the other, then the main ones", () => {
    const pod = aPod({ initContainers: [aContainer("one"), aContainer("two")] });
    const ended = aRun("one", "exited");
    expect(stepTexts(plan(pod, observedOf([aSandbox()], [])).steps)).toEqual(["start one#0"]);
    expect(stepTexts(plan(pod, observedOf([aSandbox()], [aRun("one", "running")])).steps)).toEqual([]);
    expect(stepTexts(plan(pod, observedOf([aSandbox()], [ended])).steps)).toEqual(["start two#0"]);
    expect(stepTexts(plan(pod, observedOf([aSandbox()], [ended, aRun("two", "exited")])).steps)).toEqual([
      "start main#0",
    ]);
  });

  it("fails the pod when an init container fails and nothing may be restarted", () => {
    const pod = aPod({ restartPolicy: "Never", initContainers: [aContainer("one")] });
    const result = plan(pod, observedOf([aSandbox()], [aRun("one", "exited", { exitCode: 1 })]));
    expect(result.isFinished).toBe(true);
  });

  it("starts the next container only when the sidecar before it has started", () => {
    const pod = aPod({ initContainers: [sidecar] });
    const observed = observedOf([aSandbox()], [aRun("mesh", "running")]);
    const waiting: ContainerHealth = { isStarted: () => false, hasFailed: () => undefined };
    expect(stepTexts(plan(pod, observed, { health: waiting }).steps)).toEqual([]);
    expect(stepTexts(plan(pod, observed).steps)).toEqual(["start main#0"]);
  });

  it("restarts a sidecar whatever the pod's policy, and is done with the last main container", () => {
    const pod = aPod({ restartPolicy: "Never", initContainers: [sidecar] });
    const running = observedOf([aSandbox()], [aRun("main", "running"), aRun("mesh", "exited")]);
    expect(stepTexts(plan(pod, running).steps)).toEqual(["start mesh#1"]);
    const over = observedOf([aSandbox()], [aRun("main", "exited"), aRun("mesh", "running")]);
    expect(plan(pod, over)).toMatchObject({ steps: [], isFinished: true });
  });

  it("kills a container that failed its liveness probe", () => {
    const health: ContainerHealth = { isStarted: () => true, hasFailed: () => "liveness" };
    const [step] = plan(aPod(), observedOf([aSandbox()], [aRun("main", "running")]), { health }).steps;
    expect(step).toMatchObject({
      kind: "killContainer",
      message: "Container main failed liveness probe, will be restarted",
    });
  });

  it("kills a container whose image changed", () => {
    const pod = aPod({ containers: [aContainer("main", { image: "example/image:2" })] });
    const [step] = plan(pod, observedOf([aSandbox()], [aRun("main", "running")])).steps;
    expect(step).toMatchObject({
      kind: "killContainer",
      message: "Container main definition changed, will be restarted",
    });
  });

  it("takes up again a container that was created and never started", () => {
    const observed = observedOf([aSandbox()], [aRun("main", "created", { attempt: 2 })]);
    expect(stepTexts(plan(aPod(), observed).steps)).toEqual(["remove main-2", "start main#2"]);
  });

  it("keeps one dead container per name", () => {
    const dead = [2, 1, 0].map((attempt) => aRun("main", "exited", { attempt }));
    const observed = observedOf([aSandbox()], [aRun("main", "running", { attempt: 3 }), ...dead]);
    expect(stepTexts(plan(aPod(), observed).steps)).toEqual(["remove main-1", "remove main-0"]);
  });

  it("starts an ephemeral container once", () => {
    const pod = aPod({ ephemeralContainers: [aContainer("debug")] });
    const observed = observedOf([aSandbox()], [aRun("main", "running")]);
    expect(stepTexts(plan(pod, observed).steps)).toEqual(["start debug#0"]);
    expect(
      stepTexts(plan(pod, observedOf([aSandbox()], [aRun("main", "running"), aRun("debug", "exited")])).steps),
    ).toEqual([]);
  });
});

describe("nextBackOff", () => {
  it("doubles up to five minutes and starts again after ten quiet minutes", () => {
    let backOff: BackOff | undefined;
    const delays: number[] = [];
    for (let nowMs = 0; delays.length < 7; nowMs += 300_000) {
      backOff = nextBackOff(backOff, nowMs, nowMs);
      delays.push(backOff.delayMs / 1000);
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(nextBackOff(backOff, 10_000_000, 10_000_000).delayMs).toBe(10_000);
  });
});
