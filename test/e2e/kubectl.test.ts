/** Unmodified kubectl, the newest and Debian 12's, through the commands that people use every day. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestCluster, STORES, type TestCluster } from "../support/cluster.ts";
import { until } from "../support/until.ts";
import { fetchText } from "../support/http-get.ts";
import { TOOLBOX_IMAGE, webImage } from "../support/images.ts";
import type { Kubectl, KubectlVersion } from "../support/kubectl.ts";

const MINUTE_MS = 60_000;
const VERSIONS: readonly KubectlVersion[] = ["newest", "1.20"];

interface Background {
  readonly child: ChildProcess;
  output(): string;
  stop(): Promise<void>;
}

function background(kubectl: Kubectl, args: readonly string[]): Background {
  const child = spawn(kubectl.path, args, { env: kubectl.env, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
  }
  return {
    child,
    output: () => output,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

describe.each(STORES)("kubectl with %s", (store) => {
  let cluster: TestCluster;
  let folder = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "kubectl-e2e-"));
    cluster = await startTestCluster(store);
  }, 4 * MINUTE_MS);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await cluster.remove();
  }, MINUTE_MS);

  describe.each(VERSIONS)("kubectl %s", (version) => {
    const namespace = `ns-${version.replace(".", "-")}`;
    const isOld = version === "1.20";
    let kubectl: Kubectl;
    const run = (...args: string[]): string => kubectl.run(["-n", namespace, ...args]);
    const apply = (object: unknown): string =>
      kubectl.run(["-n", namespace, "apply", "-f", "-"], JSON.stringify(object));
    const spawned: Background[] = [];
    const start = (...args: string[]): Background => {
      const started = background(kubectl, ["-n", namespace, ...args]);
      spawned.push(started);
      return started;
    };
    const podOf = (app: string): string =>
      run("get", "pods", "-l", `app=${app}`, "-o", "jsonpath={.items[0].metadata.name}");

    beforeAll(async () => {
      kubectl = cluster.kubectl(version);
      kubectl.run(["create", "namespace", namespace]);
      await until(() => run("get", "serviceaccount", "default"));
      run("create", "deployment", "web", `--image=${webImage(1)}`);
      run("scale", "deployment/web", "--replicas=2");
      run("run", "box", `--image=${TOOLBOX_IMAGE}`, "--labels=app=box");
      run("rollout", "status", "deployment/web", "--timeout=60s");
      run("wait", "--for=condition=Ready", "pod/box", "--timeout=60s");
    }, 2 * MINUTE_MS);
    afterEach(async () => {
      for (const started of spawned.splice(0)) await started.stop();
    });
    afterAll(() => {
      kubectl.run(["delete", "namespace", namespace, "--timeout=90s"]);
    }, 2 * MINUTE_MS);

    it(
      "expose: makes a Service that answers",
      async () => {
        run("expose", "deployment", "web", "--port=80", "--target-port=8080");
        const address = run("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}");
        await until(async () => (await fetchText(`http://${address}/`)).startsWith("v1 web-"));
      },
      MINUTE_MS,
    );

    it("get: as a table, wide, YAML, JSON and names", () => {
      expect(run("get", "pods")).toMatch(/^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\n/);
      expect(run("get", "pods")).toMatch(/^web-\S+\s+1\/1\s+Running\s+0\s+\d+s/m);
      expect(run("get", "deployments")).toMatch(/^NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\nweb\s+2\/2\s+2\s+2\s+/);
      expect(run("get", "pods", "-o", "wide")).toMatch(/NODE\s+NOMINATED NODE\s+READINESS GATES/);
      expect(run("get", "deployment", "web", "-o", "yaml")).toMatch(/^apiVersion: apps\/v1$/m);
      expect(JSON.parse(run("get", "deployment", "web", "-o", "json"))).toMatchObject({ kind: "Deployment" });
      expect(run("get", "all", "-o", "name").split("\n")).toEqual(
        expect.arrayContaining(["deployment.apps/web", "pod/box"]),
      );
      expect(run("get", "deploy,svc,po")).toContain("deployment.apps/web");
    });

    it("get: chosen by label and field, sorted, in all namespaces", () => {
      expect(run("get", "pods", "-l", "app=web", "--no-headers").trim().split("\n")).toHaveLength(2);
      expect(run("get", "pods", "-l", "app in (box)", "-o", "name").trim()).toBe("pod/box");
      expect(run("get", "pods", "--field-selector=metadata.name=box", "-o", "name").trim()).toBe("pod/box");
      expect(run("get", "pods", "--field-selector=status.phase!=Running", "-o", "name")).toBe("");
      // Two names of our own: kubectl sorts numbers in names by value, so those of pods have no order to expect.
      for (const [name, rank] of [
        ["sort-a", "2"],
        ["sort-b", "1"],
      ] as const) {
        run("create", "configmap", name, `--from-literal=rank=${rank}`);
        run("label", "configmap", name, "sorted=yes");
      }
      const sortedBy = (field: string): string =>
        run("get", "configmaps", "-l", "sorted=yes", `--sort-by=${field}`, "-o", "jsonpath={.items[*].metadata.name}");
      expect(sortedBy(".metadata.name")).toBe("sort-a sort-b");
      expect(sortedBy(".data.rank")).toBe("sort-b sort-a");
      expect(run("get", "pods", "-A")).toMatch(/^NAMESPACE\s+NAME/);
      expect(run("get", "pods", "-A")).toContain(namespace);
    });

    it(
      "get -w: shows changes as they happen",
      async () => {
        const watch = start("get", "configmaps", "-w");
        await until(() => watch.output().includes("NAME"));
        run("create", "configmap", "seen", "--from-literal=a=1");
        await until(() => /^seen\s+1\s/m.test(watch.output()), 20_000);
      },
      MINUTE_MS,
    );

    it("describe: pod, deployment, service and node", async () => {
      expect(run("describe", "pod", "box")).toMatch(/^Status:\s+Running$/m);
      // Events are told in the background.
      await until(() => /Container started|Started container/.test(run("describe", "pod", "box")), 30_000);
      expect(run("describe", "deployment", "web")).toMatch(/Scaled up replica set/);
      expect(run("describe", "service", "web")).toMatch(/^Endpoints:\s+10\.\d+\.\d+\.\d+:8080/m);
      expect(run("describe", "node")).toMatch(/^\s+Ready\s+True/m);
    });

    it("apply and diff: only what differs", () => {
      const object = (value: string): unknown => ({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "applied" },
        data: { value },
      });
      expect(apply(object("1"))).toContain("configmap/applied created");
      expect(apply(object("1"))).toContain("configmap/applied unchanged");
      const diff = kubectl.try(["-n", namespace, "diff", "-f", "-"], JSON.stringify(object("2")));
      expect(diff.code).toBe(1);
      expect(diff.stdout).toMatch(/^-\s+value: "1"\n\+\s+value: "2"$/m);
      expect(apply(object("2"))).toContain("configmap/applied configured");
      expect(run("get", "configmap", "applied", "-o", "jsonpath={.data.value}")).toBe("2");
    });

    it("edit, patch, replace and delete", () => {
      run("create", "configmap", "changed", "--from-literal=a=1");
      const edit = spawnSync(kubectl.path, ["-n", namespace, "edit", "configmap", "changed"], {
        env: { ...kubectl.env, KUBE_EDITOR: 'sed -i \'s/a: "1"/a: "2"/\'' },
        encoding: "utf8",
      });
      expect(edit.stderr + edit.stdout).toContain("edited");
      const value = (): string => run("get", "configmap", "changed", "-o", "jsonpath={.data}").replaceAll('"', "");
      expect(value()).toMatch(/a:2/);
      run("patch", "configmap", "changed", "--type=merge", "-p", '{"data":{"b":"3"}}');
      run("patch", "configmap", "changed", "--type=json", "-p", '[{"op":"replace","path":"/data/a","value":"4"}]');
      run("patch", "configmap", "changed", "-p", '{"data":{"c":"5"}}');
      expect(value()).toBe("{a:4,b:3,c:5}");
      const object = JSON.parse(run("get", "configmap", "changed", "-o", "json")) as { data: unknown };
      kubectl.run(["-n", namespace, "replace", "-f", "-"], JSON.stringify({ ...object, data: { z: "9" } }));
      expect(value()).toBe("{z:9}");
      expect(run("delete", "configmap", "changed")).toContain("deleted");
      const gone = kubectl.try(["-n", namespace, "get", "configmap", "changed"]);
      expect(gone.code).toBe(1);
      expect(gone.stderr).toContain('Error from server (NotFound): configmaps "changed" not found');
    });

    it("explain and api-resources", () => {
      expect(run("explain", "deployment.spec.strategy")).toContain("rollingUpdate");
      expect(run("explain", "pod.spec.containers")).toMatch(/image/);
      expect(run("api-resources")).toMatch(/^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment$/m);
      expect(run("api-resources", "--namespaced=false", "-o", "name")).toContain("nodes");
      expect(run("api-versions")).toContain("apps/v1");
    });

    it(
      "logs: whole, tail and follow",
      async () => {
        run(
          "run",
          "talker",
          `--image=${TOOLBOX_IMAGE}`,
          "--restart=Never",
          "--",
          "sh",
          "-c",
          "for i in 1 2 3 4 5 6; do echo line $i; sleep 0.3; done",
        );
        await until(() => run("logs", "talker").includes("line 1"));
        const follow = start("logs", "-f", "talker");
        await until(() => follow.output().includes("line 6"));
        await until(() => follow.child.exitCode === 0);
        expect(run("logs", "talker").trim().split("\n")).toEqual([1, 2, 3, 4, 5, 6].map((i) => `line ${i}`));
        expect(run("logs", "talker", "--tail=2").trim()).toBe("line 5\nline 6");
        expect(run("logs", "talker", "--timestamps", "--tail=1")).toMatch(/^\d{4}-\d\d-\d\dT\S+Z line 6$/m);
      },
      MINUTE_MS,
    );

    it(
      "exec: output, input, exit code and a terminal",
      () => {
        expect(run("exec", "box", "--", "dd", "if=/dev/zero", "bs=10k", "count=100")).toHaveLength(1_024_000);
        expect(run("exec", "box", "--", "echo", "hello")).toBe("hello\n");
        expect(kubectl.run(["-n", namespace, "exec", "-i", "box", "--", "cat"], "through\n")).toBe("through\n");
        const failed = kubectl.try([
          "-n",
          namespace,
          "exec",
          "box",
          "--",
          "sh",
          "-c",
          "echo out; echo err >&2; exit 7",
        ]);
        expect(failed).toMatchObject({ code: 7, stdout: "out\n" });
        expect(failed.stderr).toContain("err");
        const command = `${kubectl.path} -n ${namespace} exec -it box -- sh -c 'tty; stty size'`;
        const terminal = spawnSync("script", ["-qec", command, "/dev/null"], { env: kubectl.env, encoding: "utf8" });
        expect(terminal.stdout).toMatch(/\/dev\/(pts\/\d+|console)/);
      },
      MINUTE_MS,
    );

    it(
      "cp: into a pod and out of it",
      () => {
        const [there, back] = [join(folder, "there"), join(folder, "back")];
        const content = "x".repeat(300_000);
        writeFileSync(there, content);
        run("cp", there, "box:/tmp/copied");
        run("cp", "box:/tmp/copied", back);
        expect(readFileSync(back, "utf8") === content).toBe(true);
      },
      MINUTE_MS,
    );

    it(
      "port-forward: to a pod and to a Service",
      async () => {
        for (const target of [`pod/${podOf("web")}`, "service/web"]) {
          const forward = start("port-forward", target, target.startsWith("pod") ? ":8080" : ":80");
          await until(() => forward.output().includes("Forwarding from 127.0.0.1:"), 20_000);
          const port = /127\.0\.0\.1:(\d+)/.exec(forward.output())?.[1] ?? "";
          for (let count = 0; count < 5; count++)
            expect(await fetchText(`http://127.0.0.1:${port}/`)).toMatch(/^v1 web-/);
          await forward.stop();
        }
      },
      MINUTE_MS,
    );

    it(
      "attach: to what a container reads and prints",
      async () => {
        run("run", "echoer", `--image=${TOOLBOX_IMAGE}`, "--restart=Never", "-i", "--attach=false", "--", "cat");
        run("wait", "--for=condition=Ready", "pod/echoer", "--timeout=60s");
        const attached = start("attach", "-i", "echoer");
        await until(() => {
          attached.child.stdin?.write("ping\n");
          return attached.output().includes("ping");
        }, 20_000);
      },
      2 * MINUTE_MS,
    );

    it(
      "rollout: status, history, undo, pause and resume",
      () => {
        const image = (): string =>
          run("get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}");
        const name = run("get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].name}");
        run("set", "image", "deployment/web", `${name}=${webImage(2)}`);
        expect(run("rollout", "status", "deployment/web", "--timeout=90s")).toContain("successfully rolled out");
        expect(run("rollout", "history", "deployment/web")).toMatch(/^1\s.*\n2\s/m);
        run("rollout", "undo", "deployment/web");
        run("rollout", "status", "deployment/web", "--timeout=90s");
        expect(image()).toBe(webImage(1));
        run("rollout", "pause", "deployment/web");
        run("set", "image", "deployment/web", `${name}=${webImage(2)}`);
        expect(run("get", "deployment", "web", "-o", "jsonpath={.spec.paused}")).toBe("true");
        run("rollout", "resume", "deployment/web");
        run("rollout", "status", "deployment/web", "--timeout=90s");
        expect(run("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.containers[0].image}")).toContain(
          webImage(2),
        );
        run("rollout", "restart", "deployment/web");
        run("rollout", "status", "deployment/web", "--timeout=90s");
      },
      4 * MINUTE_MS,
    );

    it(
      "scale, label and annotate",
      () => {
        run("scale", "deployment/web", "--replicas=3");
        run("rollout", "status", "deployment/web", "--timeout=60s");
        expect(run("get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}")).toBe("3");
        run("label", "pod", "box", "tier=tools");
        expect(run("get", "pods", "-l", "tier=tools", "-o", "name").trim()).toBe("pod/box");
        run("label", "pod", "box", "tier-");
        run("annotate", "pod", "box", "note=one two");
        expect(run("get", "pod", "box", "-o", "jsonpath={.metadata.annotations.note}")).toBe("one two");
        expect(run("get", "pods", "-L", "app")).toMatch(/APP$/m);
      },
      MINUTE_MS,
    );

    it(
      "taint, cordon, uncordon and drain",
      () => {
        const node = run("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}");
        run("taint", "node", node, "test=1:NoSchedule");
        run("run", "tainted", `--image=${TOOLBOX_IMAGE}`);
        const pending = kubectl.try(["-n", namespace, "wait", "--for=condition=Ready", "pod/tainted", "--timeout=2s"]);
        expect(pending.code).toBe(1);
        run("taint", "node", node, "test-");
        run("wait", "--for=condition=Ready", "pod/tainted", "--timeout=60s");
        expect(run("cordon", node)).toContain("cordoned");
        expect(run("get", "nodes")).toContain("Ready,SchedulingDisabled");
        run("drain", node, "--force", "--ignore-daemonsets", `--pod-selector=run=tainted`, "--timeout=60s");
        expect(kubectl.try(["-n", namespace, "get", "pod", "tainted"]).code).toBe(1);
        expect(run("uncordon", node)).toContain("uncordoned");
      },
      3 * MINUTE_MS,
    );

    it("auth can-i, and whoami where kubectl has it", () => {
      expect(run("auth", "can-i", "create", "pods").trim()).toBe("yes");
      const other = kubectl.try(["-n", namespace, "auth", "can-i", "create", "pods", "--as=nobody"]);
      expect(other.stdout.trim()).toBe("no");
      expect(run("auth", "can-i", "--list")).toMatch(/^\*\.\*\s+\[\]\s+\[\]\s+\[\*\]/m);
      if (!isOld) expect(run("auth", "whoami")).toMatch(/kubernetes-admin/);
    });

    it("events, cluster-info, version and top-level help of the server", () => {
      if (!isOld) expect(run("events")).toMatch(/Scheduled|Started/);
      expect(run("get", "events")).toMatch(/^LAST SEEN\s+TYPE\s+REASON\s+OBJECT\s+MESSAGE/);
      expect(run("cluster-info")).toContain("is running at");
      expect(run("version")).toMatch(/v1\.36\.\d+\+kubernode/);
      expect(run("get", "--raw", "/readyz")).toBe("ok");
    });

    it(
      "proxy: the API without certificates on the loopback",
      async () => {
        const proxy = start("proxy", "--port=0");
        await until(() => proxy.output().includes("Starting to serve on"), 20_000);
        const address = /on (\S+:\d+)/.exec(proxy.output())?.[1] ?? "";
        expect(JSON.parse(await fetchText(`http://${address}/api/v1/namespaces/${namespace}/pods`))).toMatchObject({
          kind: "PodList",
        });
      },
      MINUTE_MS,
    );

    it(
      "wait: for a deletion and for a condition",
      () => {
        run("delete", "pod", "box", "--wait=false", "--grace-period=1");
        run("wait", "--for=delete", "pod/box", "--timeout=60s");
        run("wait", "--for=condition=Available", "deployment/web", "--timeout=60s");
      },
      2 * MINUTE_MS,
    );
  });
});
