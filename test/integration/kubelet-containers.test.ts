/** What containers get on a real runtime: images, variables, identity, resources, and how they fail. Needs root. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Container, Pod, PodSpec } from "../../shared/api/generated/core/v1.ts";
import {
  configMaps,
  nodes,
  runtimeClasses,
  secrets,
  serviceAccounts,
  services,
} from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { ImageRegistry } from "../support/image-registry.ts";
import { TOOLBOX_IMAGE, toolboxWith } from "../support/images.ts";
import { KubeletNode } from "../support/kubelet-node.ts";
import { containerOf, FOREVER, isOver, isReady, NodePods, shell } from "../support/node-pods.ts";
import { until } from "../support/until.ts";

const START_TIMEOUT_MS = 120_000;

let api: TestApiServer;
let node: KubeletNode;
let pods: NodePods;
const registry = new ImageRegistry();

beforeAll(async () => {
  api = await startTestApiServer();
  node = new KubeletNode(api);
  pods = new NodePods(api, node);
  await registry.start();
  await pods.prepare();
  await node.start();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await node?.close();
  await registry.stop();
  await api?.stop();
}, START_TIMEOUT_MS);

const at = { namespace: "default" };
const waitingOf = (pod: Pod, name = "main") => containerOf(pod, name).state?.waiting;
const endOf = (pod: Pod, name = "main") => containerOf(pod, name).state?.terminated;
const isWaiting = (reason: string) => (pod: Pod) => waitingOf(pod)?.reason === reason;

/** What a script prints, run to its end. */
async function printed(script: string, more: Partial<Container> = {}, spec: Partial<PodSpec> = {}): Promise<string> {
  const name = pods.name("print");
  await pods.create(name, {
    restartPolicy: "Never",
    containers: [shell(`{ ${script}\n} > /dev/termination-log 2>&1`, more)],
    ...spec,
  });
  const pod = await pods.until(name, isOver);
  await pods.delete(name, 0);
  return endOf(pod)?.message ?? "";
}

function seccompFolder(): string {
  const folder = join(node.folder, "kubelet-root", "seccomp");
  mkdirSync(folder, { recursive: true });
  return folder;
}

const pullSecret = (name: string, password: string) => ({
  metadata: { name },
  type: "kubernetes.io/dockerconfigjson",
  data: {
    ".dockerconfigjson": Buffer.from(
      JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from(`user:${password}`).toString("base64") } } }),
    ).toString("base64"),
  },
});

