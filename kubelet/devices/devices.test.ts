import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Container, Pod } from "../../shared/api/generated/core/v1.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { TestDevicePlugin } from "../../test/support/device-plugin.ts";
import { until } from "../../test/support/until.ts";
import { DeviceCheckpoint } from "./device-checkpoint.ts";
import { withGrant } from "./device-grant.ts";
import { DeviceManager } from "./device-manager.ts";
import { registrationProblem, serveDeviceRegistration } from "./device-registration.ts";
import { choices, chosen, deviceNeeds } from "./plan-allocation.ts";

const GPU = "example.com/gpu";

const container = (name: string, count: number, more: Partial<Container> = {}): Container => ({
  name,
  image: "i",
  resources: { limits: { [GPU]: String(count) } },
  ...more,
});

const pod = (uid: string, containers: Container[], initContainers: Container[] = []): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: uid, uid },
  spec: { containers, initContainers },
});

describe("an allocation", () => {
  const need = { container: "c", resource: GPU, count: 2, isPassing: false };

  it("is planned for every container that asks, in the order in which they start", () => {
    const wanted = pod(
      "p",
      [container("main", 2)],
      [container("setup", 1), container("side", 1, { restartPolicy: "Always" })],
    );
    expect(deviceNeeds(wanted, (resource) => resource === GPU)).toEqual([
      { container: "setup", resource: GPU, count: 1, isPassing: true },
      { container: "side", resource: GPU, count: 1, isPassing: false },
      { container: "main", resource: GPU, count: 2, isPassing: false },
    ]);
    expect(deviceNeeds(wanted, () => false)).toEqual([]);
  });

  it("takes what the pod had before it first, then what is free, never what others have or what is ill", () => {
    const offer = choices(need, new Set(["a", "b", "c", "d"]), new Set(["a", "d"]), new Set(["d", "ill"]));
    expect(offer).toEqual({ mustHave: ["d"], available: ["b", "c"] });
    expect(chosen(2, offer, ["c", "stranger"])).toEqual(["d", "c"]);
    expect(chosen(2, offer, [])).toEqual(["d", "b"]);
    expect(() => choices(need, new Set(["a"]), new Set(), new Set())).toThrow(
      "requested number of devices unavailable for example.com/gpu. Requested: 2, Available: 1",
    );
  });
});

describe("a registration", () => {
  it.each([
    ["v1beta1", GPU, undefined],
    ["v1alpha", GPU, 'requested API version "v1alpha" is not supported by kubelet. Supported version is "v1beta1"'],
    ["v1beta1", "gpu", 'the ResourceName "gpu" is invalid'],
    ["v1beta1", "kubernetes.io/gpu", 'the ResourceName "kubernetes.io/gpu" is invalid'],
    ["v1beta1", "../../etc/x", 'the ResourceName "../../etc/x" is invalid'],
  ])("%s %s", (version, resource, problem) => {
    expect(registrationProblem(version, resource)).toBe(problem);
  });
});

describe("a grant", () => {
  it("never takes the place of what the pod itself says", () => {
    const spec = {
      env: [{ name: "A", value: "own" }],
      mounts: [{ containerPath: "/m", hostPath: "/own" }],
      devices: [],
      annotations: { k: "own" },
    } as unknown as Parameters<typeof withGrant>[0];
    const mount = (containerPath: string) => ({
      containerPath,
      hostPath: "/h",
      isReadOnly: true,
      propagation: "private" as const,
    });
    const grant = {
      env: { A: "x", B: "y" },
      mounts: [mount("/m"), mount("/n")],
      devices: [],
      annotations: { k: "x", l: "y" },
    };
    expect(withGrant(spec, grant)).toMatchObject({
      env: [
        { name: "A", value: "own" },
        { name: "B", value: "y" },
      ],
      mounts: [{ hostPath: "/own" }, { containerPath: "/n" }],
      annotations: { k: "own", l: "y" },
    });
  });
});

