/** Every shape of volume that conformance asks for, as root, as a user and as a user with a group. Needs root. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PodSpec, Volume } from "../../shared/api/generated/core/v1.ts";
import { configMaps, namespaces, nodes, secrets } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { containerOf, FOREVER, isOver, isReady, NodePods, shell } from "../support/node-pods.ts";
import { until } from "../support/until.ts";
import { BINARY, MAP, SECRET, TEXT, type VolumeCase, volumeCases } from "../support/volume-cases.ts";

const START_TIMEOUT_MS = 120_000;
const namespace = "default";
const USER = 1000;
const GROUP = 1001;
/** Titles and shapes are the same whatever the node has. */
const SHAPES = volumeCases({ podName: "", nodeCpu: "", nodeMemory: "" });

type Who = "root" | "a user" | "a user with a group";
const SECURITY: Readonly<Record<Who, PodSpec["securityContext"]>> = {
  root: {},
  "a user": { runAsUser: USER },
  "a user with a group": { runAsUser: USER, fsGroup: GROUP },
};

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;
/** Output of each pod, by line: `VOLUME/PATH MODE CONTENT`. */
const outputs = new Map<Who, readonly string[]>();
const expected = new Map<Who, readonly VolumeCase[]>();

const encoded = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));

beforeAll(async () => {
  api = await startTestApiServer();
  const { client } = api;
  node = new KubeletNode(api);
  pods = new NodePods(api, node);
  await pods.prepare();
  const binaryData = { binary: BINARY.toString("base64") };
  await Promise.all([
    client.create(configMaps, { metadata: { name: MAP }, data: { ...TEXT }, binaryData }, { namespace }),
    client.create(secrets, { metadata: { name: SECRET }, data: encoded(TEXT) }, { namespace }),
    // One of the same name elsewhere, which must not be taken for ours.
    client
      .create(namespaces, { metadata: { name: "elsewhere" } })
      .then(() =>
        client.create(
          secrets,
          { metadata: { name: SECRET }, data: encoded({ "data-1": "theirs" }) },
          { namespace: "elsewhere" },
        ),
      ),
    node.start(),
  ]);
  await Promise.all((Object.keys(SECURITY) as Who[]).map(runCases));
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await api?.stop();
}, START_TIMEOUT_MS);

/** Says mode and content of every file, binary ones in hexadecimal, then what it can do with scratch space. */
const TELL = [
  "cd /volumes; for f in $(find . -follow -type f 2>/dev/null | grep -v '/[.][.]' | sort); do",
  '  case $f in */binary) text=$(od -An -tx1 $f | tr -d " \\n");; *) text=$(cat $f 2>&1);; esac',
  '  echo "${f#./} $(stat -Lc %a $f) $text"',
  "done",
  "for medium in disk memory; do",
  '  cd /scratch-$medium; echo "$medium mode $(stat -c %a .) $(stat -fc %T .)"',
  '  for mode in 0644 0666 0777; do echo mine > f$mode; chmod $mode f$mode; echo "$medium $mode $(stat -c %a:%u:%g f$mode) $(cat f$mode)"; done',
  "done",
  'for f in /parts/*; do echo "part ${f#/parts/} $(cat $f)"; done; echo "part passwd $(cat /etc/passwd)"',
].join("\n");

