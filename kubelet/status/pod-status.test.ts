import type { PodStatus } from "../../shared/api/generated/core/v1.ts";
import { aContainer, aPod, aRun, aSandbox, observedOf } from "../../test/support/pod-builders.ts";
import { podStatus, type PodStatusInput } from "./pod-status.ts";
import { capMessages } from "./cap-messages.ts";
import { statusPatch } from "./status-patch.ts";

function status(more: Partial<PodStatusInput>): PodStatus {
  return podStatus({
    pod: aPod(),
    previous: undefined,
    observed: observedOf([aSandbox()], [aRun("main", "running")]),
    waiting: new Map(),
    hostIps: ["192.0.2.1"],
    runtimeName: "containerd",
    isStarted: () => true,
    isReady: () => true,
    terminationMessage: () => "",
    isTerminated: false,
    nowMs: 10_000,
    ...more,
  });
}

const conditionsOf = ({ conditions }: PodStatus): string[] =>
  (conditions ?? []).map(
    ({ type, status: value, reason }) => `${type}=${value}${reason === undefined ? "" : ` ${reason}`}`,
  );

describe("podStatus", () => {
  it("is Running and Ready when the containers are", () => {
    const result = status({});
    expect(result).toMatchObject({ phase: "Running", podIP: "10.0.0.5", hostIP: "192.0.2.1", qosClass: "BestEffort" });
    expect(result.containerStatuses).toMatchObject([
      {
        name: "main",
        ready: true,
        started: true,
        restartCount: 0,
        containerID: "containerd://main-0",
        imageID: "sha256:1",
      },
    ]);
    expect(conditionsOf(result)).toEqual([
      "PodReadyToStartContainers=True",
      "Initialized=True",
      "Ready=True",
      "ContainersReady=True",
      "PodScheduled=True",
    ]);
  });

  it("is Pending and ContainerCreating before the first container", () => {
    const result = status({ observed: observedOf([], []) });
    expect(result.phase).toBe("Pending");
    expect(result.containerStatuses).toMatchObject([
      { state: { waiting: { reason: "ContainerCreating" } }, ready: false },
    ]);
    expect(result.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
      status: "False",
      reason: "ContainersNotReady",
      message: "containers with unready status: [main]",
    });
  });

  it("says PodInitializing while init containers run", () => {
    const pod = aPod({ initContainers: [aContainer("one")] });
    const result = status({ pod, observed: observedOf([aSandbox()], [aRun("one", "running")]) });
    expect(result.phase).toBe("Pending");
    expect(result.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: "PodInitializing" } });
    expect(result.conditions?.find(({ type }) => type === "Initialized")).toMatchObject({
      status: "False",
      message: "containers with incomplete status: [one]",
    });
  });

  it("shows a crash loop as waiting, with how the container ended before", () => {
    const result = status({
      observed: observedOf([aSandbox()], [aRun("main", "exited", { exitCode: 3, attempt: 2 })]),
      waiting: new Map([["main", { reason: "CrashLoopBackOff", message: "back-off" }]]),
      terminationMessage: () => "last words",
    });
    expect(result.phase).toBe("Running");
    expect(result.containerStatuses).toMatchObject([
      {
        restartCount: 2,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
        lastState: { terminated: { exitCode: 3, reason: "Error", message: "last words" } },
      },
    ]);
  });

  it("succeeds when all containers ended well and none restarts", () => {
    const result = status({
      pod: aPod({ restartPolicy: "Never" }),
      observed: observedOf([aSandbox()], [aRun("main", "exited")]),
    });
    expect(result.phase).toBe("Succeeded");
    expect(conditionsOf(result)).toContain("Ready=False PodCompleted");
  });

  it("fails when a container failed and none restarts", () => {
    const observed = observedOf([aSandbox()], [aRun("main", "exited", { exitCode: 1 })]);
    expect(status({ pod: aPod({ restartPolicy: "Never" }), observed }).phase).toBe("Failed");
    expect(status({ pod: aPod({ restartPolicy: "OnFailure" }), observed }).phase).toBe("Running");
    expect(status({ observed, isTerminated: true }).phase).toBe("Failed");
  });

  it("keeps a final phase back while a sidecar still runs", () => {
    const pod = aPod({ restartPolicy: "Never", initContainers: [aContainer("mesh", { restartPolicy: "Always" })] });
    const known = { phase: "Running" };
    const ending = observedOf([aSandbox()], [aRun("main", "exited"), aRun("mesh", "running")]);
    expect(status({ pod, previous: known, observed: ending }).phase).toBe("Running");
    const over = observedOf([aSandbox()], [aRun("main", "exited"), aRun("mesh", "exited")]);
    expect(status({ pod, previous: known, observed: over }).phase).toBe("Succeeded");
  });

  it("never leaves a final phase", () => {
    const pod = { ...aPod(), status: { phase: "Succeeded" } };
    expect(status({ pod }).phase).toBe("Succeeded");
  });

  it("says of a container that never ran that it will not be found", () => {
    const result = status({ observed: observedOf([], []), isTerminated: true });
    expect(result.containerStatuses).toMatchObject([
      { state: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } } },
    ]);
  });

  it("says of containers behind a failed init container that they still wait", () => {
    const pod = aPod({ restartPolicy: "Never", initContainers: [aContainer("first"), aContainer("second")] });
    const observed = observedOf([], [aRun("first", "exited", { exitCode: 2 })]);
    const result = status({ pod, observed, isTerminated: true });
    expect(result.phase).toBe("Failed");
    expect(result.initContainerStatuses).toMatchObject([
      { state: { terminated: { exitCode: 2 } } },
      { state: { waiting: { reason: "PodInitializing" } } },
    ]);
    expect(result.containerStatuses).toMatchObject([{ state: { waiting: { reason: "PodInitializing" } } }]);
  });

  it("waits for readiness gates", () => {
    const result = status({ pod: aPod({ readinessGates: [{ conditionType: "example.com/ok" }] }) });
    expect(result.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
      status: "False",
      reason: "ReadinessGatesNotReady",
      message: 'corresponding condition of pod readiness gate "example.com/ok" does not exist.',
    });
  });

  it("keeps conditions of others and the moment of the last transition", () => {
    const scheduled = { type: "example.com/gate", status: "True" };
    const pod = { ...aPod(), status: { conditions: [scheduled] } };
    const first = status({ pod });
    const second = status({ pod, previous: first, nowMs: 99_000 });
    expect(second.conditions).toContainEqual(scheduled);
    expect(second).toEqual(first);
  });

  it("keeps the last words when the file is gone", () => {
    const observed = observedOf([aSandbox()], [aRun("main", "exited", { exitCode: 1 })]);
    const first = status({ observed, terminationMessage: () => "bye" });
    const second = status({ observed, previous: first });
    expect(second.containerStatuses?.[0]?.state?.terminated?.message).toBe("bye");
  });
});