describe("an image", () => {
  it("is pulled by tag and by digest, and said to be", async () => {
    const image = registry.add("plain/app", "v1", toolboxWith({ env: ["PATH=/bin", "FROM=plain"] }));
    const digest = `${registry.host}/plain/app@${registry.digestOf("plain/app", "v1")}`;
    const name = pods.name("pulled");
    await pods.create(name, {
      containers: [shell(FOREVER, { image }), shell(FOREVER, { name: "two", image: digest })],
    });
    const pod = await pods.until(name, isReady);
    expect(containerOf(pod).image).toBe(image);
    expect(containerOf(pod).imageID).toContain("sha256:");
    expect(containerOf(pod, "two").imageID).toBe(containerOf(pod).imageID);
    await until(async () => {
      const told = await pods.events(name);
      const pulled = new RegExp(
        `^Pulled: Successfully pulled image "${image}" in \\S+ \\(\\S+ including waiting\\)\\. Image size: \\d+ bytes\\.$`,
      );
      return told.includes(`Pulling: Pulling image "${image}"`) && told.some((text) => pulled.test(text));
    });
    await pods.delete(name, 0);
  });

  it("of a private registry needs the pod's or its account's secret", async () => {
    const image = registry.add("private/app", "v1", toolboxWith({ env: ["PATH=/bin", "FROM=private"] }), "hidden");
    await api.client.create(secrets, pullSecret("good", "hidden"), at);
    await api.client.create(secrets, pullSecret("bad", "guessed"), at);
    const account = { metadata: { name: "puller" }, imagePullSecrets: [{ name: "good" }] };
    await api.client.create(serviceAccounts, account, at);
    const create = async (spec: Partial<PodSpec>): Promise<string> => {
      const name = pods.name("private");
      await pods.create(name, { containers: [shell(FOREVER, { image })], ...spec });
      return name;
    };
    const own = await create({ imagePullSecrets: [{ name: "good" }] });
    await pods.until(own, isReady);
    // The image is here now; that does not make it everybody's.
    const refused = [await create({}), await create({ imagePullSecrets: [{ name: "bad" }, { name: "missing" }] })];
    for (const name of refused) {
      const pod = await pods.until(name, (one) =>
        /^(ErrImagePull|ImagePullBackOff)$/.test(waitingOf(one)?.reason ?? ""),
      );
      expect(waitingOf(pod)?.message).toMatch(
        /401 Unauthorized|authorization failed|no basic auth|authentication required/,
      );
    }
    const byAccount = await create({ serviceAccountName: "puller" });
    await pods.until(byAccount, isReady);
    const missing =
      "FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (missing); attempting to pull the image may not succeed.";
    await until(async () => (await pods.events(refused[1] ?? "")).includes(missing));
    await Promise.all([own, byAccount, ...refused].map((name) => pods.delete(name, 0)));
    registry.remove("private/app", "v1");
  });

  it("is pulled after those that were asked for before", async () => {
    const gate = { open: (): void => undefined };
    const opened = new Promise<void>((resolve) => (gate.open = resolve));
    registry.pullsMax = 0;
    const names = await Promise.all(
      ["one", "two", "three"].map(async (path) => {
        const image = registry.add(`serial/${path}`, "v1", toolboxWith({ env: ["PATH=/bin", `FROM=${path}`] }));
        registry.hold(`serial/${path}`, opened);
        const name = pods.name("serial");
        await pods.create(name, { containers: [shell(FOREVER, { image })] });
        return name;
      }),
    );
    await until(async () => {
      const told = await Promise.all(names.map((name) => pods.events(name)));
      return told.every((texts) => texts.some((text) => text.startsWith("Pulling:")));
    });
    gate.open();
    await Promise.all(names.map((name) => pods.until(name, isReady)));
    expect(registry.pullsMax).toBe(1);
    await Promise.all(names.map((name) => pods.delete(name, 0)));
  });

  it.each([
    [
      "InvalidImageName",
      "Not/An/Image",
      'Failed to apply default image tag "Not/An/Image": couldn\'t parse image name "Not/An/Image": invalid reference format: repository name (An/Image) must be lowercase',
    ],
    [
      "ErrImageNeverPull",
      "kubernode.test/none:1",
      'Container image "kubernode.test/none:1" is not present with pull policy of Never',
    ],
  ])("waits with %s", async (reason, image, message) => {
    const name = pods.name("wrong");
    await pods.create(name, { containers: [shell(FOREVER, { image, imagePullPolicy: "Never" })] });
    const pod = await pods.until(name, isWaiting(reason));
    expect(waitingOf(pod)?.message).toBe(message);
    await pods.delete(name, 0);
  });
});

