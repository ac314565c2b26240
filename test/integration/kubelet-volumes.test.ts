/** Volumes of real pods on a real containerd: files of the API, scratch space, the node's own paths. Needs root. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod, PodSpec, Volume, VolumeMount } from "../../shared/api/generated/core/v1.ts";
import { configMaps, secrets } from "../../shared/resources/catalog.ts";
import { isMounted, mountsBelow, unmountBelow } from "../../kubelet/volumes/mount-table.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { containerOf, FOREVER, isOver, isReady, NodePods, shell } from "../support/node-pods.ts";
import { until } from "../support/until.ts";

const START_TIMEOUT_MS = 120_000;
const namespace = "default";

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;
/** A folder of the node for hostPath volumes. */
let host: string;

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const client = (): TestApiServer["client"] => api.client;

beforeAll(async () => {
  api = await startTestApiServer();
  node = new KubeletNode(api);
  pods = new NodePods(api, node);
  await pods.prepare();
  await client().create(
    configMaps,
    { metadata: { name: "map" }, data: { a: "one", b: "two" }, binaryData: { bin: "AP8=" } },
    { namespace },
  );
  await client().create(
    secrets,
    { metadata: { name: "secret" }, data: { password: base64("hunter2") } },
    { namespace },
  );
  await node.start();
  host = join(node.folder, "host");
  mkdirSync(host);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await api?.stop();
}, START_TIMEOUT_MS);

const mountAt = (mountPath: string, more: Partial<VolumeMount> = {}): VolumeMount => ({
  name: "v",
  mountPath,
  ...more,
});

/** A container that says the outcome of its script in its last words. */
const teller = (script: string, more: Partial<Container> = {}): Container =>
  shell(`{ ${script}; } > /dev/termination-log 2>&1`, { volumeMounts: [mountAt("/v")], ...more });

async function create(stem: string, volume: Omit<Volume, "name">, spec: Partial<PodSpec>): Promise<string> {
  const name = pods.name(stem);
  await pods.create(name, { restartPolicy: "Never", volumes: [{ name: "v", ...volume }], ...spec });
  return name;
}

/** What the only container of a pod said at its end. */
async function wordsOf(name: string): Promise<string> {
  const pod = await pods.until(name, isOver);
  return containerOf(pod).state?.terminated?.message?.trim() ?? "";
}

async function outcome(stem: string, volume: Omit<Volume, "name">, script: string, more: Partial<PodSpec> = {}) {
  const name = await create(stem, volume, { containers: [teller(script)], ...more });
  return wordsOf(name);
}

async function untilEvent(name: string, text: string): Promise<void> {
  let seen: string[] = [];
  await until(async () => {
    seen = await pods.events(name);
    return seen.some((event) => event.includes(text));
  }, 20_000).catch(() => {
    throw new Error(`no event "${text}" of ${name}: ${seen.join("\n")}\n${node.kubeletLog}`);
  });
}

const everyFile = 'cd /v; for f in *; do echo "$f=$(cat $f) $(stat -Lc %a:%u:%g $f)"; done';