describe("last words", () => {
  it.each([
    [1, "x".repeat(5000), 5000],
    [3, "x".repeat(5000), 4096],
    [3, "ä".repeat(3000), 4096],
    [10, "short", 5],
    [5000, "x".repeat(10), 2],
  ])("of %i containers share what a pod may say", (containers, message, bytes) => {
    const state = { terminated: { exitCode: 1, message } };
    const base = { name: "main", image: "", imageID: "", ready: false, restartCount: 0 };
    const [capped] = capMessages([{ ...base, state, lastState: state }], containers);
    expect(Buffer.byteLength(capped?.state?.terminated?.message ?? "")).toBe(bytes);
    expect(capped?.lastState).toEqual(capped?.state);
  });
});

describe("statusPatch", () => {
  it("is empty when the server has it all, whatever others added", () => {
    const wanted = status({});
    const known = {
      ...wanted,
      conditions: [...(wanted.conditions ?? []), { type: "Other", status: "True" }],
      nominatedNodeName: "x",
    };
    expect(statusPatch(known, wanted)).toBeUndefined();
  });

  it("removes what is gone and replaces lists that would be joined", () => {
    const known: PodStatus = { phase: "Pending", reason: "Evicted", podIPs: [{ ip: "10.0.0.4" }] };
    const wanted: PodStatus = { phase: "Running", podIPs: [{ ip: "10.0.0.5" }] };
    expect(statusPatch(known, wanted)).toEqual({
      phase: "Running",
      reason: null,
      podIPs: [{ $patch: "replace" }, { ip: "10.0.0.5" }],
    });
  });

  it("takes away the reason of a condition that has none any more", () => {
    const known = { conditions: [{ type: "Ready", status: "False", reason: "ContainersNotReady" }] };
    const wanted = { conditions: [{ type: "Ready", status: "True" }] };
    expect(statusPatch(known, wanted)).toEqual({ conditions: [{ type: "Ready", status: "True", reason: null }] });
  });

  it("leaves the conditions of others to them, even where it saw other values", () => {
    const gate = { type: "example.com/gate", status: "True" };
    const wanted = { ...status({ pod: aPod() }), conditions: [gate] };
    expect(statusPatch({ ...wanted, conditions: [{ ...gate, status: "False" }] }, wanted)).toBeUndefined();
  });

  it("takes back what is over", () => {
    const pending = { type: "PodResizePending", status: "True" };
    const wanted = { ...status({ pod: aPod() }), conditions: [] };
    expect(statusPatch({ ...wanted, conditions: [pending] }, wanted)).toEqual({
      conditions: [{ type: "PodResizePending", $patch: "delete" }],
    });
  });
});
