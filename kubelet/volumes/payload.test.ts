import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PodSpec, Volume } from "../../shared/api/generated/core/v1.ts";
import { aContainer, aPod } from "../../test/support/pod-builders.ts";
import { configMapPlugin } from "./config-map.ts";
import { downwardApiPlugin } from "./downward-api.ts";
import { projectedPlugin } from "./projected.ts";
import { secretPlugin } from "./secret.ts";
import type { VolumeSources } from "./volume-host.ts";

const text = (value: string): string => Buffer.from(value).toString("base64");

const sources: VolumeSources = {
  configMap: async (_namespace, name) =>
    name === "map" ? { metadata: { name }, data: { a: "1" }, binaryData: { b: "AgD/" } } : undefined,
  secret: async (_namespace, name) =>
    name === "secret" ? { metadata: { name }, data: { password: text("hunter2") } } : undefined,
  token: async (_pod, { audience }) => ({ token: `token for ${audience ?? "all"}`, expirationTimestamp: "" }),
  forget: () => undefined,
  addresses: () => ({ podIps: [], hostIps: [] }),
  allocatable: () => ({ cpu: "2", memory: "1Gi" }),
};

const plugins = [configMapPlugin, secretPlugin, downwardApiPlugin, projectedPlugin].map((make) => make({ sources }));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kubelet-payload-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Makes the volume; path to content and mode of each file. */
async function filesOf(source: Omit<Volume, "name">, podSpec: Partial<PodSpec> = {}): Promise<Record<string, string>> {
  const spec = { volume: { name: "v", ...source }, name: "v", isReadOnly: false, mode: "Filesystem" as const };
  const plugin = plugins.find(({ supports }) => supports(spec));
  const pod = aPod(podSpec, { labels: { app: "web" }, annotations: { note: 'say "hi"' } });
  const mounted = await plugin?.setUp({ pod, spec, directory: join(root, "v"), isMounted: false });
  expect(mounted).toEqual({ hostPath: join(root, "v"), isReadOnly: true });
  const names = readdirSync(join(root, "v"), { recursive: true }).map(String);
  const files = names.filter((name) => !name.startsWith("..") && statSync(join(root, "v", name)).isFile());
  return Object.fromEntries(
    files.toSorted().map((name) => {
      const path = join(root, "v", name);
      return [name, `${readFileSync(path).toString("latin1")} ${(statSync(path).mode & 0o7777).toString(8)}`];
    }),
  );
}

it.each<[string, Omit<Volume, "name">, Record<string, string>]>([
  ["all keys of a ConfigMap, binary ones too", { configMap: { name: "map" } }, { a: "1 644", b: "\x02\0\xff 644" }],
  [
    "named keys with modes of their own",
    {
      configMap: {
        name: "map",
        defaultMode: 0o400,
        items: [
          { key: "a", path: "x" },
          { key: "b", path: "y", mode: 0o440 },
        ],
      },
    },
    { x: "1 400", y: "\x02\0\xff 440" },
  ],
  ["a Secret, decoded", { secret: { secretName: "secret" } }, { password: "hunter2 644" }],
  ["nothing for an optional Secret that is not there", { secret: { secretName: "no", optional: true } }, {}],
  [
    "nothing for an optional key that is not there",
    { configMap: { name: "map", optional: true, items: [{ key: "no", path: "no" }] } },
    {},
  ],
  [
    "what the pod is",
    {
      downwardAPI: {
        items: [
          { path: "name", fieldRef: { fieldPath: "metadata.name" } },
          { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
          { path: "notes", mode: 0o400, fieldRef: { fieldPath: "metadata.annotations" } },
          { path: "cpu", resourceFieldRef: { containerName: "main", resource: "limits.cpu" } },
        ],
      },
    },
    { cpu: "2 644", labels: 'app="web" 644', name: "web 644", notes: 'note="say \\"hi\\"" 400' },
  ],
  [
    "several sources together, of which later ones win",
    {
      projected: {
        defaultMode: 0o600,
        sources: [
          { secret: { name: "secret", items: [{ key: "password", path: "both" }] } },
          { configMap: { name: "map", items: [{ key: "a", path: "both", mode: 0o444 }] } },
          { downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
          { serviceAccountToken: { path: "token", audience: "vault" } },
        ],
      },
    },
    { both: "1 444", name: "web 600", token: "token for vault 600" },
  ],
])("writes %s", async (_what, source, files) => {
  expect(await filesOf(source)).toEqual(files);
});

it.each<[Omit<Volume, "name">, string]>([
  [{ configMap: { name: "no" } }, 'configmap "no" not found'],
  [
    { configMap: { name: "map", items: [{ key: "no", path: "no" }] } },
    "configmap references non-existent config key: no",
  ],
  [{ secret: { secretName: "no" } }, 'secret "no" not found'],
  [{ secret: { secretName: "secret", items: [{ key: "no", path: "no" }] } }, "references non-existent secret key: no"],
  [
    { projected: { sources: [{ secret: { name: "no" } }, { configMap: { name: "no" } }] } },
    '[secret "no" not found, configmap "no" not found]',
  ],
  [{ configMap: { name: "map", items: [{ key: "a", path: "../x" }] } }, 'invalid path: "../x"'],
  [{ configMap: { name: "map", items: [{ key: "a", path: "/x" }] } }, 'invalid path: "/x"'],
  [
    { downwardAPI: { items: [{ path: "x", resourceFieldRef: { containerName: "no", resource: "limits.cpu" } }] } },
    "container no not found",
  ],
])("rejects %j", async (source, message) => {
  await expect(filesOf(source)).rejects.toThrow(message);
  expect(readdirSync(root)).toEqual([]);
});

describe("a token", () => {
  const token = { projected: { sources: [{ serviceAccountToken: { path: "token" } }] } };
  const me = process.getuid?.() ?? 0;
  const group = process.getgid?.() ?? 0;

  it("is for everybody when nobody says who runs", async () => {
    expect(await filesOf(token)).toEqual({ token: "token for all 644" });
  });

  it("is for the only user, or for the group", async () => {
    expect(await filesOf(token, { securityContext: { runAsUser: me } })).toEqual({ token: "token for all 600" });
    expect(await filesOf(token, { securityContext: { fsGroup: group } })).toEqual({ token: "token for all 640" });
  });

  it("is not for one user when containers differ", async () => {
    const containers = [
      { ...aContainer("main"), securityContext: { runAsUser: me } },
      { ...aContainer("other"), securityContext: { runAsUser: me + 1 } },
    ];
    expect(await filesOf(token, { containers })).toEqual({ token: "token for all 644" });
  });
});