/** A part of each kind of volume that is made of files, one over a file of the image. */
const PARTS: readonly (readonly [name: string, volume: Omit<Volume, "name">, subPath: string, at: string])[] = [
  ["configmap", { configMap: { name: MAP } }, "data-1", "/parts/configmap"],
  ["existing", { configMap: { name: MAP } }, "data-2", "/etc/passwd"],
  ["secret", { secret: { secretName: SECRET } }, "data-1", "/parts/secret"],
  ["projected", { projected: { sources: [{ configMap: { name: MAP } }] } }, "data-1", "/parts/projected"],
  [
    "downward",
    { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
    "namespace",
    "/parts/downward",
  ],
];

async function runCases(who: Who): Promise<void> {
  const name = pods.name("cases");
  const { status } = await api.client.get(nodes, { name: node.name });
  const { cpu = "", memory = "" } = status?.allocatable ?? {};
  const nodeMemory = String(Number.parseInt(memory, 10) * 1024);
  const cases = volumeCases({ podName: name, nodeCpu: cpu, nodeMemory });
  expected.set(who, cases);
  const pod = await pods.create(name, {
    restartPolicy: "Never",
    securityContext: SECURITY[who],
    volumes: [
      ...cases.map(({ volume }, index) => ({ name: `v${index}`, ...volume })),
      ...PARTS.map(([part, volume]) => ({ name: part, ...volume })),
      { name: "disk", emptyDir: {} },
      { name: "memory", emptyDir: { medium: "Memory" } },
    ],
    containers: [
      shell(TELL, {
        resources: { limits: { cpu: "2", memory: "64Mi" }, requests: { cpu: "250m", memory: "32Mi" } },
        volumeMounts: [
          ...cases.map((_case, index) => ({ name: `v${index}`, mountPath: `/volumes/v${index}` })),
          ...PARTS.map(([part, , subPath, mountPath]) => ({ name: part, subPath, mountPath })),
          { name: "disk", mountPath: "/scratch-disk" },
          { name: "memory", mountPath: "/scratch-memory" },
        ],
      }),
      shell("true", { name: "unlimited" }),
    ],
  });
  await pods.until(name, isOver, 60_000);
  const log = join(node.folder, "kubelet-root/pod-logs", `${namespace}_${name}_${pod.metadata.uid}`, "main/0.log");
  outputs.set(
    who,
    readFileSync(log, "utf8")
      .split("\n")
      .map((line) => line.split(" ").slice(3).join(" ")),
  );
}

const linesOf = (who: Who, start: string): string[] =>
  (outputs.get(who) ?? []).filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));

/** The group may read; who is neither owner nor in the group may not. */
function seen(who: Who, path: string, [text, mode]: readonly [string, number]): string {
  if (who === "a user with a group") return `${path} ${(mode | 0o440).toString(8)} ${text}`;
  const isReadable = who === "root" || (mode & 0o004) !== 0;
  return `${path} ${mode.toString(8)} ${isReadable ? text : "cat: can't open"}`;
}

describe.each(Object.keys(SECURITY) as Who[])("%s finds", (who) => {
  it.each(SHAPES.map(({ title }, index) => [title, index] as const))("%s", (_title, index) => {
    const files = expected.get(who)?.[index]?.files ?? {};
    const lines = linesOf(who, `v${index}/`);
    expect(lines).toHaveLength(Object.keys(files).length);
    for (const [path, file] of Object.entries(files)) {
      const line = lines.find((each) => each.startsWith(`${path} `)) ?? "";
      expect(line.startsWith(seen(who, path, file))).toBe(true);
    }
  });

  it.each(["disk", "memory"])("scratch space on %s, where everybody may write", (medium) => {
    const group = who === "a user with a group" ? GROUP : 0;
    const user = who === "root" ? 0 : USER;
    const [mode, ...files] = linesOf(who, `${medium} `);
    expect(mode).toMatch(who === "a user with a group" ? /^mode 2777 / : /^mode 777 /);
    if (medium === "memory") expect(mode).toContain("tmpfs");
    expect(files).toEqual(["644", "666", "777"].map((bits) => `0${bits} ${bits}:${user}:${group} mine`));
  });

  it("parts of volumes, also over a file of the image", () => {
    expect(linesOf(who, "part ").toSorted()).toEqual([
      "configmap value-1",
      "downward default",
      "passwd value-2",
      "projected value-1",
      "secret value-1",
    ]);
  });
});

it("is shared by all containers of a pod", async () => {
  const name = pods.name("shared");
  const volumeMounts = [{ name: "v", mountPath: "/v" }];
  const wait = "until [ -s /v/said ]; do sleep 0.05; done; cat /v/said > /dev/termination-log";
  await pods.create(name, {
    restartPolicy: "Never",
    volumes: [{ name: "v", emptyDir: {} }],
    containers: [shell(wait, { volumeMounts }), shell("echo hello > /v/said", { name: "other", volumeMounts })],
  });
  const pod = await pods.until(name, isOver);
  expect(containerOf(pod).state?.terminated?.message).toBe("hello\n");
});