it("fills volumes with what the API has", async () => {
  const user = { securityContext: { runAsUser: 1000, fsGroup: 2000 } };
  const items = [{ key: "a", path: "deep/x", mode: 0o400 }];
  const projected = {
    sources: [
      { secret: { name: "secret" } },
      { configMap: { name: "map", items: [{ key: "b", path: "b" }] } },
      { downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.namespace" } }] } },
    ],
  };
  const token = { sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 600 } }] };
  const [plain, some, secret, private_, all, jwt, none] = await Promise.all([
    outcome("map", { configMap: { name: "map", items: [{ key: "a", path: "a" }] } }, everyFile),
    outcome("items", { configMap: { name: "map", items } }, "cat /v/deep/x; stat -Lc :%a:%g /v/deep/x /v/deep"),
    outcome("secret", { secret: { secretName: "secret", defaultMode: 0o400 } }, `${everyFile}; stat -fc %T /v`),
    outcome("group", { secret: { secretName: "secret", defaultMode: 0o440 } }, `${everyFile}; id -u; id -G`, user),
    outcome("projected", { projected }, `${everyFile}; touch /v/new`),
    outcome("token", { projected: token }, "stat -Lc %a:%u:%g /v/token; cut -d. -f2 /v/token", user),
    outcome("optional", { secret: { secretName: "nothing", optional: true } }, "ls /v | wc -l"),
  ]);
  expect(plain).toBe("a=one 644:0:0");
  expect(some).toBe("one:400:0\n:755:0");
  expect(secret).toBe("password=hunter2 400:0:0\ntmpfs");
  expect(private_.split("\n").slice(0, 2)).toEqual(["password=hunter2 440:0:2000", "1000"]);
  expect(private_.split("\n")[2]?.split(" ")).toContain("2000");
  expect(all).toContain("b=two 644:0:0\nname=default 644:0:0\npassword=hunter2 644:0:0");
  expect(all).toContain("Read-only file system");
  expect(jwt).toMatch(/^640:1000:2000\n/);
  const claims = JSON.parse(Buffer.from(jwt.split("\n")[1] ?? "", "base64url").toString("utf8")) as {
    exp: number;
    iat: number;
  };
  expect(claims.exp - claims.iat).toBe(600);
  expect(none).toBe("0");
});

it("gives scratch space to everybody in the pod, on disk and in memory", async () => {
  const script = "echo hi > /v/f; stat -c %a:%u:%g /v /v/f; grep ' /v ' /proc/mounts | cut -d' ' -f1";
  const user = { securityContext: { runAsUser: 1000, fsGroup: 2000 } };
  const limited = { emptyDir: { medium: "Memory", sizeLimit: "1Mi" } };
  const [disk, memory, group, limit] = await Promise.all([
    outcome("disk", { emptyDir: {} }, script),
    outcome("memory", { emptyDir: { medium: "Memory" } }, script),
    outcome("owned", { emptyDir: {} }, script, user),
    outcome("limited", limited, "dd if=/dev/zero of=/v/f bs=64k count=64 2>&1 | head -1; du -k /v/f | cut -f1"),
  ]);
  expect(disk.split("\n").slice(0, 2)).toEqual(["777:0:0", "644:0:0"]);
  expect(memory.split("\n")).toEqual(["777:0:0", "644:0:0", "tmpfs"]);
  expect(group.split("\n").slice(0, 2)).toEqual(["2777:0:2000", "644:1000:2000"]);
  expect(limit).toContain("No space left on device");
  expect(limit.split("\n").at(-1)).toBe("1024");
});

it("refuses huge pages that the pod does not ask for", async () => {
  const name = await create("huge", { emptyDir: { medium: "HugePages" } }, { containers: [teller("true")] });
  await untilEvent(
    name,
    'FailedMount: MountVolume.SetUp failed for volume "v" : medium HugePages: hugePages storage requested, but there is no resource request for huge pages',
  );
  await pods.end(name, 0);
});

