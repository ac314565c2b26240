/** The node itself on a real containerd and on disks that are really full: what it says, refuses, evicts. Needs root. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { ociArchive } from "../../cli/image/oci-archive.ts";
import type { Node, ServiceAccount } from "../../shared/api/generated/core/v1.ts";
import { events, nodes, serviceAccounts } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { TestDevicePlugin } from "../support/device-plugin.ts";
import { TOOLBOX_IMAGE, toolboxWith } from "../support/images.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { conditionOf, FOREVER, isOver, isReady, NodePods, shell } from "../support/node-pods.ts";
import { until } from "../support/until.ts";

const START_TIMEOUT_MS = 120_000;
const MI = 1024 ** 2;
/** The disks of pods and of images: small, so that they can be filled. */
const DISK_BYTES = 128 * MI;
const BULKY_IMAGE = "kubernode.test/bulky:1";
const CONFIGURATION = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  kubeReserved: { cpu: "100m", memory: "64Mi" },
  systemReserved: { "ephemeral-storage": "8Mi" },
  evictionHard: { "memory.available": "1Mi", "nodefs.available": "30%", "imagefs.available": "30%" },
  evictionPressureTransitionPeriod: "2s",
  shutdownGracePeriod: "4s",
  shutdownGracePeriodCriticalPods: "2s",
  registerWithTaints: [{ key: "example.com/new", value: "yes", effect: "PreferNoSchedule" }],
};

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;

