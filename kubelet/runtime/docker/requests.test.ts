import type { ContainerSpec, SandboxSpec } from "../runtime.ts";
import { containerRequest, updateRequest } from "./container-request.ts";
import { packLabels, unpackLabels } from "./docker-labels.ts";
import { splitImageName } from "./image-name.ts";
import { jsonFileLog } from "./log-options.ts";
import { sandboxRequest } from "./sandbox-request.ts";
import { securityOptions, userOf } from "./security-options.ts";

const SANDBOX: SandboxSpec = {
  podName: "web",
  podNamespace: "default",
  podUid: "u1",
  attempt: 2,
  hostname: "web",
  logDirectory: "/logs/default_web_u1/",
  dns: { servers: [], searches: [], options: [] },
  portMappings: [],
  labels: { app: "web" },
  annotations: { note: "text" },
  cgroupParent: "/pods/u1",
  sysctls: { "net.ipv4.tcp_syncookies": "1" },
  namespaces: { network: "pod", pid: "container", ipc: "pod" },
  isPrivileged: false,
  supplementalGroups: [7],
  seccomp: { type: "Unconfined" },
};

const CONTAINER: ContainerSpec = {
  name: "main",
  attempt: 1,
  image: "sha256:1",
  command: ["sh"],
  args: ["-c", "true"],
  workingDir: "/srv",
  env: [{ name: "A", value: "1=2" }],
  mounts: [{ containerPath: "/data", hostPath: "/host:odd", isReadOnly: true, propagation: "hostToContainer" }],
  devices: [{ hostPath: "/dev/x", containerPath: "/dev/y", permissions: "rw" }],
  labels: { "io.kubernetes.container.name": "main" },
  annotations: { "io.kubernetes.container.hash": "h" },
  logPath: "main/1.log",
  hasStdin: false,
  isStdinOnce: false,
  hasTty: false,
  resources: { cpuPeriod: 100_000, cpuQuota: 0, cpuShares: 2, memoryLimitBytes: 64, oomScoreAdj: -997 },
  security: {
    isPrivileged: false,
    addCapabilities: ["NET_ADMIN"],
    dropCapabilities: ["ALL"],
    namespaces: SANDBOX.namespaces,
    runAsUser: 1000,
    runAsGroup: 2000,
    supplementalGroups: [7],
    hasReadOnlyRootFilesystem: true,
    hasNoNewPrivileges: true,
    maskedPaths: ["/proc/kcore"],
    readonlyPaths: ["/proc/sys"],
    seccomp: { type: "Localhost", localhostRef: "/profiles/p.json" },
  },
};

interface Body {
  readonly [field: string]: unknown;
  readonly HostConfig: Readonly<Record<string, unknown>>;
}

function containerBody(spec: Partial<ContainerSpec> = {}, sandbox: Partial<SandboxSpec> = {}): Body {
  const input = {
    sandboxId: "s1",
    spec: { ...CONTAINER, ...spec },
    sandbox: { ...SANDBOX, ...sandbox },
    logs: { bytesMax: 10 * 1024 * 1024, filesMax: 5 },
    oomScoreMin: 0,
    readProfile: (path: string) => `<${path}>`,
  };
  return containerRequest(input).body as unknown as Body;
}

const sandboxBody = (spec: Partial<SandboxSpec> = {}): Body =>
  sandboxRequest({ ...SANDBOX, ...spec }, "pause:1", -1000).body as unknown as Body;

const security = (more: Partial<ContainerSpec["security"]>): Partial<ContainerSpec> => ({
  security: { ...CONTAINER.security, ...more },
});

describe("a sandbox", () => {
  it("is a pause container without the Engine's network, whose IPC others may join", () => {
    expect(sandboxRequest(SANDBOX, "pause:1", 0).name).toBe("k8s_POD_web_default_u1_2");
    expect(sandboxBody()).toMatchObject({
      Image: "pause:1",
      Hostname: "web",
      Labels: { app: "web", "annotation.note": "text", "io.kubernetes.docker.type": "podsandbox" },
      HostConfig: {
        NetworkMode: "none",
        PidMode: "",
        IpcMode: "shareable",
        CgroupParent: "/pods/u1",
        Sysctls: SANDBOX.sysctls,
        OomScoreAdj: -998,
      },
    });
  });

  it("joins what of the node's it shares", () => {
    const namespaces = { network: "node", pid: "node", ipc: "node" } as const;
    const body = sandboxBody({ namespaces, sysctls: {} });
    expect(body.HostConfig).toMatchObject({ NetworkMode: "host", UTSMode: "host", PidMode: "host", IpcMode: "host" });
    expect(body).not.toHaveProperty("Hostname");
  });

  it.each<[string, Partial<SandboxSpec>, RegExp]>([
    [
      "sysctls of the node's network",
      { namespaces: { network: "node", pid: "pod", ipc: "pod" } },
      /host net namespace/,
    ],
    ["strict groups", { supplementalGroupsPolicy: "Strict" }, /always adds the groups/],
  ])("is refused for %s", (_what, spec, message) => {
    expect(() => sandboxBody(spec)).toThrow(message);
  });
});