describe("a part of a volume", () => {
  it("is what the container sees, by a path of its own", async () => {
    const atomic = teller("cat /f /e/name", {
      volumeMounts: [mountAt("/f", { subPath: "a" }), { name: "e", mountPath: "/e", subPathExpr: "at-$(POD)" }],
      env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    });
    const writer = { ...atomic, name: "first", command: ["sh", "-c", "echo written > /e/name"] };
    const name = pods.name("sub");
    await pods.create(name, {
      restartPolicy: "Never",
      volumes: [
        { name: "v", configMap: { name: "map" } },
        { name: "e", emptyDir: {} },
      ],
      initContainers: [writer],
      containers: [atomic],
    });
    expect(await wordsOf(name)).toBe("onewritten");
    const { metadata } = await pods.get(name);
    await pods.end(name);
    await until(() => !existsSync(join(node.folder, "kubelet-root/pods", metadata.uid ?? "")), 20_000);
  });

  it("survives restarts of its container and of the kubelet", async () => {
    const name = await create(
      "again",
      { emptyDir: {} },
      {
        restartPolicy: "Always",
        containers: [
          shell("echo run >> /v/runs; [ $(wc -l < /v/runs) -ge 2 ] && sleep 1000; exit 1", {
            volumeMounts: [mountAt("/v", { subPath: "part" })],
          }),
        ],
      },
    );
    await pods.until(
      name,
      (pod) => containerOf(pod).restartCount === 1 && containerOf(pod).state?.running !== undefined,
    );
    const pod = await pods.get(name);
    const root = join(node.folder, "kubelet-root/pods", pod.metadata.uid ?? "");
    expect(readFileSync(join(root, "volumes/kubernetes.io~empty-dir/v/part/runs"), "utf8")).toBe("run\nrun\n");
    const mounts = (): string[] =>
      readFileSync("/proc/self/mountinfo", "utf8")
        .split("\n")
        .filter((line) => line.includes(`${root}/volume-subpaths/`));
    expect(mounts()).toHaveLength(1);
    await node.killKubelet();
    await node.startKubelet();
    await pods.end(name, 0);
    await until(() => mounts().length === 0 && !existsSync(root), 20_000);
  });

  it("does not lead out through links that pods make", async () => {
    const attempts = [
      ["ln -s /etc /v/part", "part"],
      ["mkdir /v/a; ln -s ../../../../../../../etc /v/a/part", "a/part"],
      ["ln -s / /v/part", "part/etc/shadow"],
      ["ln -s /tmp /v/part", "part/made-by-a-pod"],
    ] as const;
    const refused = async ([script, subPath]: readonly [string, string]): Promise<string | undefined> => {
      const name = await create(
        "escape",
        { emptyDir: {} },
        {
          initContainers: [shell(script, { name: "first", volumeMounts: [mountAt("/v")] })],
          containers: [shell(FOREVER, { volumeMounts: [mountAt("/v", { subPath })] })],
        },
      );
      const reasonOf = (pod: Pod) => containerOf(pod).state?.waiting;
      const pod = await pods.until(name, (each) => reasonOf(each)?.reason === "CreateContainerConfigError");
      await pods.end(name, 0);
      return reasonOf(pod)?.message;
    };
    // It learns nothing of the node's own files.
    const message = 'failed to prepare subPath for volumeMount "v" of container "main"';
    expect(new Set(await Promise.all(attempts.map(refused)))).toEqual(new Set([message]));
    expect(existsSync("/tmp/made-by-a-pod")).toBe(false);
  });

  it("is refused when a variable leads it out, until the variable is another one", async () => {
    const healed = async (value: string): Promise<string | undefined> => {
      const name = pods.name("expression");
      const place = { name: "PLACE", valueFrom: { fieldRef: { fieldPath: "metadata.annotations['path']" } } };
      const main = shell(FOREVER, { volumeMounts: [mountAt("/v", { subPathExpr: "$(PLACE)" })], env: [place] });
      const spec = { volumes: [{ name: "v", emptyDir: {} }], containers: [main] };
      await pods.create(name, spec, { annotations: { path: value } });
      const waitingOf = (pod: Pod) => containerOf(pod).state?.waiting;
      const pod = await pods.until(name, (each) => waitingOf(each)?.reason === "CreateContainerConfigError");
      await pods.patch(name, { metadata: { annotations: { path: "fine" } } });
      await pods.until(name, isReady);
      await pods.end(name, 0);
      return waitingOf(pod)?.message;
    };
    expect(await Promise.all(["/etc", "../.."].map(healed))).toEqual([
      "error SubPath `/etc` must not be an absolute path",
      "unable to provision SubPath `../..`: must not contain '..'",
    ]);
  });
});

