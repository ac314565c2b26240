/**
 * A cluster whose containers run on the Docker Engine: what goes through the Engine's own streams and settings, with
 * kubectl. Where no dockerd can be had, the suite counts as skipped.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { startTestCluster, type TestCluster } from "../support/cluster.ts";
import { findDockerd } from "../support/docker-daemon.ts";
import { fetchText } from "../support/http-get.ts";
import { TOOLBOX_IMAGE, webImage } from "../support/images.ts";
import type { Kubectl } from "../support/kubectl.ts";
import { manifest } from "../support/manifests.ts";
import { until } from "../support/until.ts";

const MINUTE_MS = 60_000;
const HOST_PORT = 28_471;

const pod = (name: string, spec: object): Record<string, unknown> => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 1, ...spec },
});
const toolbox = (name: string, more: object = {}): object => ({
  name,
  image: TOOLBOX_IMAGE,
  imagePullPolicy: "Never",
  ...more,
});

const PODS = [
  pod("shared", {
    shareProcessNamespace: true,
    securityContext: {
      supplementalGroups: [4444],
      sysctls: [{ name: "net.ipv4.ip_local_port_range", value: "20000 21000" }],
    },
    containers: [
      {
        ...toolbox("web", { ports: [{ containerPort: 8080, hostPort: HOST_PORT }] }),
        image: webImage(1),
        resources: { limits: { memory: "50Mi", cpu: "200m" } },
      },
      toolbox("reader", { command: ["sh", "-c", "read line; echo got $line"], stdin: true, stdinOnce: true }),
    ],
    restartPolicy: "Never",
  }),
  pod("host", {
    hostNetwork: true,
    hostPID: true,
    hostIPC: true,
    containers: [toolbox("main", { securityContext: { privileged: true } })],
  }),
  pod("confined", {
    containers: [
      toolbox("main", {
        securityContext: {
          runAsUser: 1234,
          runAsGroup: 5678,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          seccompProfile: { type: "RuntimeDefault" },
        },
      }),
    ],
  }),
  pod("loopback", {
    containers: [toolbox("main", { command: ["httpd", "-f", "-p", "127.0.0.1:9090", "-h", "/etc"] })],
  }),
];

function describeDocker(): void {
  let cluster: TestCluster;
  let kubectl: Kubectl;

  beforeAll(async () => {
    cluster = await startTestCluster("sqlite", "--runtime", "docker");
    kubectl = cluster.kubectl();
    for (const one of PODS) kubectl.run(["apply", "-f", "-"], manifest(one));
    kubectl.run(["wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s"]);
  }, 3 * MINUTE_MS);
  afterAll(async () => {
    await cluster.remove();
    expect(["/etc/docker/key.json", "/run/docker"].filter((path) => existsSync(path))).toEqual([]);
  }, MINUTE_MS);

  const shell = (name: string, script: string, ...options: string[]) =>
    kubectl.try(["exec", name, ...options, "--", "sh", "-c", script]);

  it("names its runtime and its containers after it", () => {
    expect(kubectl.run(["get", "nodes", "-o", "wide"])).toMatch(/docker:\/\/\d+\.\d+/);
    const { status } = kubectl.json<Pod>(["get", "pod", "confined"]);
    expect(status?.containerStatuses?.[0]?.containerID).toMatch(/^docker:\/\/[0-9a-f]{64}$/);
    expect(cluster.status().components.find(({ name }) => name === "dockerd")).toMatchObject({ healthy: true });
  });

  it("runs commands with their own streams, input and exit code", () => {
    const ended = shell("shared", "echo out; echo err >&2; exit 3", "-c", "web");
    expect(ended).toMatchObject({ code: 3, stdout: "out\n" });
    expect(ended.stderr).toMatch(/^err\n/);
    const text = "some lines\n".repeat(100_000);
    const { stdout } = kubectl.try(["exec", "-i", "shared", "-c", "web", "--", "cat"], text);
    expect(stdout === text).toBe(true);
    const absent = kubectl.try(["exec", "confined", "--", "no-such-program"]);
    expect(absent.code).toBe(126);
    expect(absent.stdout).toContain("executable file not found");
  });

  it("attaches to a container that reads", async () => {
    const attached = kubectl.try(["attach", "-i", "shared", "-c", "reader"], "a line\n");
    expect(attached.stdout).toContain("got a line\n");
    await until(() => kubectl.run(["logs", "shared", "-c", "reader"]) === "got a line\n");
  });

  it("shares processes, groups and settings of the kernel in a pod", () => {
    const { stdout } = shell(
      "shared",
      "ps; id; cat /proc/sys/net/ipv4/ip_local_port_range; cat /etc/resolv.conf",
      "-c",
      "web",
    );
    expect(stdout).toMatch(/^ +1 \S+ +\/pause$/m);
    expect(stdout).toMatch(/groups=0\(root\),4444$/m);
    expect(stdout).toMatch(/^20000\s21000$/m);
    expect(stdout).toMatch(/^search default\.svc\.cluster\.local /m);
  });

  it("gives a privileged container the node's namespaces and what privileges there are", () => {
    const { stdout } = shell("host", "ls /dev | wc -l; ps | wc -l; ls /sys/class/net; grep CapEff /proc/self/status");
    const [devices = 0, processes = 0] = stdout.split("\n").map(Number);
    expect(devices).toBeGreaterThan(20);
    expect(processes).toBeGreaterThan(10);
    expect(stdout).toContain(cluster.cluster.podBridge);
    expect(stdout).toMatch(/CapEff:\s+0000003ff[ef]ffffff/);
  });

  it("confines a container as its pod says", () => {
    const { stdout, stderr } = shell(
      "confined",
      "id; touch /x; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status",
    );
    expect(stdout).toMatch(/^uid=1234 gid=5678/);
    expect(stderr).toContain("Read-only file system");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2");
  });

  it("maps a port of the node to a pod", async () => {
    const { nodeName } = cluster.cluster;
    const address = kubectl.run(["get", "node", nodeName, "-o", "jsonpath={.status.addresses[0].address}"]);
    expect(await fetchText(`http://${address}:${HOST_PORT}/`)).toBe("v1 shared\n");
  });

  it("forwards a port to what only listens inside the pod", async () => {
    const forward = spawn(kubectl.path, ["port-forward", "pod/loopback", ":9090"], { env: kubectl.env, stdio: "pipe" });
    try {
      const [line] = (await once(forward.stdout, "data")) as [Buffer];
      const port = /127\.0\.0\.1:(\d+) ->/.exec(line.toString())?.[1] ?? "";
      for (let round = 0; round < 2; round++) {
        expect(await fetchText(`http://127.0.0.1:${port}/passwd`)).toMatch(/^root:/);
      }
    } finally {
      forward.kill();
    }
  });

  it("resizes a container in place", async () => {
    const resources = { limits: { memory: "70Mi", cpu: "300m" }, requests: { memory: "70Mi", cpu: "300m" } };
    const patch = JSON.stringify({ spec: { containers: [{ name: "web", resources }] } });
    kubectl.run(["patch", "pod", "shared", "--subresource", "resize", "-p", patch]);
    await until(() => {
      const { status } = kubectl.json<Pod>(["get", "pod", "shared"]);
      return status?.containerStatuses?.find(({ name }) => name === "web")?.resources?.limits?.["memory"] === "70Mi";
    });
  });

  it("tells what containers use", async () => {
    const { nodeName } = cluster.cluster;
    await until(() => {
      const text = kubectl.run(["get", "--raw", `/api/v1/nodes/${nodeName}/proxy/stats/summary`]);
      const { pods } = JSON.parse(text) as {
        pods: { podRef: { name: string }; containers: { memory: { workingSetBytes: number } }[] }[];
      };
      const usage = pods.find(({ podRef }) => podRef.name === "shared")?.containers ?? [];
      return usage.length > 0 && usage.every(({ memory }) => memory.workingSetBytes > 0);
    });
  });
}

if (findDockerd() === undefined) {
  it.skip("a cluster on the Docker Engine: there is no dockerd, and none can be fetched", () => {});
} else {
  describe("a cluster on the Docker Engine", describeDocker);
}