describe("a container", () => {
  it("joins its sandbox and its pod's control group", () => {
    expect(containerBody().HostConfig).toMatchObject({
      NetworkMode: "container:s1",
      IpcMode: "container:s1",
      PidMode: "",
      CgroupParent: "/pods/u1",
    });
  });

  it.each([
    ["pod", "container:s1"],
    ["node", "host"],
    ["target", "container:t1"],
  ] as const)("sees the processes of: %s", (pid, mode) => {
    const namespaces = { ...SANDBOX.namespaces, pid, targetId: "t1" };
    expect(containerBody(security({ namespaces })).HostConfig["PidMode"]).toBe(mode);
  });

  it("gets command, variables, mounts and devices as they are, whatever characters are in them", () => {
    expect(containerBody()).toMatchObject({
      Entrypoint: ["sh"],
      Cmd: ["-c", "true"],
      Env: ["A=1=2"],
      WorkingDir: "/srv",
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        Mounts: [
          {
            Type: "bind",
            Source: "/host:odd",
            Target: "/data",
            ReadOnly: true,
            BindOptions: { Propagation: "rslave" },
          },
        ],
        Devices: [{ PathOnHost: "/dev/x", PathInContainer: "/dev/y", CgroupPermissions: "rw" }],
      },
    });
  });

  it("keeps the image's own command when the pod has none", () => {
    const body = containerBody({ command: [], args: [] });
    expect(body).not.toHaveProperty("Entrypoint");
    expect(body).not.toHaveProperty("Cmd");
  });

  it("is confined as asked, with no lower OOM score than the machine allows", () => {
    expect(containerBody()).toMatchObject({
      User: "1000:2000",
      HostConfig: {
        CapAdd: ["NET_ADMIN"],
        CapDrop: ["ALL"],
        GroupAdd: ["7"],
        ReadonlyRootfs: true,
        MaskedPaths: ["/proc/kcore"],
        ReadonlyPaths: ["/proc/sys"],
        SecurityOpt: ["no-new-privileges", "seccomp=</profiles/p.json>"],
        OomScoreAdj: 0,
        Memory: 64,
        MemorySwap: 64,
      },
    });
  });

  it("has all of /proc when it is privileged", () => {
    const { HostConfig } = containerBody(security({ isPrivileged: true }));
    expect(HostConfig["Privileged"]).toBe(true);
    expect(HostConfig).not.toHaveProperty("MaskedPaths");
  });

  it("runs with the handler of its pod's runtime class", () => {
    expect(containerBody({}, { runtimeHandler: "kata" }).HostConfig["Runtime"]).toBe("kata");
  });

  it.each<[string, ContainerSpec["mounts"][number], RegExp]>([
    ["an image", { ...mount(), image: { reference: "a", subPath: "" } }, /cannot mount an image at \/data/],
    ["read-only mounts below it", { ...mount(), isRecursiveReadOnly: true }, /below \/data read-only/],
  ])("is refused for a mount of %s", (_what, odd, message) => {
    expect(() => containerBody({ mounts: [odd] })).toThrow(message);
  });

  it("loses its processor limit in place", () => {
    expect(updateRequest(CONTAINER.resources)).toMatchObject({ CpuQuota: -1, Memory: 64 });
  });
});

function mount(): ContainerSpec["mounts"][number] {
  return { containerPath: "/data", hostPath: "", isReadOnly: true, propagation: "private" };
}

describe("labels", () => {
  it("carry annotations there and back, and cannot be forged by a pod", () => {
    const packed = packLabels("podsandbox", { a: "1", "io.kubernetes.docker.type": "container" }, { b: "2" }, {});
    expect(packed["io.kubernetes.docker.type"]).toBe("podsandbox");
    expect(unpackLabels(packed)).toEqual({ labels: { a: "1" }, annotations: { b: "2" } });
  });
});

describe("identity", () => {
  it.each([
    [{}, {}],
    [{ runAsUser: 0 }, { User: "0" }],
    [{ runAsUsername: "web" }, { User: "web" }],
    [{ runAsUser: 5, runAsGroup: 6 }, { User: "5:6" }],
  ])("of %j is %j", (identity, user) => {
    expect(userOf(identity)).toEqual(user);
  });

  it("is refused for a group alone", () => {
    expect(() => userOf({ runAsGroup: 6 })).toThrow('user group "6" is specified without user');
  });

  it.each([
    ["RuntimeDefault", []],
    ["Unconfined", ["seccomp=unconfined", "apparmor=unconfined"]],
    ["Localhost", ["seccomp=<p>", "apparmor=p"]],
  ] as const)("has profiles of type %s", (type, options) => {
    const profile = { type, localhostRef: "p" };
    const given = { seccomp: profile, appArmor: profile, hasNoNewPrivileges: false, isPrivileged: false };
    expect(securityOptions(given, (path) => `<${path}>`)).toEqual(options);
  });
});

it.each([
  ["busybox", "busybox", "latest"],
  ["busybox:1.36", "busybox", "1.36"],
  ["localhost:5000/a/b", "localhost:5000/a/b", "latest"],
  ["localhost:5000/a/b:c", "localhost:5000/a/b", "c"],
  ["a@sha256:12", "a", "sha256:12"],
  ["h:1/a:b@sha256:12", "h:1/a", "sha256:12"],
])("the image name %s is %s and %s", (name, repository, tag) => {
  expect(splitImageName(name)).toEqual({ repository, tag });
});

it("logs are rotated by the Engine before the kubelet finds them too long", () => {
  const limit = (bytesMax: number): number =>
    Number((jsonFileLog({ bytesMax, filesMax: 5 }) as { Config: { "max-size": string } }).Config["max-size"]);
  expect(limit(10 * 1024 * 1024)).toBeLessThan(10 * 1024 * 1024 - 100_000);
  expect(limit(1)).toBeGreaterThan(0);
});
