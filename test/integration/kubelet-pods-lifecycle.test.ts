/** What pods share with their node, how they are hooked into, probed and ended, on a real containerd. Needs root. */
import { readFileSync, readlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Container, PodSpec } from "../../shared/api/generated/core/v1.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { conditionOf, containerOf, FOREVER, isOver, isReady, NodePods, shell } from "../support/node-pods.ts";
import { until } from "../support/until.ts";

const START_TIMEOUT_MS = 120_000;

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;
let server: Server;
const asked: Pick<IncomingMessage, "url" | "headers">[] = [];

beforeAll(async () => {
  server = createServer(({ url = "", headers }, response) => {
    asked.push({ url, headers });
    response.writeHead(url.startsWith("/bad") ? 500 : 200).end("answer");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  api = await startTestApiServer();
  node = new KubeletNode(api);
  pods = new NodePods(api, node);
  await pods.prepare();
  await node.start();
}, START_TIMEOUT_MS);

afterAll(async () => {
  server?.close();
  server?.closeAllConnections();
  await node?.close();
  await api?.stop();
}, START_TIMEOUT_MS);

function port(): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const urls = (): string[] => asked.map(({ url }) => url ?? "");

/** What the first container wrote to its standard output. */
function output(name: string, uid = ""): string {
  const file = join(node.folder, "kubelet-root", "pod-logs", `${pods.namespace}_${name}_${uid}`, "main", "0.log");
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ").slice(3).join(" "))
    .join("\n");
}

async function outputOf(name: string, script: string, spec: Partial<PodSpec>): Promise<string[]> {
  await pods.create(name, { restartPolicy: "Never", containers: [shell(script)], ...spec });
  const pod = await pods.until(name, isOver);
  const lines = output(name, pod.metadata.uid).split("\n");
  await pods.end(name);
  return lines;
}

describe("a pod and its node", () => {
  it("share what the pod asks for, and nothing else", async () => {
    const script = "hostname; readlink /proc/self/ns/ipc; readlink /proc/self/ns/net; ps | wc -l";
    const own = (kind: string): string => readlinkSync(`/proc/self/ns/${kind}`);
    const [alone, shared] = await Promise.all([
      outputOf("alone", script, {}),
      outputOf("sharing", script, { hostNetwork: true, hostPID: true, hostIPC: true }),
    ]);
    expect(alone[0]).toBe("alone");
    expect(alone.slice(1, 3)).not.toContain(own("ipc"));
    expect(alone.slice(1, 3)).not.toContain(own("net"));
    expect(shared[0]).toBe(hostname());
    expect(shared.slice(1, 3)).toEqual([own("ipc"), own("net")]);
    expect(Number(shared[3])).toBeGreaterThan(Number(alone[3]));
  });

  it("may show the containers of a pod each other's processes", async () => {
    const containers = [shell("sleep 0.5; ps"), shell("sleep 7777", { name: "other" })];
    await pods.create("seen", { shareProcessNamespace: true, restartPolicy: "Never", containers });
    const pod = await pods.until("seen", (pod) => containerOf(pod).state?.terminated !== undefined);
    expect(output("seen", pod.metadata.uid)).toContain("sleep 7777");
    await pods.end("seen");
  });

  it.each([
    ["named", { hostname: "first", subdomain: "web" }, "first"],
    [
      "qualified",
      { hostname: "first", subdomain: "web", setHostnameAsFQDN: true },
      "first.web.default.svc.cluster.local",
    ],
  ])("give a pod the name that it wants: %s", async (name, spec, expected) => {
    expect(await outputOf(name, "hostname; grep -c first.web.default.svc /etc/hosts", spec)).toEqual([expected, "1"]);
  });
});

describe("hooks", () => {
  it("run after the start and before the end: exec, HTTP and sleep", async () => {
    const at = (path: string) => ({ httpGet: { host: "127.0.0.1", port: port(), path } });
    await pods.create("hooked", {
      terminationGracePeriodSeconds: 10,
      containers: [
        shell(`until test -f /tmp/started; do sleep 0.1; done; ${FOREVER}`, {
          lifecycle: { postStart: { exec: { command: ["touch", "/tmp/started"] } }, preStop: at("/stop") },
        }),
        shell(FOREVER, { name: "web", lifecycle: { postStart: at("/start"), preStop: { sleep: { seconds: 1 } } } }),
      ],
    });
    await pods.until("hooked", isReady);
    expect(urls()).toContain("/start");
    expect(urls()).not.toContain("/stop");
    const startedAt = performance.now();
    await pods.end("hooked");
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1000);
    expect(urls()).toContain("/stop");
  });

  it("that fail after the start end the container; events keep what they said to themselves", async () => {
    const lifecycle = { postStart: { exec: { command: ["sh", "-c", "echo secret; exit 3"] } } };
    await pods.create("unhooked", { containers: [shell(FOREVER, { lifecycle })] });
    await pods.until("unhooked", (pod) => containerOf(pod).state?.waiting?.reason === "PostStartHookError");
    await until(async () => (await pods.events("unhooked")).includes("FailedPostStartHook: PostStartHook failed"));
    expect((await pods.events("unhooked")).join()).not.toContain("secret");
    await pods.end("unhooked");
  });

  it("have no say in the signal that a container asked for", async () => {
    const script =
      "trap 'echo usr1; exit 0' USR1; trap 'echo term; exit 1' TERM; echo ready; while true; do sleep 0.1; done";
    const container = shell(script, { lifecycle: { stopSignal: "SIGUSR1" } });
    await pods.create("signalled", {
      os: { name: "linux" },
      terminationGracePeriodSeconds: 20,
      activeDeadlineSeconds: 2,
      containers: [container],
    });
    const pod = await pods.until("signalled", isOver);
    expect(pod.status).toMatchObject({ phase: "Failed", reason: "DeadlineExceeded" });
    expect(containerOf(pod)).toMatchObject({ stopSignal: "SIGUSR1", state: { terminated: { exitCode: 0 } } });
    expect(output("signalled", pod.metadata.uid)).toBe("ready\nusr1");
    await pods.end("signalled");
  });
});

describe("readiness", () => {
  it("waits for the gates that others open", async () => {
    const gate = "example.com/open";
    await pods.create("gated", { readinessGates: [{ conditionType: gate }] });
    const closed = await pods.until("gated", (pod) => conditionOf(pod, "ContainersReady")?.status === "True");
    expect(conditionOf(closed, "Ready")).toMatchObject({
      status: "False",
      reason: "ReadinessGatesNotReady",
      message: `corresponding condition of pod readiness gate "${gate}" does not exist.`,
    });
    await pods.patch("gated", { status: { conditions: [{ type: gate, status: "True" }] } }, "status");
    await pods.until("gated", isReady);
    await pods.patch("gated", { status: { conditions: [{ type: gate, status: "False" }] } }, "status");
    const shut = await pods.until("gated", (pod) => !isReady(pod));
    expect(conditionOf(shut, "Ready")?.message).toBe(
      `the status of pod readiness gate "${gate}" is not "True", but False`,
    );
    await pods.end("gated");
  });
});

describe("probes", () => {
  it("over HTTP send their headers, to their host and path", async () => {
    const httpGet = {
      host: "127.0.0.1",
      port: port(),
      path: "/ready?x=1",
      httpHeaders: [
        { name: "X-Own", value: "yes" },
        { name: "Host", value: "example.com" },
      ],
    };
    await pods.create("asked", { containers: [shell(FOREVER, { readinessProbe: { httpGet, periodSeconds: 1 } })] });
    await pods.until("asked", isReady);
    const request = asked.find(({ url }) => url === "/ready?x=1");
    expect(request?.headers).toMatchObject({ "x-own": "yes", host: "example.com" });
    expect(request?.headers["user-agent"]).toMatch(/^kube-probe\/1\./);
    await pods.end("asked");
  });

  it("over TCP tell a port that listens from one that does not", async () => {
    const probe = (number: number) => ({ tcpSocket: { port: number }, periodSeconds: 1 });
    const container = (name: string, number: number): Container =>
      shell("nc -lk -p 9000 -e true || httpd -f -p 9000", { name, readinessProbe: probe(number) });
    await pods.create("listening", {
      containers: [container("main", 9000), shell(FOREVER, { name: "deaf", readinessProbe: probe(9001) })],
    });
    const pod = await pods.until("listening", (pod) => containerOf(pod).ready);
    expect(containerOf(pod, "deaf").ready).toBe(false);
    await until(async () =>
      (await pods.events("listening")).some((text) =>
        /^Unhealthy: Readiness probe failed: dial tcp [\d.]+:9001: connect: connection refused$/.test(text),
      ),
    );
    await pods.end("listening");
  });

  it("at the start hold back the others, and end what does not start, with a grace of their own", async () => {
    const exec = (script: string) => ({ exec: { command: ["sh", "-c", script] }, periodSeconds: 1 });
    await pods.create("slow-start", {
      terminationGracePeriodSeconds: 600,
      containers: [
        shell(`sleep 1; touch /tmp/up; ${FOREVER}`, {
          startupProbe: { ...exec("test -f /tmp/up"), failureThreshold: 30 },
          livenessProbe: { ...exec("test -f /tmp/up"), failureThreshold: 1 },
        }),
        shell("trap '' TERM; while true; do sleep 0.1; done", {
          name: "never",
          startupProbe: { ...exec("false"), failureThreshold: 1, terminationGracePeriodSeconds: 1 },
        }),
      ],
    });
    const pod = await pods.until(
      "slow-start",
      (pod) => containerOf(pod).started === true && containerOf(pod, "never").restartCount > 0,
    );
    expect(containerOf(pod).restartCount).toBe(0);
    expect(containerOf(pod, "never").started).toBe(false);
    expect(await pods.events("slow-start")).toContain(
      "Killing: Container never failed startup probe, will be restarted",
    );
    await pods.end("slow-start", 0);
  });
});
