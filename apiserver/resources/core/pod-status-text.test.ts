import type { ContainerStatus, Pod, PodStatus } from "../../../shared/api/generated/core/v1.ts";
import { summarizePod } from "./pod-status-text.ts";

const NOW_MS = Date.UTC(2026, 0, 1, 0, 10, 0);

function container(
  name: string,
  state: ContainerStatus["state"],
  more: Partial<ContainerStatus> = {},
): ContainerStatus {
  return { name, image: "i", imageID: "", ready: false, restartCount: 0, state, ...more };
}
const running = (name: string, more: Partial<ContainerStatus> = {}): ContainerStatus =>
  container(name, { running: {} }, { ready: true, ...more });

function pod(status: PodStatus, spec: Partial<Pod["spec"]> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return { metadata: { name: "p", ...metadata }, spec: { containers: [{ name: "a" }], ...spec }, status };
}

function line(subject: Pod): string {
  const { readyContainers, totalContainers, reason, restarts } = summarizePod(subject, NOW_MS);
  return `${readyContainers}/${totalContainers} ${reason} ${restarts}`;
}

const ready = { type: "Ready", status: "True" };
const initialized = { type: "Initialized", status: "True" };

describe("the line of kubectl get pods", () => {
  it.each<[string, Pod, string]>([
    ["a pending pod", pod({ phase: "Pending" }), "0/1 Pending 0"],
    ["a running pod", pod({ phase: "Running", containerStatuses: [running("a")] }), "1/1 Running 0"],
    [
      "a container that waits",
      pod({ phase: "Pending", containerStatuses: [container("a", { waiting: { reason: "ContainerCreating" } })] }),
      "0/1 ContainerCreating 0",
    ],
    [
      "a crash loop, with the time of the last restart",
      pod({
        phase: "Running",
        containerStatuses: [
          container(
            "a",
            { waiting: { reason: "CrashLoopBackOff" } },
            { restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-01T00:09:40Z" } } },
          ),
        ],
      }),
      "0/1 CrashLoopBackOff 3 (20s ago)",
    ],
    [
      "an exit without a reason",
      pod({ phase: "Failed", containerStatuses: [container("a", { terminated: { exitCode: 3 } })] }),
      "0/1 ExitCode:3 0",
    ],
    [
      "a signal",
      pod({ phase: "Failed", containerStatuses: [container("a", { terminated: { exitCode: 137, signal: 9 } })] }),
      "0/1 Signal:9 0",
    ],
    [
      "a completed pod",
      pod({
        phase: "Succeeded",
        containerStatuses: [container("a", { terminated: { exitCode: 0, reason: "Completed" } })],
      }),
      "0/1 Completed 0",
    ],
    [
      "one container done and one running",
      pod(
        {
          phase: "Running",
          conditions: [ready],
          containerStatuses: [container("a", { terminated: { exitCode: 0, reason: "Completed" } }), running("b")],
        },
        { containers: [{ name: "a" }, { name: "b" }] },
      ),
      "1/2 Running 0",
    ],
    [
      "the same while the pod is not ready",
      pod(
        {
          phase: "Running",
          containerStatuses: [container("a", { terminated: { exitCode: 0, reason: "Completed" } }), running("b")],
        },
        { containers: [{ name: "a" }, { name: "b" }] },
      ),
      "1/2 NotReady 0",
    ],
    [
      "init containers on their way",
      pod(
        {
          phase: "Pending",
          initContainerStatuses: [
            container("i", { terminated: { exitCode: 0 } }),
            container("j", { running: {} }),
            container("k", { waiting: { reason: "PodInitializing" } }),
          ],
          containerStatuses: [container("a", { waiting: { reason: "PodInitializing" } })],
        },
        { initContainers: [{ name: "i" }, { name: "j" }, { name: "k" }] },
      ),
      "0/1 Init:1/3 0",
    ],
    [
      "a failing init container",
      pod(
        {
          phase: "Pending",
          initContainerStatuses: [container("i", { waiting: { reason: "CrashLoopBackOff" } }, { restartCount: 2 })],
        },
        { initContainers: [{ name: "i" }] },
      ),
      "0/1 Init:CrashLoopBackOff 2",
    ],
    [
      "a failed init container",
      pod(
        { phase: "Failed", initContainerStatuses: [container("i", { terminated: { exitCode: 1, reason: "Error" } })] },
        { initContainers: [{ name: "i" }] },
      ),
      "0/1 Init:Error 0",
    ],
    [
      "a sidecar, which counts as a container",
      pod(
        {
          phase: "Running",
          conditions: [initialized, ready],
          initContainerStatuses: [running("s", { started: true, restartCount: 1 })],
          containerStatuses: [running("a")],
        },
        { initContainers: [{ name: "s", restartPolicy: "Always" }] },
      ),
      "2/2 Running 1",
    ],
    [
      "a pod that goes",
      pod({ phase: "Running", containerStatuses: [running("a")] }, {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      "1/1 Terminating 0",
    ],
    [
      "a pod that is done and goes",
      pod({ phase: "Succeeded" }, {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      "0/1 Succeeded 0",
    ],
    [
      "a pod on a lost node",
      pod({ phase: "Running", reason: "NodeLost" }, {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      "0/1 Unknown 0",
    ],
    ["an evicted pod", pod({ phase: "Failed", reason: "Evicted" }), "0/1 Evicted 0"],
    [
      "a gated pod",
      pod({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] }),
      "0/1 SchedulingGated 0",
    ],
  ])("of %s", (_, subject, expected) => {
    expect(line(subject)).toBe(expected);
  });
});
