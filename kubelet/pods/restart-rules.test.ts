import { aContainer, aPod, aRun, aSandbox, observedOf } from "../../test/support/pod-builders.ts";
import type { Container, ContainerRestartRule } from "../../shared/api/generated/core/v1.ts";
import { planPod, type PodStep } from "./plan-pod.ts";
import { initContainersOf, mainContainersOf } from "./pod-containers.ts";
import { restartsAfter } from "./restart-rules.ts";

const rule = (operator: "In" | "NotIn", values: number[], action = "Restart"): ContainerRestartRule => ({
  action,
  exitCodes: { operator, values },
});

describe("a container that ended", () => {
  it.each([
    ["Always", {}, 0, true],
    ["OnFailure", {}, 0, false],
    ["OnFailure", {}, 7, true],
    ["Never", {}, 7, false],
    ["Never", { restartPolicy: "OnFailure" }, 7, true],
    ["Always", { restartPolicy: "Never" }, 7, false],
    ["Never", { restartPolicy: "Never", restartPolicyRules: [rule("In", [42])] }, 42, true],
    ["Never", { restartPolicy: "Never", restartPolicyRules: [rule("In", [42])] }, 43, false],
    ["Never", { restartPolicy: "Never", restartPolicyRules: [rule("NotIn", [42])] }, 43, true],
    ["Never", { restartPolicy: "Never", restartPolicyRules: [rule("In", [1, 2, 3], "RestartAllContainers")] }, 2, true],
  ] satisfies [string, Partial<Container>, number, boolean][])(
    "of a pod with %s and %j restarts after %i: %s",
    (restartPolicy, more, exitCode, isRestarted) => {
      const pod = aPod({ restartPolicy, containers: [aContainer("main", more)] });
      expect(mainContainersOf(pod).map((container) => restartsAfter(pod, container, exitCode))).toEqual([isRestarted]);
    },
  );

  it("as an init container only restarts after a failure", () => {
    const pod = aPod({ initContainers: [aContainer("setup"), aContainer("once", { restartPolicy: "Never" })] });
    const restarts = (exitCode: number) =>
      initContainersOf(pod).map((container) => restartsAfter(pod, container, exitCode));
    expect(restarts(0)).toEqual([false, false]);
    expect(restarts(1)).toEqual([true, false]);
  });
});

describe("a rule that restarts all containers", () => {
  const pod = aPod({
    restartPolicy: "Never",
    initContainers: [aContainer("setup"), aContainer("mesh", { restartPolicy: "Always" })],
    containers: [
      aContainer("main", {
        restartPolicy: "Never",
        restartPolicyRules: [rule("In", [42], "RestartAllContainers")],
      }),
      aContainer("other"),
    ],
  });
  const ended = aRun("main", "exited", { exitCode: 42, createdAtMs: 3000, finishedAtMs: 6000 });
  const setup = aRun("setup", "exited", { createdAtMs: 1000, finishedAtMs: 1500 });
  const texts = (runs: readonly ReturnType<typeof aRun>[]): string[] =>
    planPod(
      {
        pod,
        observed: observedOf([aSandbox()], runs),
        backOffs: new Map(),
        health: { isStarted: () => true, hasFailed: () => undefined },
      },
      7000,
    ).steps.map((step: PodStep) => {
      if (step.kind === "startContainer") return `start ${step.container.spec.name}#${step.attempt}`;
      return step.kind === "killContainer" ? `kill ${step.container.name}` : step.kind;
    });

  it("ends the others first", () => {
    expect(texts([ended, aRun("other", "running"), aRun("mesh", "running"), setup])).toEqual([
      "kill other",
      "kill mesh",
    ]);
  });

  it("then starts from the first init container", () => {
    const runs = [ended, aRun("other", "exited", { exitCode: 137 }), aRun("mesh", "exited"), setup];
    expect(texts(runs)).toEqual(["start setup#1"]);
  });

  it("counts what was made since as new", () => {
    const fresh = aRun("setup", "exited", { attempt: 1, createdAtMs: 6500, finishedAtMs: 6600 });
    const mesh = aRun("mesh", "running", { attempt: 1, createdAtMs: 6700 });
    expect(texts([mesh, fresh, ended, aRun("other", "exited"), setup])).toEqual(["start main#1", "start other#1"]);
  });
});
