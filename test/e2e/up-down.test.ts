/** The first command: from nothing to a Ready node, and back to nothing. */
import { createServer } from "node:net";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultApiPort } from "../../cli/cluster/cluster.ts";
import { allRecords } from "../../cli/cluster/cluster-records.ts";
import { runCommand } from "../../cli/machine/command.ts";
import { startTestCluster, STORES, testCluster, type TestCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";

const MINUTE_MS = 60_000;
const COMPONENTS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "csi-hostpath",
  "containerd",
];

/** The index that the next new cluster gets. */
function nextIndex(): number {
  const taken = new Set(allRecords().map((record) => record.index));
  return [...Array(16).keys()].find((index) => !taken.has(index)) ?? 0;
}

describe.each(STORES)("kubernode up and down with %s", (store) => {
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startTestCluster(store);
  }, 3 * MINUTE_MS);
  afterAll(() => cluster.remove(), MINUTE_MS);

  it("ends with a Ready node", () => {
    const nodes = cluster.kubectl().run(["get", "nodes"]);
    expect(nodes).toMatch(/^\S+\s+Ready\s+control-plane\s+\S+\s+v1\.36\.\d/m);
  });

  it("tells the state of every component as JSON", () => {
    const status = cluster.status();
    expect(status).toMatchObject({ name: cluster.name, ready: true });
    const names = status.components.map((component) => component.name);
    expect(names).toEqual(expect.arrayContaining(store === "etcd" ? [...COMPONENTS, "etcd"] : COMPONENTS));
    for (const component of status.components) {
      expect(component).toMatchObject({ healthy: true, node: cluster.cluster.nodeName });
      expect(component.version).toMatch(/\d+\.\d+/);
      expect(component.pid).toBeGreaterThan(1);
      expect(component.rssBytes).toBeGreaterThan(1_000_000);
    }
  });

  it("runs components as processes under upstream's names", () => {
    for (const name of COMPONENTS) {
      const args = readFileSync(`/proc/${cluster.pid(name)}/cmdline`, "utf8").split("\0");
      expect(args[0]?.split("/").at(-1)).toBe(name);
    }
  });

  it("says at a second up that the cluster runs", () => {
    const again = cluster.kubernode("up", "--detach");
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("runs already");
  });

  it("merges a private kubeconfig and prints one", () => {
    expect(statSync(cluster.kubeconfig).mode & 0o777).toBe(0o600);
    expect(cluster.kubectl().run(["config", "current-context"]).trim()).toBe(`kubernode-${cluster.name}`);
    const printed = join(cluster.kubeconfig, "..", "printed");
    writeFileSync(printed, cluster.kubernode("kubeconfig").stdout, { mode: 0o600 });
    expect(cluster.kubectl().run(["--kubeconfig", printed, "get", "ns", "default", "-o", "name"])).toContain("default");
  });

  it(
    "starts a killed component again",
    async () => {
      const before = cluster.pid("kube-scheduler");
      process.kill(before, "SIGKILL");
      await until(() => cluster.status().ready && cluster.pid("kube-scheduler") !== before);
    },
    MINUTE_MS,
  );

  it(
    "takes over the processes of a crashed supervisor",
    async () => {
      const before = cluster.status();
      const [pid] = readFileSync(join(cluster.cluster.runDir, "kubernode-supervisor.pid"), "utf8").split(" ");
      process.kill(Number(pid), "SIGKILL");
      const again = cluster.kubernode("up", "--detach");
      expect(again.code).toBe(0);
      expect(again.stdout).toContain("taking them over");
      await until(() => cluster.status().ready);
      expect(cluster.status().components.map((component) => component.pid)).toEqual(
        before.components.map((component) => component.pid),
      );
    },
    MINUTE_MS,
  );

  it("lets no packet to an unserved Service or pod address leave the machine", async () => {
    const { serviceCidr, podCidr, voidBridge } = cluster.cluster;
    for (const range of [serviceCidr, podCidr]) {
      const address = range.replace(".0.0/16", ".77.77");
      const route = await runCommand("ip", ["route", "get", address]);
      expect(route.stdout).toContain(`dev ${voidBridge}`);
    }
  });

  it(
    "keeps objects over down and up",
    () => {
      cluster.kubectl().run(["create", "configmap", "kept", "--from-literal=a=1"]);
      const downed = cluster.kubernode("down");
      expect(downed.code).toBe(0);
      expect(downed.stdout).toContain("its data stays");
      expect(cluster.kubernode("status").code).toBe(1);
      const again = cluster.kubernode("up", "--detach");
      expect(again.stdout + again.stderr).toContain("is ready after");
      expect(cluster.kubectl().run(["get", "configmap", "kept", "-o", "jsonpath={.data.a}"])).toBe("1");
    },
    2 * MINUTE_MS,
  );
});

describe("what kubernode says when it cannot", () => {
  /** Never started. */
  const nobody = testCluster();

  afterAll(() => nobody.remove());

  it(
    "names a busy port and who holds it",
    async () => {
      const cluster = testCluster();
      const port = defaultApiPort(nextIndex());
      const listener = createServer().listen(port, "127.0.0.1");
      await once(listener, "listening");
      try {
        const output = cluster.kubernode("up", "--detach");
        expect(output.code).toBe(1);
        expect(output.stderr).toContain(`Port ${port}, which the API server needs, is used by`);
        expect(output.stderr).toContain(`(pid ${process.pid})`);
        expect(output.stderr).toContain("--port");
      } finally {
        listener.close();
        await cluster.remove();
      }
    },
    MINUTE_MS,
  );

  it.each([
    [["up", "--nodes", "3"], "not there yet"],
    [["up", "--store", "redis"], "sqlite or etcd"],
    [["up", "--port", "none"], "is not a port"],
    [["status"], "There is no cluster"],
    [["kubeconfig"], "There is no cluster"],
    [["image", "load", "/etc/passwd"], "There is no cluster"],
  ])("%j is one plain sentence", (args, message) => {
    const output = nobody.kubernode(...args);
    expect(output.code).toBe(1);
    expect(output.stderr).toContain(message);
    expect(output.stderr).not.toContain("    at ");
  });

  it("takes down of a cluster that is not there for done", () => {
    const output = nobody.kubernode("down", "--purge");
    expect(output.code).toBe(0);
    expect(output.stdout).toContain("There is no cluster");
  });
});

describe("clusters side by side", () => {
  it(
    "stop at Ctrl-C in the foreground, and do not disturb each other",
    async () => {
      const first = await startTestCluster("sqlite");
      const second = testCluster();
      try {
        const foreground = second.start("up");
        let text = "";
        foreground.stdout?.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        await until(() => text.includes("Ctrl-C stops the cluster"), 2 * MINUTE_MS);
        expect(first.kubectl().run(["get", "nodes"])).toContain(" Ready ");
        expect(second.kubectl().run(["get", "nodes"])).toContain(" Ready ");
        expect(second.cluster.podCidr).not.toBe(first.cluster.podCidr);
        foreground.kill("SIGINT");
        const [code] = (await once(foreground, "exit")) as [number];
        expect(code).toBe(0);
        expect(existsSync(second.cluster.dataDir)).toBe(true);
        expect(second.kubernode("status").code).toBe(1);
        await second.remove();
        expect(first.status().ready).toBe(true);
      } finally {
        await second.remove();
        await first.remove();
      }
    },
    5 * MINUTE_MS,
  );
});