describe("variables", () => {
  it("come from every source, with any printable prefix, and refer to each other", async () => {
    await api.client.create(configMaps, { metadata: { name: "env" }, data: { KEY: "value", other: "2" } }, at);
    const data = { PASS: Buffer.from("sec ret").toString("base64") };
    await api.client.create(secrets, { metadata: { name: "env" }, data }, at);
    const ports = [{ name: "http", port: 80 }];
    await api.client.create(services, { metadata: { name: "my-db" }, spec: { ports } }, at);
    const field = (fieldPath: string) => ({ fieldRef: { fieldPath } });
    const resource = (name: string) => ({ resourceFieldRef: { resource: name } });
    const text = await printed("cat /proc/self/environ | tr '\\0' '\\n'; echo $0 $1", {
      command: ["sh", "-c", "{ cat /proc/1/environ | tr '\\0' '\\n'; echo \"args $0 $1\"; } > /dev/termination-log"],
      args: ["$(KEY_1)", "$$(KEY_1) $(NOT)"],
      envFrom: [
        { prefix: "#!@$ ", configMapRef: { name: "env" } },
        { secretRef: { name: "env" } },
        { configMapRef: { name: "none", optional: true } },
      ],
      env: [
        { name: "KEY_1", valueFrom: { configMapKeyRef: { name: "env", key: "KEY" } } },
        { name: "BOTH", value: "$(KEY_1)-$(PASS)-$(MY_DB_SERVICE_PORT)-$(NOT)" },
        { name: "OPTIONAL", valueFrom: { secretKeyRef: { name: "env", key: "none", optional: true } } },
        { name: "POD", valueFrom: field("metadata.name") },
        { name: "LABEL", valueFrom: field("metadata.labels['app']") },
        { name: "CPU", valueFrom: resource("limits.cpu") },
        { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "requests.memory", divisor: "1Mi" } } },
      ],
      resources: { limits: { cpu: "1500m" }, requests: { memory: "33Mi" } },
    });
    const lines = text.split("\n");
    for (const line of [
      "#!@$ KEY=value",
      "#!@$ other=2",
      "PASS=sec ret",
      "KEY_1=value",
      "BOTH=value-sec ret-80-$(NOT)",
      "CPU=2",
      "MEMORY=33",
      "LABEL=",
      "args value $(KEY_1) $(NOT)",
    ])
      expect(lines).toContain(line);
    expect(text).not.toContain("OPTIONAL");
  });
});

describe("what a container is told of itself", () => {
  it("is its pod, its node and what it may use", async () => {
    const name = pods.name("told");
    const field = (variable: string, fieldPath: string) => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } });
    const amount = (variable: string, resource: string) => ({
      name: variable,
      valueFrom: { resourceFieldRef: { resource } },
    });
    const env = [
      field("NAME", "metadata.name"),
      field("NAMESPACE", "metadata.namespace"),
      field("UID", "metadata.uid"),
      field("IP", "status.podIP"),
      field("HOST", "status.hostIP"),
      field("HOSTS", "status.hostIPs"),
      amount("CPU", "limits.cpu"),
      amount("MEMORY", "limits.memory"),
      amount("ASKED", "requests.cpu"),
    ];
    const script = "echo $NAME $NAMESPACE $UID $IP $HOST $HOSTS $CPU $MEMORY $ASKED > /dev/termination-log";
    const { metadata } = await pods.create(name, { restartPolicy: "Never", containers: [shell(script, { env })] });
    const pod = await pods.until(name, isOver);
    const { status } = await api.client.get(nodes, { name: node.name });
    const told = (endOf(pod)?.message ?? "").trim().split(" ");
    expect(told.slice(0, 6)).toEqual([
      name,
      "default",
      metadata.uid ?? "",
      pod.status?.podIP ?? "",
      "127.0.0.1",
      "127.0.0.1",
    ]);
    // No limit of its own: all that pods may use here.
    const bytes = Number.parseInt(status?.allocatable?.["memory"] ?? "", 10) * 1024;
    expect(told.slice(6)).toEqual([status?.allocatable?.["cpu"], String(bytes), "0"]);
    await pods.delete(name, 0);
  });
});

