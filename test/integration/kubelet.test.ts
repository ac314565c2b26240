/** Real pods on a real containerd, driven by a real kubelet process with a node's own identity. Needs root. */
import { request } from "node:https";
import type { Container, Pod, PodSpec } from "../../shared/api/generated/core/v1.ts";
import { configMaps, events, leases, nodes, pods, serviceAccounts } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { TOOLBOX_IMAGE } from "../support/images.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { until } from "../support/until.ts";

const NAMESPACE = "default";
const START_TIMEOUT_MS = 120_000;

let api: TestApiServer;
let node: KubeletNode;

beforeAll(async () => {
  api = await startTestApiServer();
  await api.client
    .create(serviceAccounts, { metadata: { name: "default" } }, { namespace: NAMESPACE })
    .catch(() => undefined);
  const data = { "ca.crt": "authority" };
  await api.client.create(configMaps, { metadata: { name: "kube-root-ca.crt" }, data }, { namespace: NAMESPACE });
  node = new KubeletNode(api);
  await node.start();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await api?.stop();
}, START_TIMEOUT_MS);

const shell = (script: string, more: Partial<Container> = {}): Container => ({
  name: "main",
  image: TOOLBOX_IMAGE,
  command: ["sh", "-c", script],
  ...more,
});

const FOREVER = "trap 'exit 0' TERM; while true; do sleep 0.1; done";

async function createPod(
  name: string,
  spec: Partial<PodSpec>,
  metadata: Pick<Pod["metadata"], "labels"> = {},
): Promise<Pod> {
  return api.client.create(
    pods,
    {
      metadata: { name, ...metadata },
      spec: { nodeName: node.name, terminationGracePeriodSeconds: 1, containers: [shell(FOREVER)], ...spec },
    },
    { namespace: NAMESPACE },
  );
}

const getPod = (name: string): Promise<Pod> => api.client.get(pods, { namespace: NAMESPACE, name });

async function untilPod(name: string, check: (pod: Pod) => boolean, timeoutMs = 30_000): Promise<Pod> {
  let last: Pod | undefined;
  try {
    await until(async () => {
      last = await getPod(name);
      return check(last);
    }, timeoutMs);
  } catch (error) {
    throw new Error(`pod ${name}: ${JSON.stringify(last?.status)}\n${node.kubeletLog}`, { cause: error });
  }
  return getPod(name);
}

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
const isOver = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
const waitingReason = (pod: Pod): string | undefined => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;

async function deletePod(name: string, gracePeriodSeconds?: number): Promise<void> {
  await api.client.delete(
    pods,
    { namespace: NAMESPACE, name },
    gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
  );
}

async function untilGone(name: string): Promise<void> {
  await until(
    () =>
      getPod(name).then(
        () => false,
        () => true,
      ),
    30_000,
  );
}

/** What the kubelet's server answers to an administrator, or to nobody. */
function ask(path: string, isAdmin = true): Promise<{ status: number; text: string }> {
  const identity = isAdmin ? { cert: api.admin.certificate, key: api.admin.key } : {};
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: node.port, path, rejectUnauthorized: false, agent: false, ...identity };
    request(options, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    })
      .on("error", reject)
      .end();
  });
}

const logs = async (pod: string, query = ""): Promise<string> =>
  (await ask(`/containerLogs/${NAMESPACE}/${pod}/main${query}`)).text;

describe("the node", () => {
  it("registers itself, is Ready and renews its lease", async () => {
    const { metadata, status } = await api.client.get(nodes, { name: node.name });
    expect(metadata.labels).toMatchObject({ "kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux" });
    expect(status?.conditions?.map(({ type }) => type)).toEqual([
      "MemoryPressure",
      "DiskPressure",
      "PIDPressure",
      "Ready",
    ]);
    expect(status?.capacity).toMatchObject({ pods: "110" });
    expect(status?.nodeInfo?.containerRuntimeVersion?.split("://")[0]).toBe(node.runtimeName);
    await until(() => api.client.get(leases, { namespace: "kube-node-lease", name: node.name }));
  });
});