describe("devices of a plugin", () => {
  let folder: string;
  let manager: DeviceManager;
  let plugin: TestDevicePlugin;
  let registration: { close(): void };
  const checkpoint = () => new DeviceCheckpoint(join(folder, "kubelet_internal_checkpoint"), silentLogger);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "kubernode-devices-"));
    manager = new DeviceManager(checkpoint(), systemClock, silentLogger);
    registration = await serveDeviceRegistration(folder, manager);
    plugin = new TestDevicePlugin(GPU, folder, { a: "Healthy", b: "Healthy", c: "Unhealthy" });
    await plugin.serve();
    await plugin.register();
    await until(() => manager.counts().allocatable[GPU] === 2);
  });

  afterEach(() => {
    plugin.close();
    registration.close();
    manager.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("are counted, and given to one pod at a time with the plugin's preference", async () => {
    expect(manager.counts()).toEqual({ capacity: { [GPU]: 3 }, allocatable: { [GPU]: 2 } });
    const first = pod("first", [container("main", 1)]);
    expect(await manager.admit(first, [])).toBeUndefined();
    expect(await manager.prepare("first", "main")).toEqual({
      env: { DEVICES: "b" },
      mounts: [{ containerPath: "/gift", hostPath: folder, isReadOnly: true, propagation: "private" }],
      devices: [{ containerPath: "/dev/gift", hostPath: "/dev/null", permissions: "rw" }],
      annotations: { "example.com/given": "yes" },
    });
    expect(plugin.calls).toEqual(["Allocate b", "PreStartContainer b"]);
    expect(await manager.admit(pod("second", [container("main", 2)]), [first])).toEqual({
      reason: "UnexpectedAdmissionError",
      message:
        "Allocate failed due to requested number of devices unavailable for example.com/gpu. Requested: 2, Available: 1, which is unexpected",
    });
    // The first pod has ended: what it had is free.
    expect(await manager.admit(pod("third", [container("main", 2)]), [])).toBeUndefined();
  });

  it("go from an init container that ends to the containers after it, but not from a sidecar", async () => {
    const passing = pod("p", [container("main", 2)], [container("setup", 2)]);
    expect(await manager.admit(passing, [])).toBeUndefined();
    const sidecar = pod("q", [container("main", 1)], [container("side", 2, { restartPolicy: "Always" })]);
    expect((await manager.admit(sidecar, []))?.reason).toBe("UnexpectedAdmissionError");
  });

  it("are remembered through a restart of the kubelet, and cannot be had before the plugin is back", async () => {
    const first = pod("first", [container("main", 1)]);
    await manager.admit(first, []);
    manager.close();
    const next = new DeviceManager(checkpoint(), systemClock, silentLogger);
    expect(next.counts()).toEqual({ capacity: { [GPU]: 3 }, allocatable: { [GPU]: 0 } });
    expect((await next.prepare("first", "main")).env).toEqual({ DEVICES: "b" });
    expect((await next.admit(pod("second", [container("main", 1)]), [first]))?.message).toContain(
      "unregistered device",
    );
    next.close();
  });

  it("follow what the plugin tells, and are lost with it", async () => {
    plugin.change({ a: "Healthy", b: "Unhealthy", c: "Unhealthy", d: "Unhealthy" });
    await until(() => manager.counts().capacity[GPU] === 4 && manager.counts().allocatable[GPU] === 1);
    plugin.close();
    await until(() => manager.counts().allocatable[GPU] === 0);
    expect(manager.counts().capacity[GPU]).toBe(4);
  });

  it("are not given when the kubelet is told of another version", async () => {
    await expect(plugin.register("v9")).rejects.toThrow("is not supported by kubelet");
  });

  it("begin anew when the checkpoint is garbage", () => {
    const path = join(folder, "kubelet_internal_checkpoint");
    for (const garbage of ["", "{", "null", '{"Data":{"PodDeviceEntries":7}}']) {
      writeFileSync(path, garbage);
      expect(checkpoint().read().PodDeviceEntries).toEqual([]);
    }
    expect(readFileSync(path, "utf8")).toContain("7");
  });
});
