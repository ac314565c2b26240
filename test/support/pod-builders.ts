/** Pods, sandboxes and containers for tests of the kubelet's pure parts. */
import type { Container, Pod, PodSpec } from "../../shared/api/generated/core/v1.ts";
import type { RunSettings } from "../../kubelet/containers/run-settings.ts";
import { containerHash } from "../../kubelet/pods/container-hash.ts";
import { CONTAINER_HASH_ANNOTATION } from "../../kubelet/runtime/labels.ts";
import type { ObservedPod, RuntimeContainer, RuntimeSandbox } from "../../kubelet/runtime/runtime.ts";

export function aContainer(name: string, more: Partial<Container> = {}): Container {
  return { name, image: "example/image:1", ...more };
}

export function aPod(spec: Partial<PodSpec> = {}, more: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "uid-1", generation: 1, ...more },
    spec: { containers: [aContainer("main")], restartPolicy: "Always", ...spec },
  };
}

export function someSettings(more: Partial<RunSettings> = {}): RunSettings {
  return {
    memoryCapacityBytes: 4 * 1024 ** 3,
    hugePageSizes: [],
    isUnified: false,
    hasCpuQuota: true,
    cpuPeriodUs: 100_000,
    isOomKillSingle: false,
    podPidsMax: 0,
    isSeccompDefault: false,
    logs: { bytesMax: 0, filesMax: 0 },
    ...more,
  };
}

export function aSandbox(more: Partial<RuntimeSandbox> = {}): RuntimeSandbox {
  return {
    id: "sandbox-0",
    podUid: "uid-1",
    podName: "web",
    podNamespace: "default",
    attempt: 0,
    state: "ready",
    createdAtMs: 1000,
    labels: {},
    ips: ["10.0.0.5"],
    ...more,
  };
}

export function aRun(
  name: string,
  state: RuntimeContainer["state"],
  more: Partial<RuntimeContainer> = {},
): RuntimeContainer {
  return {
    id: `${name}-${more.attempt ?? 0}`,
    sandboxId: "sandbox-0",
    name,
    attempt: 0,
    state,
    createdAtMs: 2000,
    startedAtMs: 3000,
    finishedAtMs: state === "exited" ? 4000 : 0,
    exitCode: 0,
    reason: "",
    message: "",
    image: "example/image:1",
    imageRef: "sha256:1",
    labels: {},
    annotations: { [CONTAINER_HASH_ANNOTATION]: containerHash(aContainer(name)) },
    logPath: "",
    ...more,
  };
}

export function observedOf(sandboxes: readonly RuntimeSandbox[], containers: readonly RuntimeContainer[]): ObservedPod {
  return { sandboxes, containers };
}