describe("security", () => {
  const IDENTITY = "id -u; id -g; id -G; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'";

  it("gives user, groups, capabilities and filters as asked", async () => {
    const text = await printed(
      IDENTITY,
      {
        securityContext: {
          runAsUser: 1001,
          runAsGroup: 1002,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
          seccompProfile: { type: "RuntimeDefault" },
        },
      },
      { securityContext: { runAsUser: 1, supplementalGroups: [1003], fsGroup: 1004 } },
    );
    expect(text.split("\n").slice(0, 6)).toEqual([
      "1001",
      "1002",
      "1002 1003 1004",
      "CapEff:0000000000000000",
      "NoNewPrivs:1",
      "Seccomp:2",
    ]);
    const root = await printed(IDENTITY, {
      securityContext: { capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } },
    });
    expect(root.split("\n").slice(3, 6)).toEqual(["CapEff:0000000000000400", "NoNewPrivs:0", "Seccomp:0"]);
  });

  it("keeps the root file system and the kernel's files closed, and opens them for the privileged", async () => {
    const script =
      "touch /new && echo wrote; echo x > /proc/sys/kernel/hostname && echo renamed; ls /sys/firmware | wc -l; wc -c < /proc/kcore | head -c 1";
    const closed = await printed(script, { securityContext: { readOnlyRootFilesystem: true } });
    expect(closed).not.toMatch(/wrote|renamed/);
    const open = await printed(`touch /new && echo wrote; ip link add dummy0 type dummy || echo refused`);
    expect(open).toMatch(/wrote\n[^]*refused\n/);
    const { length } = (
      await printed("cat /proc/self/status | grep CapEff", { securityContext: { privileged: true } })
    ).replace(/[^1-9a-f]/g, "");
    expect(length).toBeGreaterThan(5);
  });

  it("takes filters of system calls from the node's own folder only", async () => {
    const profile = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    };
    writeFileSync(join(seccompFolder(), "nomkdir.json"), JSON.stringify(profile));
    const local = (localhostProfile: string) => ({
      securityContext: { seccompProfile: { type: "Localhost", localhostProfile } },
    });
    expect(await printed("mkdir /tmp/a || echo refused", local("nomkdir.json"))).toContain("refused");
  });

  it("refuses root to who must not be root", async () => {
    const name = pods.name("nonroot");
    const pod = await pods.create(name, { containers: [shell(FOREVER, { securityContext: { runAsNonRoot: true } })] });
    const waiting = await pods.until(name, isWaiting("CreateContainerConfigError"));
    expect(waitingOf(waiting)?.message).toBe(
      `container has runAsNonRoot and image will run as root (pod: "${name}_default(${pod.metadata.uid})", container: main)`,
    );
    await pods.delete(name, 0);
  });

  it("sets what the kernel lets a pod set, also when it is written as a path", async () => {
    const text = await printed(
      "cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/kernel/shm_rmid_forced",
      {},
      {
        securityContext: {
          sysctls: [
            { name: "net.ipv4.ip_local_port_range", value: "20000 21000" },
            { name: "kernel/shm_rmid_forced", value: "1" },
          ],
        },
      },
    );
    expect(text).toBe("20000\t21000\n1\n");
  });
});