describe("a pod", () => {
  it("runs, becomes ready with an address, and is gone after a delete", async () => {
    await createPod("plain", {});
    const pod = await untilPod("plain", isReady);
    expect(pod.status).toMatchObject({ phase: "Running", hostIP: "127.0.0.1", qosClass: "BestEffort" });
    expect(pod.status?.podIP).toMatch(/^10\.197\./);
    expect(pod.status?.conditions?.map(({ type }) => type).toSorted()).toEqual([
      "ContainersReady",
      "Initialized",
      "PodReadyToStartContainers",
      "PodScheduled",
      "Ready",
    ]);
    await deletePod("plain");
    await untilGone("plain");
    await until(async () => !(await node.runtime.listPods()).has(pod.metadata.uid ?? ""));
  });

  it("gets its variables, files, hosts file and identity", async () => {
    const data = { key: "value", "file.txt": "content" };
    await api.client.create(configMaps, { metadata: { name: "settings" }, data }, { namespace: NAMESPACE });
    const script = [
      "echo $KEY-$POD_IP-$KUBERNETES_SERVICE_PORT",
      "cat /files/file.txt; echo",
      "cat /one; echo",
      "cat /labels/labels; echo",
      "grep -c alias /etc/hosts",
      "id -u; id -G",
      "cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; echo",
      "test -s /var/run/secrets/kubernetes.io/serviceaccount/token && echo token",
      "echo written > /shared/file && ls /shared",
      "df /memory | tail -1 | cut -d' ' -f1",
      "hostname",
    ].join("\n");
    const mount = (name: string, mountPath: string, subPath?: string) => ({
      name,
      mountPath,
      ...(subPath === undefined ? {} : { subPath }),
    });
    await createPod(
      "files",
      {
        restartPolicy: "Never",
        securityContext: { runAsUser: 1000, fsGroup: 2000 },
        hostAliases: [{ ip: "192.0.2.7", hostnames: ["alias"] }],
        volumes: [
          { name: "map", configMap: { name: "settings" } },
          { name: "labels", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
          { name: "shared", emptyDir: {} },
          { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
        ],
        containers: [
          shell(script, {
            env: [
              { name: "KEY", valueFrom: { configMapKeyRef: { name: "settings", key: "key" } } },
              { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
            ],
            volumeMounts: [
              mount("map", "/files"),
              mount("map", "/one", "file.txt"),
              mount("labels", "/labels"),
              mount("shared", "/shared"),
              mount("memory", "/memory"),
            ],
          }),
        ],
      },
      { labels: { app: "files" } },
    );
    const pod = await untilPod("files", isOver);
    const ip = pod.status?.podIP;
    expect((await logs("files")).split("\n")).toEqual([
      `value-${ip}-443`,
      "content",
      "content",
      'app="files"',
      "1",
      "1000",
      "0 2000",
      "default",
      "token",
      "file",
      "tmpfs",
      "files",
      "",
    ]);
    expect(pod.status?.phase).toBe("Succeeded");
    await deletePod("files");
    await untilGone("files");
  });

  it("runs its init containers first and its sidecars beside the main ones", async () => {
    await createPod("stages", {
      restartPolicy: "Never",
      volumes: [{ name: "work", emptyDir: {} }],
      initContainers: [
        shell("sleep 0.5; echo done > /notes/first", {
          name: "first",
          volumeMounts: [{ name: "work", mountPath: "/notes" }],
        }),
        shell(FOREVER, { name: "side", restartPolicy: "Always" }),
      ],
      containers: [shell("cat /notes/first; sleep 1", { volumeMounts: [{ name: "work", mountPath: "/notes" }] })],
    });
    await untilPod("stages", (pod) => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === "PodInitializing");
    const pod = await untilPod("stages", isOver);
    expect(pod.status?.phase).toBe("Succeeded");
    expect(pod.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.reason)).toEqual([
      "Completed",
      "Completed",
    ]);
    expect(await logs("stages")).toBe("done\n");
    await deletePod("stages");
    await untilGone("stages");
  });

  it("is restarted with a back-off, and says how it ended", async () => {
    await createPod("crash", { containers: [shell("echo before; echo words > /dev/termination-log; exit 3")] });
    const pod = await untilPod("crash", (candidate) => waitingReason(candidate) === "CrashLoopBackOff");
    const [status] = pod.status?.containerStatuses ?? [];
    expect(status?.state?.waiting?.message).toMatch(
      /^back-off 10s restarting failed container=main pod=crash_default\(/,
    );
    expect(status?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: "Error", message: "words\n" });
    expect(status?.restartCount).toBe(1);
    expect(await logs("crash", "?previous=true")).toBe("before\n");
    await deletePod("crash");
    await untilGone("crash");
  });

  it("is told apart when it ran out of memory", async () => {
    const container = shell("tail /dev/zero", { resources: { limits: { memory: "16Mi" } } });
    await createPod("greedy", { restartPolicy: "Never", containers: [container] });
    const pod = await untilPod("greedy", isOver);
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ reason: "OOMKilled", exitCode: 137 });
    await deletePod("greedy");
    await untilGone("greedy");
  });

  it.each([
    ["ErrImageNeverPull", { image: "kubernode.test/none:1", imagePullPolicy: "Never" }],
    ["ImagePullBackOff", { image: "kubernode.invalid/none:1" }],
    ["CreateContainerConfigError", { env: [{ name: "X", valueFrom: { secretKeyRef: { name: "none", key: "x" } } }] }],
    ["CreateContainerConfigError", { securityContext: { runAsNonRoot: true } }],
    ["RunContainerError", { command: ["/not/there"] }],
  ] satisfies [string, Partial<Container>][])("waits with %s", async (reason, container) => {
    const name = `wrong-${reason.toLowerCase()}`;
    await createPod(name, { containers: [shell(FOREVER, container)] });
    const pod = await untilPod(name, (candidate) => waitingReason(candidate) === reason);
    expect(isOver(pod)).toBe(false);
    await deletePod(name);
    await untilGone(name);
  });

  it("waits for a volume that cannot be made, says so, and starts when it can", async () => {
    await createPod("late", {
      volumes: [{ name: "map", configMap: { name: "late" } }],
      containers: [shell(FOREVER, { volumeMounts: [{ name: "map", mountPath: "/map" }] })],
    });
    await until(async () => {
      const { items } = await api.client.list(events, {
        namespace: NAMESPACE,
        fieldSelector: "involvedObject.name=late",
      });
      return items.some(
        ({ reason, message }) => reason === "FailedMount" && message?.includes('configmap "late" not found') === true,
      );
    });
    await api.client.create(configMaps, { metadata: { name: "late" }, data: {} }, { namespace: NAMESPACE });
    await untilPod("late", isReady);
    await deletePod("late");
    await untilGone("late");
  });
});