describe("a path of the node", () => {
  it("must be what it is said to be, and heals", async () => {
    const path = join(host, "later");
    const name = await create(
      "typed",
      { hostPath: { path, type: "Directory" } },
      {
        containers: [shell(FOREVER, { volumeMounts: [mountAt("/v", { readOnly: true })] })],
      },
    );
    await untilEvent(name, `FailedMount: MountVolume.SetUp failed for volume "v" : hostPath ${path} doesn't exist`);
    writeFileSync(path, "");
    await untilEvent(name, `hostPath type check failed: ${path} is not a directory, it's a File`);
    rmSync(path);
    mkdirSync(path);
    await pods.until(name, isReady);
    await pods.end(name, 0);
    expect(readdirSync(host)).toContain("later");
  });

  it("shares mounts in the way that is asked for", async () => {
    mkdirSync(join(host, "shared/below"), { recursive: true });
    const volume = { hostPath: { path: join(host, "shared") } };
    const privileged = { securityContext: { privileged: true } };
    const propagated = (mountPropagation: string) => ({ volumeMounts: [mountAt("/v", { mountPropagation })] });
    execFileSync("mount", ["--bind", join(host, "shared"), join(host, "shared")]);
    execFileSync("mount", ["--make-shared", join(host, "shared")]);
    try {
      const wait = "while ! [ -e /v/below/mark ]; do sleep 0.1; done; echo seen";
      const follower = await create("follower", volume, {
        containers: [teller(wait, propagated("HostToContainer"))],
      });
      await pods.until(follower, (pod) => containerOf(pod).state?.running !== undefined);
      const master = await create("master", volume, {
        containers: [
          teller("mount -t tmpfs none /v/below; touch /v/below/mark", {
            ...propagated("Bidirectional"),
            ...privileged,
          }),
        ],
      });
      expect(await wordsOf(master)).toBe("");
      expect(await wordsOf(follower)).toBe("seen");
      expect(existsSync(join(host, "shared/below/mark"))).toBe(true);
    } finally {
      execFileSync("umount", ["-R", join(host, "shared")]);
    }
  });

  it("does not become another one while it is mounted", async () => {
    mkdirSync(join(host, "swap/data"), { recursive: true });
    writeFileSync(join(host, "swap/data/mine"), "");
    const name = await create(
      "swap",
      { hostPath: { path: join(host, "swap/data"), type: "Directory" } },
      {
        containers: [shell(FOREVER, { volumeMounts: [mountAt("/v")] })],
      },
    );
    const pod = await pods.until(name, isReady);
    rmSync(join(host, "swap/data"), { recursive: true });
    symlinkSync("/etc", join(host, "swap/data"));
    const id = containerOf(pod).containerID?.replace(/^.*:\/\//, "") ?? "";
    const { output } = await node.runtime.exec(id, ["ls", "/v"], 10);
    expect(output.toString("utf8")).not.toContain("passwd");
    await pods.end(name, 0);
  });
});

it("finds mounts below a folder that is reached through a link: nothing mounted is ever removed", async () => {
  const below = join(host, "real/pod/volume");
  mkdirSync(below, { recursive: true });
  symlinkSync(join(host, "real"), join(host, "alias"));
  execFileSync("mount", ["-t", "tmpfs", "none", below]);
  execFileSync("mount", ["-t", "tmpfs", "none", below]);
  expect(await isMounted(join(host, "alias/pod/volume"))).toBe(true);
  expect(await mountsBelow(join(host, "alias/pod"))).toEqual([below, below]);
  await unmountBelow(join(host, "alias/pod"));
  expect(await mountsBelow(host)).toEqual([]);
});

it("says what it cannot do: a file server without its program, an image as a volume, recursive read-only", async () => {
  const [nfs, image, recursive] = await Promise.all([
    create("nfs", { nfs: { server: "127.0.0.1", path: "/export" } }, { containers: [teller("true")] }),
    create("image", { image: { reference: "kubernode.test/toolbox:1" } }, { containers: [teller("true")] }),
    create(
      "recursive",
      { emptyDir: {} },
      {
        containers: [
          teller("true", { volumeMounts: [mountAt("/v", { readOnly: true, recursiveReadOnly: "Enabled" })] }),
        ],
      },
    ),
  ]);
  if (!existsSync("/sbin/mount.nfs")) {
    await untilEvent(nfs, 'FailedMount: MountVolume.SetUp failed for volume "v" : mount failed: exit status 32');
  }
  const waiting = (name: string, reason: string): Promise<Pod> =>
    pods.until(name, (pod) => containerOf(pod).state?.waiting?.reason === reason);
  const refused = await waiting(recursive, "CreateContainerConfigError");
  expect(containerOf(refused).state?.waiting?.message).toContain("requested recursive read-only mode");
  const unpulled = await create(
    "absent",
    { image: { reference: "kubernode.test/nobody:1", pullPolicy: "Never" } },
    { containers: [teller("true")] },
  );
  await waiting(unpulled, "ErrImageNeverPull");
  await waiting(image, "CreateContainerError");
  await Promise.all([nfs, image, unpulled, recursive].map((name) => pods.end(name, 0)));
});

it("mounts more than a hundred volumes in one pod, and leaves nothing of them", async () => {
  const names = Array.from({ length: 110 }, (_none, index) => `v${index}`);
  const name = pods.name("many");
  await pods.create(name, {
    restartPolicy: "Never",
    volumes: names.map((each, index) =>
      index % 11 === 0 ? { name: each, emptyDir: { medium: "Memory" } } : { name: each, configMap: { name: "map" } },
    ),
    containers: [
      teller("ls / | grep -c '^v[0-9]'; cat /v1/a", {
        volumeMounts: names.map((each) => ({ name: each, mountPath: `/${each}` })),
      }),
    ],
  });
  expect(await wordsOf(name)).toBe("110\none");
  const { metadata } = await pods.get(name);
  await pods.end(name);
  await until(() => !readFileSync("/proc/self/mountinfo", "utf8").includes(metadata.uid ?? "nothing"), 20_000);
});

it("finishes what a killed kubelet began", async () => {
  const names = Array.from({ length: 40 }, (_none, index) => `m${index}`);
  const name = pods.name("killed");
  const { metadata } = await pods.create(name, {
    volumes: names.map((each) => ({ name: each, emptyDir: { medium: "Memory" } })),
    containers: [
      shell(FOREVER, {
        volumeMounts: names.map((each) => ({ name: each, mountPath: `/${each}`, subPath: "part" })),
      }),
    ],
  });
  const traces = (): number =>
    readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(metadata.uid ?? "nothing")).length;
  await until(() => traces() > 0, 20_000);
  await node.killKubelet();
  expect(traces()).toBeGreaterThan(0);
  await node.startKubelet();
  const pod = await pods.until(name, isReady);
  expect(traces()).toBe(80);
  expect(containerOf(pod).restartCount).toBe(0);
  await pods.end(name, 0);
  await until(() => traces() === 0, 20_000);
});

it("mounts fifty ConfigMaps in each of several pods at once", async () => {
  const names = Array.from({ length: 50 }, (_none, index) => `race-${index}`);
  await Promise.all(
    names.map((name) => client().create(configMaps, { metadata: { name }, data: { key: name } }, { namespace })),
  );
  const racer = async (): Promise<string> => {
    const name = pods.name("race");
    await pods.create(name, {
      restartPolicy: "Never",
      volumes: names.map((each) => ({ name: each, configMap: { name: each } })),
      containers: [
        teller("cat /race-*/key | tr -s a-z- '\\n' | sort -n | tail -1; ls / | grep -c race", {
          volumeMounts: names.map((each) => ({ name: each, mountPath: `/${each}` })),
        }),
      ],
    });
    return wordsOf(name);
  };
  expect(await Promise.all([racer(), racer(), racer()])).toEqual(Array(3).fill("49\n50"));
});