describe("a container that cannot start", () => {
  it("says why, and starts when the cause is gone", async () => {
    const image = `${registry.host}/late/app:v1`;
    const [late, config, profile] = [pods.name("late"), pods.name("config"), pods.name("profile")];
    const env = [{ name: "X", valueFrom: { secretKeyRef: { name: "later", key: "x" } } }];
    const seccompProfile = { type: "Localhost", localhostProfile: "missing.json" };
    await pods.create(late, { containers: [shell(FOREVER, { image })] });
    await pods.create(config, { containers: [shell(FOREVER, { env })] });
    await pods.create(profile, { containers: [shell(FOREVER, { securityContext: { seccompProfile } })] });

    const failed = await pods.until(late, isWaiting("ErrImagePull"));
    expect(waitingOf(failed)?.message).toMatch(/failed to pull and unpack image |manifest unknown/);
    expect(waitingOf(await pods.until(config, isWaiting("CreateContainerConfigError")))?.message).toBe(
      'secret "later" not found',
    );
    const without = await pods.until(profile, isWaiting("CreateContainerError"));
    expect(waitingOf(without)?.message).toMatch(/missing\.json: no such file/);
    expect(waitingOf(await pods.until(late, isWaiting("ImagePullBackOff")))?.message).toContain(
      `Back-off pulling image "${image}": ErrImagePull: `,
    );

    registry.add("late/app", "v1", toolboxWith());
    await api.client.create(secrets, { metadata: { name: "later" }, data: { x: "eA==" } }, at);
    writeFileSync(join(seccompFolder(), "missing.json"), JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW" }));
    await Promise.all([late, config, profile].map((name) => pods.until(name, isReady)));
    await until(async () => (await pods.events(config)).includes('Failed: Error: secret "later" not found'));
    await Promise.all([late, config, profile].map((name) => pods.delete(name, 0)));
  });
});

describe("resources", () => {
  const groupFile = (controller: string, group: string, file: string): string =>
    readFileSync(
      join("/sys/fs/cgroup", controller, `kubernode-test-${process.pid}`, "kubepods", group, file),
      "utf8",
    ).trim();

  it("become control groups of the container, the pod and its class", async () => {
    const name = pods.name("grouped");
    const burstable = { requests: { cpu: "250m" }, limits: { cpu: "500m", memory: "64Mi" } };
    const created = await pods.create(name, {
      containers: [shell(FOREVER, { resources: burstable }), shell(FOREVER, { name: "two", resources: burstable })],
    });
    await pods.until(name, isReady);
    const uid = created.metadata.uid ?? "";
    if (existsSync("/sys/fs/cgroup/cgroup.controllers")) {
      expect(groupFile("", `burstable/pod${uid}`, "memory.max")).toBe(String(128 * 1024 ** 2));
      expect(groupFile("", `burstable/pod${uid}`, "cpu.max")).toBe("100000 100000");
    } else {
      expect(groupFile("memory", `burstable/pod${uid}`, "memory.limit_in_bytes")).toBe(String(128 * 1024 ** 2));
      expect(groupFile("cpu", `burstable/pod${uid}`, "cpu.cfs_quota_us")).toBe("100000");
      expect(groupFile("cpu", `burstable/pod${uid}`, "cpu.shares")).toBe("512");
      expect(Number(groupFile("cpu", "burstable", "cpu.shares"))).toBeGreaterThanOrEqual(512);
      expect(groupFile("cpu", "besteffort", "cpu.shares")).toBe("2");
      expect(Number(groupFile("memory", "", "memory.limit_in_bytes"))).toBeLessThan(2 ** 53);
    }
    await pods.end(name, 0);
    const left = join("/sys/fs/cgroup/cpu", `kubernode-test-${process.pid}`, "kubepods/burstable", `pod${uid}`);
    await until(() => Promise.resolve(!existsSync(left)));
  });

  it("end a container that eats more memory than it may, and say so", async () => {
    const name = pods.name("greedy");
    const container = shell("tail /dev/zero", { resources: { limits: { memory: "16Mi" } } });
    await pods.create(name, { restartPolicy: "Never", containers: [container, shell(FOREVER, { name: "calm" })] });
    const pod = await pods.until(name, (one) => endOf(one) !== undefined);
    expect(endOf(pod)).toMatchObject({ reason: "OOMKilled", exitCode: 137 });
    expect(containerOf(pod, "calm").state?.running).toBeDefined();
    await pods.delete(name, 0);
  });
});

describe("a runtime class", () => {
  it("must exist, and its handler too", async () => {
    await api.client.create(runtimeClasses, { metadata: { name: "native" }, handler: "runc" });
    await api.client.create(runtimeClasses, { metadata: { name: "strange" }, handler: "nobody-has-it" });
    const good = pods.name("class");
    const bad = pods.name("class");
    await pods.create(good, { runtimeClassName: "native" });
    await pods.create(bad, { runtimeClassName: "strange" });
    await pods.until(good, isReady);
    await until(async () => {
      const told = await pods.events(bad);
      return told.some((text) => /^FailedCreatePodSandBox: Failed to create pod sandbox: .*nobody-has-it/.test(text));
    });
    await Promise.all([good, bad].map((name) => pods.delete(name, 0)));
  });
});

describe("the end of a container", () => {
  it.each([
    ["with a code", { command: ["sh", "-c", "exit 7"] }, { exitCode: 7, reason: "Error" }],
    ["well", { command: ["true"] }, { exitCode: 0, reason: "Completed" }],
    [
      "with words where it wants them",
      {
        command: ["sh", "-c", "echo bye > /tmp/words"],
        terminationMessagePath: "/tmp/words",
        securityContext: { runAsUser: 1000 },
      },
      { exitCode: 0, message: "bye\n" },
    ],
    [
      "with the end of its log",
      { command: ["sh", "-c", "echo one; echo two; exit 1"], terminationMessagePolicy: "FallbackToLogsOnError" },
      { exitCode: 1, message: "one\ntwo\n" },
    ],
    [
      "without words when all is well",
      { command: ["sh", "-c", "echo one"], terminationMessagePolicy: "FallbackToLogsOnError" },
      { exitCode: 0 },
    ],
  ] satisfies [string, Partial<Container>, object][])("comes %s", async (_how, container, expected) => {
    const name = pods.name("end");
    await pods.create(name, {
      restartPolicy: "Never",
      containers: [{ name: "main", image: TOOLBOX_IMAGE, ...container }],
    });
    const pod = await pods.until(name, isOver);
    expect(endOf(pod)).toMatchObject(expected);
    await pods.delete(name, 0);
  });

  it("comes before its beginning when there is nothing to run", async () => {
    const name = pods.name("nothing");
    await pods.create(name, { containers: [{ name: "main", image: TOOLBOX_IMAGE, command: ["/not/there"] }] });
    const pod = await pods.until(name, isWaiting("RunContainerError"));
    expect(waitingOf(pod)?.message).toMatch(/failed to create (containerd|shim) task: .*exec: "\/not\/there"/);
    const later = await pods.until(name, (one) => containerOf(one).lastState?.terminated !== undefined);
    expect(containerOf(later).lastState?.terminated).toMatchObject({ reason: "StartError", exitCode: 128 });
    await pods.delete(name, 0);
  });
});

describe("a malicious pod", () => {
  it("gets no file of the node through links among its logs", async () => {
    const secret = join(node.folder, "secret");
    writeFileSync(secret, "2026-01-01T00:00:00.000000000Z stdout F the secret\n");
    const name = pods.name("linker");
    const script = `cd /logs/*_${name}_*/main && ln -sf ${secret} 0.log && exit 1`;
    await pods.create(name, {
      restartPolicy: "Never",
      volumes: [{ name: "logs", hostPath: { path: join(node.folder, "kubelet-root", "pod-logs") } }],
      containers: [
        shell(script, {
          terminationMessagePolicy: "FallbackToLogsOnError",
          volumeMounts: [{ name: "logs", mountPath: "/logs" }],
        }),
      ],
    });
    const pod = await pods.until(name, isOver);
    expect(endOf(pod)).toMatchObject({ exitCode: 1 });
    expect(endOf(pod)?.message ?? "").not.toContain("secret");
    await pods.delete(name, 0);
  });

  it("writes no control characters into the kubelet's log", async () => {
    const name = pods.name("escape");
    const words = "\u001b[2J\u001b]0;owned\u0007";
    await pods.create(name, {
      containers: [{ name: "main", image: TOOLBOX_IMAGE, command: [`/${words}`] }],
    });
    await pods.until(name, isWaiting("RunContainerError"));
    const log = readFileSync(join(node.folder, "kubelet.log"));
    expect(log.some((byte) => (byte < 0x20 && byte !== 0x0a) || byte === 0x7f)).toBe(false);
    await pods.delete(name, 0);
  });

  it("is told that its environment is too large, and harms nobody", async () => {
    const huge = { metadata: { name: "huge" }, data: { A: "a".repeat(900_000) } };
    await api.client.create(configMaps, huge, at);
    const name = pods.name("huge");
    const envFrom = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ prefix: `P${index}_`, configMapRef: { name: "huge" } }));
    await pods.create(name, {
      containers: [shell(FOREVER, { envFrom: envFrom(3) }), shell(FOREVER, { name: "more", envFrom: envFrom(20) })],
    });
    const pod = await pods.until(
      name,
      (one) =>
        isWaiting("CrashLoopBackOff")(one) && /^(Create|Run)ContainerError$/.test(waitingOf(one, "more")?.reason ?? ""),
    );
    expect(containerOf(pod).lastState?.terminated?.exitCode).toBe(1);
    expect(waitingOf(pod, "more")?.message).toMatch(/larger than max/);
    expect(await printed("echo alive")).toBe("alive\n");
    await pods.delete(name, 0);
  });

  it("shares no folder with one whose name is made to look like its own", async () => {
    const names = ["a", "a-b", "a.b"].map((stem) => pods.name(stem));
    await Promise.all(
      names.map((name) =>
        pods.create(name, { restartPolicy: "Never", containers: [shell(`echo ${name} > /dev/termination-log`)] }),
      ),
    );
    for (const name of names) expect(endOf(await pods.until(name, isOver))?.message).toBe(`${name}\n`);
    await Promise.all(names.map((name) => pods.delete(name, 0)));
  });
});
