/** Resources that change while pods run, on a real containerd. Needs root. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { conditionOf, containerOf, FOREVER, isReady, NodePods, shell } from "../support/node-pods.ts";

const START_TIMEOUT_MS = 120_000;

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;

beforeAll(async () => {
  api = await startTestApiServer();
  node = new KubeletNode(api);
  pods = new NodePods(api, node);
  await pods.prepare();
  await node.start();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await api?.stop();
}, START_TIMEOUT_MS);

const resources = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });

const resize = (name: string, cpu: string, memory: string): Promise<Pod> =>
  pods.patch(name, { spec: { containers: [{ name: "main", resources: resources(cpu, memory) }] } }, "resize");

/** Memory limit of a container, or of its pod, as the kernel has it. */
function memoryLimit(pod: Pod, container?: string): string {
  const id = container === undefined ? "" : (containerOf(pod, container).containerID ?? "").replace(/^\w+:\/\//, "");
  const group = join(node.cgroup, "kubepods", `pod${pod.metadata.uid ?? ""}`, id);
  const legacy = join("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
  return readFileSync(existsSync(legacy) ? legacy : join("/sys/fs/cgroup", group, "memory.max"), "utf8").trim();
}

const isResized = (pod: Pod, memory: string): boolean =>
  containerOf(pod).resources?.limits?.["memory"] === memory &&
  conditionOf(pod, "PodResizeInProgress") === undefined &&
  conditionOf(pod, "PodResizePending") === undefined;

const MiB = 1024 * 1024;

describe("a resize", () => {
  it("gives a running container more and less, without a restart", async () => {
    await pods.create("grown", { containers: [shell(FOREVER, { resources: resources("50m", "32Mi") })] });
    const before = await pods.until("grown", isReady);
    await resize("grown", "60m", "64Mi");
    const grown = await pods.until("grown", (pod) => isResized(pod, "64Mi"));
    expect(containerOf(grown)).toMatchObject({
      restartCount: 0,
      containerID: containerOf(before).containerID,
      allocatedResources: { cpu: "60m", memory: "64Mi" },
      resources: resources("60m", "64Mi"),
    });
    expect(grown.status?.observedGeneration).toBe(grown.metadata.generation);
    expect([memoryLimit(grown, "main"), memoryLimit(grown)]).toEqual([String(64 * MiB), String(64 * MiB)]);
    await resize("grown", "40m", "16Mi");
    const shrunk = await pods.until("grown", (pod) => isResized(pod, "16Mi"));
    expect([memoryLimit(shrunk, "main"), memoryLimit(shrunk)]).toEqual([String(16 * MiB), String(16 * MiB)]);
    expect(containerOf(shrunk).restartCount).toBe(0);
    expect((await pods.events("grown")).map((text) => text.split(":")[0])).toEqual(
      expect.arrayContaining(["ResizeStarted", "ResizeCompleted"]),
    );
    await pods.end("grown");
  });

  it("restarts a container whose policy asks for it", async () => {
    const resizePolicy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }];
    await pods.create("renewed", {
      containers: [shell(FOREVER, { resources: resources("50m", "32Mi"), resizePolicy })],
    });
    await pods.until("renewed", isReady);
    await resize("renewed", "50m", "64Mi");
    const pod = await pods.until("renewed", (pod) => isResized(pod, "64Mi") && containerOf(pod).restartCount === 1);
    expect([memoryLimit(pod, "main"), memoryLimit(pod)]).toEqual([String(64 * MiB), String(64 * MiB)]);
    await pods.end("renewed");
  });

  it("that the node can never grant is infeasible, and leaves the pod as it is", async () => {
    await pods.create("modest", { containers: [shell(FOREVER, { resources: resources("50m", "32Mi") })] });
    await pods.until("modest", isReady);
    await resize("modest", "4000", "32Mi");
    const pod = await pods.until("modest", (pod) => conditionOf(pod, "PodResizePending") !== undefined);
    expect(conditionOf(pod, "PodResizePending")).toMatchObject({
      status: "True",
      reason: "Infeasible",
      observedGeneration: pod.metadata.generation,
    });
    expect(conditionOf(pod, "PodResizePending")?.message).toMatch(
      /^Node didn't have enough capacity: cpu, requested: 4000000, capacity: \d+$/,
    );
    expect(containerOf(pod).allocatedResources).toEqual({ cpu: "50m", memory: "32Mi" });
    await resize("modest", "50m", "32Mi");
    await pods.until("modest", (pod) => isResized(pod, "32Mi"));
    await pods.end("modest");
  });

  it("below what is in use is refused as an error and tried again", async () => {
    const script = `dd if=/dev/zero of=/memory/file bs=1M count=24; touch /tmp/full; ${FOREVER}`;
    const readinessProbe = { exec: { command: ["test", "-f", "/tmp/full"] }, periodSeconds: 1 };
    await pods.create("full", {
      volumes: [{ name: "memory", emptyDir: { medium: "Memory" } }],
      containers: [
        shell(script, {
          readinessProbe,
          resources: resources("50m", "64Mi"),
          volumeMounts: [{ name: "memory", mountPath: "/memory" }],
        }),
      ],
    });
    await pods.until("full", isReady);
    await resize("full", "50m", "4Mi");
    const pod = await pods.until("full", (pod) => conditionOf(pod, "PodResizeInProgress")?.reason === "Error");
    expect(conditionOf(pod, "PodResizeInProgress")?.message).toMatch(/memory limit \(4194304\) below current usage/);
    expect(containerOf(pod)).toMatchObject({ restartCount: 0, resources: resources("50m", "64Mi") });
    await resize("full", "50m", "128Mi");
    await pods.until("full", (pod) => isResized(pod, "128Mi"));
    await pods.end("full");
  });

  it("that waits for room is deferred, survives a kill -9 of the kubelet, and comes when another pod goes", async () => {
    const cpus = 2;
    await pods.create("neighbour", { containers: [shell(FOREVER, { resources: resources("1", "16Mi") })] });
    await pods.create("waiting", { containers: [shell(FOREVER, { resources: resources("100m", "16Mi") })] });
    await pods.until("neighbour", isReady);
    const before = await pods.until("waiting", isReady);
    await resize("waiting", String(cpus - 0.5), "16Mi");
    const isDeferred = (pod: Pod): boolean => conditionOf(pod, "PodResizePending")?.reason === "Deferred";
    await pods.until("waiting", isDeferred);
    await node.killKubelet();
    await node.startKubelet();
    await pods.until("waiting", (pod) => isDeferred(pod) && isReady(pod));
    const kept = await pods.get("waiting");
    expect(containerOf(kept).allocatedResources).toEqual({ cpu: "100m", memory: "16Mi" });
    expect(containerOf(kept).containerID).toBe(containerOf(before).containerID);
    await pods.end("neighbour");
    const pod = await pods.until("waiting", (pod) => !isDeferred(pod) && isResized(pod, "16Mi"));
    expect(containerOf(pod)).toMatchObject({ restartCount: 0, resources: resources("1500m", "16Mi") });
    await pods.end("waiting");
  });
});