it("cannot change under a pod when it says so", async () => {
  const { client } = api;
  const object = { metadata: { name: "fixed" }, immutable: true, data: encoded({ key: "kept" }) };
  await client.create(configMaps, object, { namespace });
  await client.create(secrets, object, { namespace });
  const at = { name: "fixed", namespace };
  for (const change of [{ data: encoded({ key: "lost" }) }, { immutable: false }]) {
    await expect(client.patch(configMaps, at, "merge", change)).rejects.toThrow(
      "field is immutable when `immutable` is set",
    );
    await expect(client.patch(secrets, at, "merge", change)).rejects.toThrow(
      "field is immutable when `immutable` is set",
    );
  }
  await client.delete(configMaps, at);
  await client.delete(secrets, at);
});

it("shows what is changed, added and taken away, in volumes of every kind", async () => {
  const { client } = api;
  const name = pods.name("live");
  const at = { namespace };
  const metadata = (kind: string) => ({ metadata: { name: `live-${kind}` } });
  await client.create(configMaps, { ...metadata("changed"), data: { key: "old" } }, at);
  await client.create(configMaps, { ...metadata("deleted"), data: { key: "here" } }, at);
  await client.create(secrets, { ...metadata("changed"), data: encoded({ key: "old" }) }, at);
  await client.create(secrets, { ...metadata("deleted"), data: encoded({ key: "here" }) }, at);
  const kinds = ["changed", "deleted", "created"];
  const fields = [
    { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
    { path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } },
  ];
  const volumes: Volume[] = [
    ...kinds.flatMap((kind): Volume[] => [
      { name: `map-${kind}`, configMap: { name: `live-${kind}`, optional: true } },
      { name: `secret-${kind}`, secret: { secretName: `live-${kind}`, optional: true } },
      { name: `pmap-${kind}`, projected: { sources: [{ configMap: { name: `live-${kind}`, optional: true } }] } },
      { name: `psecret-${kind}`, projected: { sources: [{ secret: { name: `live-${kind}`, optional: true } }] } },
    ]),
    { name: "downward", downwardAPI: { items: fields } },
    { name: "pdownward", projected: { sources: [{ downwardAPI: { items: fields } }] } },
  ];
  const volumeMounts = volumes.map((volume) => ({ name: volume.name, mountPath: `/v/${volume.name}` }));
  await pods.create(
    name,
    { volumes, containers: [shell(FOREVER, { volumeMounts })] },
    { labels: { color: "red" }, annotations: { note: "one" } },
  );
  const id = containerOf(await pods.until(name, isReady)).containerID?.replace(/^.*:\/\//, "") ?? "";
  const look = async (): Promise<Record<string, string>> => {
    const script = 'cd /v; for f in */*; do [ -f $f ] && echo "$f $(cat $f)"; done';
    const { output } = await node.runtime.exec(id, ["sh", "-c", script], 10);
    const lines = output.toString("utf8").trim().split("\n");
    return Object.fromEntries(lines.map((line) => [line.split(" ")[0] ?? "", line.split(" ").slice(1).join(" ")]));
  };
  const all = (kind: string, text: string): Record<string, string> =>
    Object.fromEntries(["map", "secret", "pmap", "psecret"].map((volume) => [`${volume}-${kind}/key`, text]));
  const ofPod = (color: string, note: string): Record<string, string> =>
    Object.fromEntries(
      ["downward", "pdownward"].flatMap((volume) => [
        [`${volume}/labels`, `color="${color}"`],
        [`${volume}/annotations`, `note="${note}"`],
      ]),
    );
  expect(await look()).toEqual({ ...all("changed", "old"), ...all("deleted", "here"), ...ofPod("red", "one") });
  const change = { name: "live-changed", namespace };
  await Promise.all([
    client.patch(configMaps, change, "merge", { data: { key: "new" } }),
    client.patch(secrets, change, "merge", { data: encoded({ key: "new" }) }),
    client.delete(configMaps, { name: "live-deleted", namespace }),
    client.delete(secrets, { name: "live-deleted", namespace }),
    client.create(configMaps, { ...metadata("created"), data: { key: "now" } }, at),
    client.create(secrets, { ...metadata("created"), data: encoded({ key: "now" }) }, at),
  ]);
  // A change of the pod itself makes the kubelet look at its volumes at once.
  await pods.patch(name, { metadata: { labels: { color: "blue" }, annotations: { note: "two" } } });
  await until(async () => (await look())["downward/labels"] === 'color="blue"', 20_000);
  expect(await look()).toEqual({ ...all("changed", "new"), ...all("created", "now"), ...ofPod("blue", "two") });
  await pods.end(name, 0);
});