function mountDisk(path: string): void {
  mkdirSync(path, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES},mode=755`, "kubernode-test", path]);
}

beforeAll(async () => {
  api = await startTestApiServer();
  node = new KubeletNode(api, { config: "kubelet.yaml" });
  pods = new NodePods(api, node);
  writeFileSync(join(node.folder, "kubelet.yaml"), JSON.stringify(CONFIGURATION));
  mountDisk(join(node.folder, "kubelet-root"));
  mountDisk(join(node.folder, "containerd"));
  await pods.prepare();
  await node.start();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await api?.stop();
}, START_TIMEOUT_MS);

const getNode = (): Promise<Node> => api.client.get(nodes, { name: node.name });
const nodeCondition = ({ status }: Node, type: string) => status?.conditions?.find((one) => one.type === type);

async function untilNode(check: (node: Node) => boolean, timeoutMs = 30_000): Promise<Node> {
  let last: Node | undefined;
  try {
    await until(async () => {
      last = await getNode();
      return check(last);
    }, timeoutMs);
  } catch (error) {
    throw new Error(`node: ${JSON.stringify(last?.status)}\n${node.kubeletLog}`, { cause: error });
  }
  return last ?? getNode();
}

/** As `kubectl describe node` finds them. */
async function nodeEvents(): Promise<string[]> {
  const { items } = await api.client.list(events, {
    namespace: "default",
    fieldSelector: `involvedObject.kind=Node,involvedObject.uid=${node.name}`,
  });
  return items.map(({ reason, message }) => `${reason ?? ""}: ${message ?? ""}`);
}

interface Asking {
  readonly method?: string;
  readonly isAdmin?: boolean;
  readonly token?: string;
}

/** What the kubelet's server answers. */
function ask(
  path: string,
  { method = "GET", isAdmin = true, token }: Asking = {},
): Promise<{
  status: number;
  text: string;
}> {
  const identity = isAdmin ? { cert: api.admin.certificate, key: api.admin.key } : {};
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const options = {
    host: "127.0.0.1",
    port: node.port,
    path,
    method,
    headers,
    rejectUnauthorized: false,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    request({ ...options, ...identity }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on("error", reject)
      .end();
  });
}

describe("the node", () => {
  it("keeps back what its configuration reserves, and registers with the configured taints", async () => {
    const { status, spec } = await getNode();
    expect(status?.capacity?.["ephemeral-storage"]).toBe("128Mi");
    expect(Number(status?.allocatable?.["ephemeral-storage"])).toBe(DISK_BYTES - 8 * MI - Math.floor(DISK_BYTES * 0.3));
    const kib = (text = ""): number => Number(text.replace("Ki", ""));
    expect(kib(status?.capacity?.["memory"]) - kib(status?.allocatable?.["memory"])).toBe(65 * 1024);
    expect(status?.allocatable?.["cpu"]).toMatch(/^\d+900m$|^900m$/);
    expect(Object.keys(status?.capacity ?? {})).toContain("pods");
    expect(spec?.taints).toContainEqual({ key: "example.com/new", value: "yes", effect: "PreferNoSchedule" });
  });

  it("tells of its start and of its conditions in events that kubectl describe shows", async () => {
    await until(async () => {
      const reasons = (await nodeEvents()).map((text) => text.split(":")[0]);
      return ["Starting", "NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeReady"].every((reason) =>
        reasons.includes(reason),
      );
    });
  });

  it("keeps an extended resource that somebody added, and makes it allocatable", async () => {
    await api.client.patch(
      nodes,
      { name: node.name },
      "merge",
      { status: { capacity: { "example.com/dongle": "3" } } },
      { subresource: "status" },
    );
    await untilNode(({ status }) => status?.allocatable?.["example.com/dongle"] === "3");
  });
});

describe("pods that do not fit", () => {
  const cases = [
    ["nodeaffinity", { nodeSelector: { disk: "gold" } }, "NodeAffinity", "Predicate NodeAffinity failed"],
    [
      "cpu",
      { containers: [shell(FOREVER, { resources: { requests: { cpu: "999" } } })] },
      "OutOfcpu",
      "Node didn't have enough resource: cpu, requested: 999000, used: 0",
    ],
    [
      "sysctl",
      { securityContext: { sysctls: [{ name: "kernel.shmmax", value: "1" }] } },
      "SysctlForbidden",
      'forbidden sysctl: "kernel.shmmax" not allowlisted',
    ],
  ] as const;

  it.each(cases)(
    "%s: fail with upstream's reason and message, and an event says so",
    async (name, spec, reason, text) => {
      await pods.create(name, spec as object);
      const { status } = await pods.until(name, isOver);
      expect(status).toMatchObject({ phase: "Failed", reason });
      expect(status?.message).toContain(`Pod was rejected: ${text}`);
      expect(status?.containerStatuses).toBeUndefined();
      await until(async () => (await pods.events(name)).some((event) => event.startsWith(`${reason}: ${text}`)));
      await pods.end(name);
    },
  );

  it("are judged beside those that run, after a restart of the kubelet, too", async () => {
    const half = async (name: string) => {
      const cpus = Number.parseInt((await getNode()).status?.capacity?.["cpu"] ?? "1", 10);
      const resources = { requests: { cpu: `${cpus * 600}m` } };
      return pods.create(name, { containers: [shell(FOREVER, { resources })] });
    };
    await half("first");
    const { status } = await pods.until("first", isReady);
    await node.killKubelet();
    await node.startKubelet();
    await half("second");
    expect((await pods.until("second", isOver)).status?.reason).toBe("OutOfcpu");
    const after = await pods.get("first");
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(status?.containerStatuses?.[0]?.containerID);
    expect(after.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    await Promise.all([pods.end("first"), pods.end("second")]);
  });
});

describe("devices of a plugin", () => {
  const GIFT = "example.com/gift";

  it("are in the node's status, and in the containers that ask for them", async () => {
    const plugin = new TestDevicePlugin(GIFT, join(node.folder, "kubelet-root", "device-plugins"), {
      one: "Healthy",
      two: "Unhealthy",
    });
    await plugin.serve();
    await plugin.register();
    await untilNode(({ status }) => status?.capacity?.[GIFT] === "2" && status.allocatable?.[GIFT] === "1");
    const resources = { limits: { [GIFT]: "1" } };
    const script = "echo $DEVICES; test -c /dev/gift && test -d /gift && echo given";
    await pods.create("gifted", { restartPolicy: "Never", containers: [shell(script, { resources })] });
    expect((await pods.until("gifted", isOver)).status?.phase).toBe("Succeeded");
    const log = (await ask("/containerLogs/default/gifted/main")).text;
    expect(log).toBe("one\ngiven\n");
    await pods.create("greedy-for-gifts", { containers: [shell(FOREVER, { resources: { limits: { [GIFT]: "2" } } })] });
    expect((await pods.until("greedy-for-gifts", isOver)).status?.reason).toBe(`OutOf${GIFT}`);
    plugin.close();
    await untilNode(({ status }) => status?.capacity?.[GIFT] === "2" && status.allocatable?.[GIFT] === "0");
    await Promise.all([pods.end("gifted"), pods.end("greedy-for-gifts")]);
  });
});

describe("what the kubelet serves", () => {
  it("tells scrapers of containers with the names and labels that dashboards read", async () => {
    const probe = { exec: { command: ["true"] }, periodSeconds: 1 };
    await pods.create("seen", { containers: [shell(FOREVER, { readinessProbe: probe })] });
    await pods.until("seen", isReady);
    const cadvisor = (await ask("/metrics/cadvisor")).text;
    for (const name of ["cpu_usage_seconds_total", "memory_working_set_bytes", "fs_usage_bytes"]) {
      expect(cadvisor).toMatch(
        new RegExp(`^container_${name}\\{container="main",.*namespace="default",pod="seen"`, "m"),
      );
    }
    expect(cadvisor).toMatch(/^container_network_receive_bytes_total\{.*pod="seen",interface="eth0"\} [1-9]/m);
    expect((await ask("/metrics/resource")).text).toContain(
      'container_memory_working_set_bytes{container="main",namespace="default",pod="seen"}',
    );
    expect((await ask("/metrics/probes")).text).toMatch(
      /prober_probe_total\{probe_type="Readiness",result="successful",container="main",pod="seen"/,
    );
    const summary = JSON.parse((await ask("/stats/summary")).text) as { pods: { podRef: { name: string } }[] };
    expect(summary.pods.find(({ podRef }) => podRef.name === "seen")).toMatchObject({
      containers: [{ name: "main", memory: {}, rootfs: {}, logs: {} }],
      network: { name: "eth0" },
      process_stats: {},
    });
    const configz = JSON.parse((await ask("/configz")).text) as object;
    expect(configz).toMatchObject({ kubeletconfig: { shutdownGracePeriod: "4s", kubeReserved: { cpu: "100m" } } });
  });

  it("runs commands, and says clearly what it cannot do", async () => {
    const run = await ask("/run/default/seen/main?cmd=echo%20hello", { method: "POST" });
    expect(run).toEqual({ status: 200, text: "hello\n" });
    expect((await ask("/run/default/nobody/main?cmd=id", { method: "POST" })).status).toBe(404);
    const checkpoint = await ask("/checkpoint/default/seen/main", { method: "POST" });
    expect(checkpoint.status).toBe(500);
    expect(checkpoint.text).toContain("cannot checkpoint");
    await pods.end("seen");
  });

  it("knows nobody without a credential, and tells others what they lack", async () => {
    expect(await ask("/pods", { isAdmin: false })).toEqual({ status: 401, text: "Unauthorized" });
    const answer = await api.client.writeSubresource<ServiceAccount, object, { status: { token: string } }>(
      serviceAccounts,
      { namespace: "default", name: "default" },
      "token",
      "POST",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
    );
    const { token } = answer.status;
    const refused = await ask("/metrics/cadvisor", { isAdmin: false, token });
    expect(refused).toEqual({
      status: 403,
      text: "Forbidden (user=system:serviceaccount:default:default, verb=get, resource=nodes, subresource(s)=[metrics])",
    });
    for (const path of ["/healthz", "/healthz/ping", "/healthz/syncloop"]) {
      expect(await ask(path)).toEqual({ status: 200, text: "ok" });
    }
  });
});

describe("pods that take too much of the disk", () => {
  const scratch = { volumes: [{ name: "scratch", emptyDir: {} }] };
  const writer = (mebibytes: number) =>
    shell(`dd if=/dev/zero of=/scratch/file bs=1M count=${mebibytes}; ${FOREVER}`, {
      volumeMounts: [{ name: "scratch", mountPath: "/scratch" }],
    });

  it("are evicted when they break a limit of their own, and say which", async () => {
    await pods.create("volume-limit", {
      volumes: [{ name: "scratch", emptyDir: { sizeLimit: "1Mi" } }],
      containers: [writer(4)],
    });
    await pods.create("storage-limit", {
      ...scratch,
      containers: [{ ...writer(4), resources: { limits: { "ephemeral-storage": "2Mi" } } }],
    });
    const [one, other] = await Promise.all([pods.until("volume-limit", isOver), pods.until("storage-limit", isOver)]);
    const message = 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ';
    expect(one.status).toMatchObject({ phase: "Failed", reason: "Evicted", message });
    expect(conditionOf(one, "DisruptionTarget")).toMatchObject({
      status: "True",
      reason: "TerminationByKubelet",
      message,
    });
    expect(other.status?.message).toBe("Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ");
    await Promise.all([pods.end("volume-limit"), pods.end("storage-limit")]);
  });

  it("are evicted in order when the node's disk is full; the node recovers and takes pods again", async () => {
    await pods.create("modest", {});
    await pods.until("modest", isReady);
    await pods.create("greedy", { ...scratch, containers: [writer(100)] });
    const full = await untilNode((one) => nodeCondition(one, "DiskPressure")?.status === "True");
    expect(nodeCondition(full, "DiskPressure")?.reason).toBe("KubeletHasDiskPressure");
    const { status } = await pods.until("greedy", isOver);
    expect(status).toMatchObject({ phase: "Failed", reason: "Evicted" });
    expect(status?.message).toMatch(
      /^The node was low on resource: ephemeral-storage\. Threshold quantity: \d+\w*, available: \d+\w*\. /,
    );
    await pods.create("late", {});
    const late = await pods.until("late", (pod) => isOver(pod) || isReady(pod));
    if (isOver(late)) expect(late.status?.message).toBe("Pod was rejected: The node had condition: [DiskPressure]. ");
    await pods.end("greedy");
    await untilNode((one) => nodeCondition(one, "DiskPressure")?.status === "False");
    expect((await pods.get("modest")).status?.phase).toBe("Running");
    await pods.create("after", {});
    await pods.until("after", isReady);
    const told = await nodeEvents();
    expect(told).toContain("EvictionThresholdMet: Attempting to reclaim ephemeral-storage");
    await Promise.all(["late", "after", "modest"].map((name) => pods.end(name)));
  });

  it("make room by unused images first when it is the disk of images that is full", async () => {
    const tagsOf = async () => (await node.runtime.listImages()).flatMap(({ tags }) => tags);
    const archive = join(node.folder, "bulky.tar");
    // Nothing that other images share, and nothing that becomes smaller.
    const file = { path: "bulk", mode: 0o644, content: randomBytes(6 * MI) };
    writeFileSync(archive, ociArchive(toolboxWith({ reference: BULKY_IMAGE, files: [file] })));
    await node.loadImages(archive);
    await pods.create("user", {});
    await pods.until("user", isReady);
    const ballast = join(node.folder, "containerd", "ballast");
    try {
      // So little too full that unused images are enough.
      const { bavail, bsize } = statfsSync(join(node.folder, "containerd"));
      writeFileSync(ballast, Buffer.alloc(Math.floor(bavail * bsize - DISK_BYTES * 0.3 + MI)));
      await until(async () => !(await tagsOf()).includes(BULKY_IMAGE), 30_000);
      expect(await tagsOf()).toContain(TOOLBOX_IMAGE);
      expect((await pods.get("user")).status?.phase).toBe("Running");
    } finally {
      rmSync(ballast, { force: true });
    }
    await untilNode((one) => nodeCondition(one, "DiskPressure")?.status === "False");
    expect(await node.isReady()).toBe(true);
    await pods.end("user");
  });
});

describe("a machine that goes down", () => {
  it("ends ordinary pods before critical ones and takes no more", async () => {
    await pods.create("app", {});
    await pods.until("app", isReady);
    node.signalKubelet("SIGPWR");
    const { status } = await pods.until("app", isOver);
    expect(status).toMatchObject({
      phase: "Failed",
      reason: "Terminated",
      message: "Pod was terminated in response to imminent node shutdown.",
    });
    await untilNode((one) => nodeCondition(one, "Ready")?.message === "node is shutting down");
    await pods.create("too-late", {});
    expect((await pods.until("too-late", isOver)).status).toMatchObject({
      reason: "NodeShutdown",
      message: "Pod was rejected: Pod was rejected as the node is shutting down.",
    });
  });
});