describe("probes", () => {
  it("keep traffic away until the container is ready, and after it no longer is", async () => {
    const readinessProbe = { exec: { command: ["test", "-f", "/tmp/ready"] }, periodSeconds: 1, failureThreshold: 1 };
    await createPod("probed", {
      containers: [shell(`sleep 1; touch /tmp/ready; sleep 2; rm /tmp/ready; ${FOREVER}`, { readinessProbe })],
    });
    await untilPod("probed", (pod) => pod.status?.phase === "Running" && !isReady(pod));
    await untilPod("probed", isReady);
    await untilPod("probed", (pod) => !isReady(pod));
    await deletePod("probed");
    await untilGone("probed");
  });

  it("restart a container that is no longer alive", async () => {
    const livenessProbe = { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 1 };
    await createPod("sick", { containers: [shell(FOREVER, { livenessProbe })] });
    await untilPod("sick", (pod) => (pod.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
    const { items } = await api.client.list(events, {
      namespace: NAMESPACE,
      fieldSelector: "involvedObject.name=sick",
    });
    expect(items.map(({ message }) => message)).toContain("Container main failed liveness probe, will be restarted");
    await deletePod("sick");
    await untilGone("sick");
  });
});

describe("the end of a pod", () => {
  it("runs preStop, lets the container end by itself, and kills it only after the grace", async () => {
    const preStop = { exec: { command: ["sh", "-c", "echo hook > /proc/1/fd/1"] } };
    const container = shell("trap 'echo term; sleep 1; exit 0' TERM; while true; do sleep 0.1; done", {
      lifecycle: { preStop },
    });
    await createPod("polite", { terminationGracePeriodSeconds: 20, containers: [container] });
    await untilPod("polite", isReady);
    const following = logs("polite", "?follow=true");
    await deletePod("polite");
    expect(await following).toBe("hook\nterm\n");
    await untilGone("polite");
    await createPod("stubborn", { containers: [shell("trap '' TERM; while true; do sleep 0.1; done")] });
    await untilPod("stubborn", isReady);
    await deletePod("stubborn");
    await untilGone("stubborn");
  });

  it("takes a shorter grace that is asked for later", async () => {
    await createPod("slow", {
      terminationGracePeriodSeconds: 600,
      containers: [shell("trap '' TERM; while true; do sleep 0.1; done")],
    });
    await untilPod("slow", isReady);
    await deletePod("slow");
    await untilPod("slow", (pod) => pod.metadata.deletionTimestamp !== undefined);
    await deletePod("slow", 1);
    await untilGone("slow");
  });

  it("comes for a pod that is still starting", async () => {
    const created = await Promise.all(["early-1", "early-2", "early-3"].map((name) => createPod(name, {})));
    await Promise.all(created.map(({ metadata }) => deletePod(metadata.name)));
    await Promise.all(created.map(({ metadata }) => untilGone(metadata.name)));
    await until(async () => {
      const left = await node.runtime.listPods();
      return created.every(({ metadata }) => !left.has(metadata.uid ?? ""));
    });
  });

  it("comes at the deadline of a pod", async () => {
    await createPod("deadline", { activeDeadlineSeconds: 1 });
    const pod = await untilPod("deadline", isOver);
    expect(pod.status).toMatchObject({ phase: "Failed", reason: "DeadlineExceeded" });
    await deletePod("deadline");
    await untilGone("deadline");
  });
});

describe("the kubelet's server", () => {
  it("answers only who is known and allowed", async () => {
    expect((await ask("/pods", false)).status).toBe(401);
    expect((await ask("/healthz")).text).toBe("ok");
    expect((await ask("/metrics")).text).toContain("kubelet_running_pods");
    expect((await ask("/configz")).status).toBe(200);
    expect(JSON.parse((await ask("/stats/summary")).text)).toMatchObject({ node: { nodeName: node.name } });
  });

  it("gives logs in the ways that are asked for", async () => {
    await createPod("chatty", {
      restartPolicy: "Never",
      containers: [shell("for i in 1 2 3 4 5; do echo line $i; done; sleep 0.3; echo error >&2")],
    });
    await untilPod("chatty", isOver);
    expect(await logs("chatty", "?tailLines=2&stream=Stdout")).toBe("line 5\n");
    expect(await logs("chatty", "?limitBytes=4&stream=Stdout")).toBe("line");
    expect(await logs("chatty", "?timestamps=true&tailLines=1")).toMatch(/^\d{4}-\d\d-\d\dT\S+Z error\n$/);
    expect((await ask(`/containerLogs/${NAMESPACE}/chatty/main?tailLines=x`)).status).toBe(400);
    expect((await ask(`/containerLogs/${NAMESPACE}/nobody/main`)).status).toBe(404);
    await deletePod("chatty");
    await untilGone("chatty");
  });
});

describe("after a crash", () => {
  it("of the kubelet, running containers are recognised and left alone", async () => {
    await createPod("steady", {});
    await createPod("doomed", {});
    const before = await untilPod("steady", isReady);
    const doomed = await untilPod("doomed", isReady);
    await node.killKubelet();
    await deletePod("doomed", 0);
    await untilGone("doomed");
    await node.startKubelet();
    await until(async () => !(await node.runtime.listPods()).has(doomed.metadata.uid ?? ""), 30_000);
    const after = await getPod("steady");
    expect(after.status?.containerStatuses).toEqual(before.status?.containerStatuses);
    expect(isReady(after)).toBe(true);
  });

  it("of the runtime, the node says so and comes back with its pods", async () => {
    const before = await getPod("steady");
    await node.killRuntime();
    await until(async () => !(await node.isReady()), 30_000);
    await node.startRuntime();
    await until(() => node.isReady(), 30_000);
    const after = await getPod("steady");
    expect(after.status?.containerStatuses).toEqual(before.status?.containerStatuses);
    await deletePod("steady");
    await untilGone("steady");
  });
});
