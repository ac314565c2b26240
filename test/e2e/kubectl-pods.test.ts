/** What the conformance tests of kubectl ask of the API alone, without a node to run a pod. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serviceAccounts } from "../../shared/resources/catalog.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { writeKubeconfig } from "../support/kubeconfig-file.ts";
import { type Kubectl, kubectlFor, type KubectlVersion } from "../support/kubectl.ts";
import { manifest } from "../support/manifests.ts";
import { until } from "../support/until.ts";

const MINUTE_MS = 60_000;
const VERSIONS: readonly KubectlVersion[] = ["1.20", "newest"];

/** One GET over a socket in the file system. */
function getOver(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve(body));
    });
    call.on("error", reject).end();
  });
}

describe("kubectl without nodes", () => {
  let server: ApiServerProcess;
  let folder = "";

  beforeAll(async () => {
    server = await startApiServerProcess();
    folder = mkdtempSync(join(tmpdir(), "kubectl-pods-"));
    writeKubeconfig(folder, server.access);
  }, MINUTE_MS);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.close();
  });

  describe.each(VERSIONS)("%s", (version) => {
    const namespace = `pods-${version.replace(".", "-")}`;
    let kubectl: Kubectl;
    const run = (args: readonly string[], input?: string): string => kubectl.run(["-n", namespace, ...args], input);
    const read = (what: string, path: string): string => run(["get", what, "-o", `jsonpath=${path}`]);

    beforeAll(async () => {
      kubectl = kubectlFor(join(folder, "config"), version);
      kubectl.run(["create", "namespace", namespace]);
      // No controller does it here.
      await server.client.create(serviceAccounts, { metadata: { namespace, name: "default" } });
    });

    it("runs a pod from an image that is not started again", () => {
      expect(run(["run", "once", "--image=example.test/a:1", "--restart=Never"])).toContain("pod/once created");
      expect(read("pod/once", "{.spec.restartPolicy} {.spec.containers[*].image}")).toBe("Never example.test/a:1");
    });

    it("replaces a pod's image, and nothing else of a pod", () => {
      const pod = JSON.parse(run(["get", "pod", "once", "-o", "json"])) as {
        spec: { containers: { image: string }[] };
      };
      const [container] = pod.spec.containers;
      if (container !== undefined) container.image = "example.test/b:1";
      expect(run(["replace", "-f", "-"], JSON.stringify(pod))).toContain("pod/once replaced");
      expect(read("pod/once", "{.spec.containers[0].image}")).toBe("example.test/b:1");
      const moved = { ...pod, spec: { ...pod.spec, hostNetwork: true }, metadata: { name: "once", namespace } };
      const refused = kubectl.try(["-n", namespace, "replace", "-f", "-"], JSON.stringify(moved));
      expect(refused.stderr).toContain("pod updates may not change fields other than");
    });

    it("tries a change of a pod on the server, and keeps nothing of it", () => {
      const patch = '{"spec":{"containers":[{"name":"once","image":"example.test/never:1"}]}}';
      const tried = run([
        "patch",
        "pod",
        "once",
        "-p",
        patch,
        "--dry-run=server",
        "-o",
        "jsonpath={.spec.containers[0].image}",
      ]);
      expect(tried).toBe("example.test/never:1");
      expect(read("pod/once", "{.spec.containers[0].image}")).toBe("example.test/b:1");
      run(["run", "ghost", "--image=example.test/a:1", "--dry-run=server"]);
      expect(kubectl.try(["-n", namespace, "get", "pod", "ghost"]).stderr).toContain('pods "ghost" not found');
    });

    it("shows by a diff what a changed Deployment would become", () => {
      const labels = { app: "web" };
      const deployment = (image: string): string =>
        manifest({
          apiVersion: "apps/v1",
          kind: "Deployment",
          metadata: { name: "web" },
          spec: {
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { containers: [{ name: "main", image }] } },
          },
        });
      run(["apply", "-f", "-"], deployment("example.test/a:1"));
      const diff = kubectl.try(["-n", namespace, "diff", "-f", "-"], deployment("example.test/b:1"));
      expect(diff.stdout).toMatch(/^-\s+-?\s*image: example\.test\/a:1\n\+\s+-?\s*image: example\.test\/b:1$/mu);
      expect(diff.stdout).toMatch(/^-\s+generation: 1\n\+\s+generation: 2$/mu);
      expect(diff.code).toBe(1);
      expect(read("deployment/web", "{.metadata.generation}")).toBe("1");
    });

    it("proxies the API to a socket in the file system", async () => {
      const socket = join(folder, `${namespace}.sock`);
      const proxy = spawn(kubectl.path, ["proxy", `--unix-socket=${socket}`], { env: kubectl.env, stdio: "ignore" });
      try {
        await until(async () =>
          expect(JSON.parse(await getOver(socket, "/api/"))).toMatchObject({ kind: "APIVersions" }),
        );
      } finally {
        proxy.kill("SIGTERM");
        if (proxy.exitCode === null) await once(proxy, "exit");
      }
    });
  });
});
