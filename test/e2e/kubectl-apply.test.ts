/** Every way in which kubectl changes an object, in every version of kubectl: client-side, server-side, with conflicts. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { writeKubeconfig } from "../support/kubeconfig-file.ts";
import { KUBECTL_VERSIONS, type Kubectl, type KubectlResult, kubectlFor } from "../support/kubectl.ts";
import { manifest } from "../support/manifests.ts";

const MINUTE_MS = 60_000;

interface Field {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
}

const configMap = (data: Record<string, string>, name = "settings") =>
  manifest({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });

function deployment(image: string, replicas?: number, env?: Record<string, string>): string {
  const labels = { app: "web" };
  const container = {
    name: "main",
    image,
    ...(env === undefined ? {} : { env: Object.entries(env).map(([name, value]) => ({ name, value })) }),
  };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  const spec = { ...(replicas === undefined ? {} : { replicas }), selector: { matchLabels: labels }, template };
  return manifest({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec });
}

describe("kubectl", () => {
  let server: ApiServerProcess;
  let folder = "";

  beforeAll(async () => {
    server = await startApiServerProcess();
    folder = mkdtempSync(join(tmpdir(), "kubectl-apply-"));
    writeKubeconfig(folder, server.access);
  }, MINUTE_MS);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.close();
  });

  describe.each(KUBECTL_VERSIONS)("%s", (version) => {
    const minor = version === "newest" ? 36 : Number(version.slice(2));
    const namespace = `v${version.replace(".", "-")}`;
    let kubectl: Kubectl;
    const attempt = (args: readonly string[], input?: string): KubectlResult =>
      kubectl.try(["-n", namespace, ...args], input);
    const run = (args: readonly string[], input?: string): string => kubectl.run(["-n", namespace, ...args], input);
    const apply = (input: string, ...flags: string[]): string => run(["apply", ...flags, "-f", "-"], input).trim();
    const read = (what: string, path: string): string => run(["get", what, "-o", `jsonpath=${path}`]);
    const data = (name = "settings"): unknown => JSON.parse(read(`configmap/${name}`, "{.data}"));
    const managers = (what: string): string[] => {
      const object = JSON.parse(run(["get", what, "-o", "json", ...(minor > 20 ? ["--show-managed-fields"] : [])])) as {
        metadata: { managedFields?: Field[] };
      };
      const fields = object.metadata.managedFields ?? [];
      return fields.map(({ manager, operation, subresource }) =>
        [manager, operation, subresource ?? []].flat().join(" "),
      );
    };
    const editor = (script: string): string => {
      const file = join(folder, `edit-${namespace}.sh`);
      writeFileSync(file, `#!/bin/sh\nset -e\n${script}\n`, { mode: 0o755 });
      return file;
    };

    beforeAll(() => {
      kubectl = kubectlFor(join(folder, "config"), version);
      kubectl.run(["create", "namespace", namespace]);
    }, MINUTE_MS);

    it("applies on its own side: creates, changes, leaves alone, and removes what is left out", () => {
      expect(apply(configMap({ a: "1", b: "2" }))).toBe("configmap/settings created");
      expect(apply(configMap({ a: "1", b: "2" }))).toBe("configmap/settings unchanged");
      run(["patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"other":"kept"}}']);
      expect(apply(configMap({ a: "3" }))).toBe("configmap/settings configured");
      expect(data()).toEqual({ a: "3", other: "kept" });
      expect(run(["apply", "view-last-applied", "configmap/settings", "-o", "json"])).toContain('"a": "3"');
    });

    it("diffs, and says by its exit code whether something differs", () => {
      const same = attempt(["diff", "-f", "-"], configMap({ a: "3" }));
      expect(same).toMatchObject({ code: 0, stdout: "" });
      for (const flags of [[], ["--server-side", "--force-conflicts"]]) {
        const differs = attempt(["diff", ...flags, "-f", "-"], configMap({ a: "4" }));
        expect(differs.stdout).toMatch(/^-\s+a: "3"\n\+\s+a: "4"$/mu);
        expect(differs.code).toBe(1);
      }
      expect(data()).toEqual({ a: "3", other: "kept" });
    });

    it("tries on the server without keeping anything", () => {
      expect(apply(configMap({ a: "5" }), "--dry-run=server")).toMatch(
        /^configmap\/settings configured \(server dry run\)$/u,
      );
      expect(apply(configMap({ a: "5" }, "never"), "--server-side", "--dry-run=server")).toContain("(server dry run)");
      expect(data()).toEqual({ a: "3", other: "kept" });
      expect(attempt(["get", "configmap", "never"]).stderr).toContain('configmaps "never" not found');
    });

    it("applies on the server, and tells of a conflict with another manager", () => {
      expect(apply(deployment("example.test/a:1", 2), "--server-side", "--field-manager=one")).toBe(
        "deployment.apps/web serverside-applied",
      );
      const refused = attempt(
        ["apply", "--server-side", "--field-manager=two", "-f", "-"],
        deployment("example.test/b:1", 3),
      );
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('Apply failed with 2 conflicts: conflicts with "one":');
      expect(refused.stderr).toMatch(/^- \.spec\.template\.spec\.containers\[name="main"\]\.image$/mu);
      expect(refused.stderr).toMatch(/^- \.spec\.replicas$/mu);
      expect(refused.stderr).toContain("Please review the fields above--they currently have other managers.");
      expect(read("deployment/web", "{.spec.replicas}")).toBe("2");
    });

    it("takes fields by force, and shares those of equal value", () => {
      const forced = ["--server-side", "--field-manager=two", "--force-conflicts"];
      expect(apply(deployment("example.test/b:1", 3), ...forced)).toBe("deployment.apps/web serverside-applied");
      expect(read("deployment/web", "{.spec.replicas} {.spec.template.spec.containers[0].image}")).toBe(
        "3 example.test/b:1",
      );
      expect(managers("deployment/web")).toEqual(["one Apply", "two Apply"]);
      // What one no longer applies stays, for two has it.
      apply(deployment("example.test/b:1"), "--server-side", "--field-manager=one");
      expect(read("deployment/web", "{.spec.replicas}")).toBe("3");
      // Now one alone names the variable, and gives it up again.
      apply(deployment("example.test/b:1", undefined, { MODE: "x" }), "--server-side", "--field-manager=one");
      expect(read("deployment/web", "{.spec.template.spec.containers[0].env}")).toBe('[{"name":"MODE","value":"x"}]');
      apply(deployment("example.test/b:1"), "--server-side", "--field-manager=one");
      expect(read("deployment/web", "{.spec.template.spec.containers[0].env}")).toBe("");
    });

    it("goes on server-side with what was applied client-side", () => {
      apply(configMap({ a: "1", b: "2" }, "moved"));
      expect(apply(configMap({ a: "9" }, "moved"), "--server-side", "--force-conflicts")).toBe(
        "configmap/moved serverside-applied",
      );
      // From 1.26 on kubectl hands over ownership, and what is left out goes; before, the server keeps what was applied.
      expect(data("moved")).toEqual(minor >= 26 ? { a: "9" } : { a: "9", b: "2" });
    });

    it("edits: what the editor changed, and nothing when it changed nothing", () => {
      const edited = attempt(["edit", "configmap", "settings"]);
      expect(edited.stdout + edited.stderr).toContain("Edit cancelled, no changes made");
      kubectl.env["KUBE_EDITOR"] = editor('sed -i \'s/a: "3"/a: "edited"/\' "$1"');
      expect(run(["edit", "configmap", "settings"]).trim()).toBe("configmap/settings edited");
      expect(data()).toEqual({ a: "edited", other: "kept" });
    });

    it("edits again what the server refused", () => {
      kubectl.env["KUBE_EDITOR"] = editor(
        'if grep -q "^# .*not valid" "$1"; then sed -i "s/replicas: -1/replicas: 7/" "$1"; ' +
          'else sed -i "s/replicas: 3/replicas: -1/" "$1"; fi',
      );
      run(["edit", "deployment", "web"]);
      kubectl.env["KUBE_EDITOR"] = "true";
      expect(read("deployment/web", "{.spec.replicas}")).toBe("7");
    });

    it("patches in all three ways", () => {
      const patch = (type: string, text: string): string =>
        run(["patch", "deployment", "web", `--type=${type}`, "-p", text]).trim();
      expect(
        patch(
          "strategic",
          '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"example.test/s:1"}]}}}}',
        ),
      ).toBe("deployment.apps/web patched");
      expect(read("deployment/web", "{.spec.template.spec.containers[*].name}").split(" ").toSorted()).toEqual([
        "main",
        "side",
      ]);
      patch("strategic", '{"spec":{"template":{"spec":{"containers":[{"name":"side","$patch":"delete"}]}}}}');
      expect(read("deployment/web", "{.spec.template.spec.containers[*].name}")).toBe("main");
      patch(
        "json",
        '[{"op":"test","path":"/spec/replicas","value":7},{"op":"replace","path":"/spec/replicas","value":1}]',
      );
      expect(patch("merge", '{"spec":{"replicas":1}}')).toBe("deployment.apps/web patched (no change)");
      const failed = attempt([
        "patch",
        "deployment",
        "web",
        "--type=json",
        "-p",
        '[{"op":"remove","path":"/spec/no"}]',
      ]);
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain("The request is invalid: : error in remove for path: '/spec/no'");
      if (minor < 24) return;
      run(["patch", "deployment", "web", "--subresource=status", "--type=merge", "-p", '{"status":{"replicas":4}}']);
      expect(read("deployment/web", "{.status.replicas} {.spec.replicas}")).toBe("4 1");
    });

    it("replaces, unless the object has changed meanwhile", () => {
      const stale = run(["get", "configmap", "settings", "-o", "json"]);
      const fresh = { ...(JSON.parse(stale) as object), data: { z: "1" } };
      expect(run(["replace", "-f", "-"], JSON.stringify(fresh)).trim()).toBe("configmap/settings replaced");
      expect(data()).toEqual({ z: "1" });
      const refused = attempt(["replace", "-f", "-"], stale);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "settings": ' +
          "the object has been modified; please apply your changes to the latest version and try again",
      );
      expect(run(["replace", "--force", "-f", "-"], configMap({ y: "2" }))).toContain("configmap/settings replaced");
      expect(data()).toEqual({ y: "2" });
      const missing = attempt(["replace", "-f", "-"], configMap({}, "missing"));
      expect(missing.stderr).toMatch(/^Error from server \(NotFound\): .*configmaps "missing" not found$/mu);
    });

    it("says what is wrong with an object, by field", () => {
      const refused = attempt(["apply", "-f", "-"], deployment("example.test/b:1", -2));
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(
        'The Deployment "web" is invalid: spec.replicas: Invalid value: -2: must be greater than or equal to 0',
      );
      const unknown = attempt(
        ["create", "-f", "-"],
        manifest({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "odd" }, dada: {} }),
      );
      expect(unknown.code).toBe(1);
      expect(unknown.stderr).toContain(
        minor >= 25 ? 'unknown field "dada"' : 'unknown field "dada" in io.k8s.api.core.v1.ConfigMap',
      );
    });

    it("labels, annotates, scales and sets", () => {
      expect(run(["label", "configmap", "settings", "tier=a"]).trim()).toBe("configmap/settings labeled");
      expect(attempt(["label", "configmap", "settings", "tier=b"]).stderr).toContain("--overwrite is false");
      run(["label", "configmap", "settings", "tier=b", "--overwrite"]);
      run(["annotate", "configmap", "settings", "note=x"]);
      expect(read("configmap/settings", "{.metadata.labels.tier} {.metadata.annotations.note}")).toBe("b x");
      run(["scale", "deployment", "web", "--current-replicas=1", "--replicas=2"]);
      expect(attempt(["scale", "deployment", "web", "--current-replicas=1", "--replicas=3"]).code).toBe(1);
      run(["set", "image", "deployment/web", "main=example.test/c:1"]);
      run(["set", "env", "deployment/web", "A=b"]);
      expect(read("deployment/web", "{.spec.replicas} {.spec.template.spec.containers[0].env[0].value}")).toBe("2 b");
    });

    it("prunes what a set of objects no longer has, and deletes the rest", () => {
      const labelled = (...names: readonly string[]): string =>
        manifest(
          ...names.map((name) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { set: "x" } } })),
        );
      run(["apply", "-f", "-"], labelled("one", "two"));
      const flags = [
        "--prune",
        "-l",
        "set=x",
        minor >= 26 ? "--prune-allowlist" : "--prune-whitelist",
        "core/v1/ConfigMap",
      ];
      expect(run(["apply", ...flags, "-f", "-"], labelled("one"))).toContain("configmap/two pruned");
      expect(run(["get", "configmaps", "-l", "set=x", "-o", "name"]).trim()).toBe("configmap/one");
      expect(run(["delete", "configmap,deployment", "--all"])).toContain('deployment.apps "web" deleted');
    });
  });
});
