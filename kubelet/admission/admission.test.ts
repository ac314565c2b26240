import type { Pod, PodSpec } from "../../shared/api/generated/core/v1.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import type { AdmitHandler } from "./admit-handler.ts";
import { fitFailures, fitRejection, type NodeView, systemRejection } from "./node-fit.ts";
import { PodAdmission } from "./pod-admission.ts";
import { victimsFor } from "./preemption.ts";
import { pressureRejection } from "./pressure-admission.ts";
import { sysctlAdmission } from "./sysctls.ts";

const CRITICAL = 2_000_000_000;

function pod(name: string, spec: Partial<PodSpec> = {}, requests: Record<string, string> = {}): Pod {
  const containers = [{ name: "c", image: "i", resources: { requests } }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name, uid: name }, spec: { containers, ...spec } };
}

const node: NodeView = {
  name: "n",
  labels: { zone: "a" },
  taints: [{ key: "gone", effect: "NoExecute" }],
  allocatable: { cpu: "2", memory: "1Gi", pods: "3", "example.com/gpu": "1" },
};
const tolerations = [{ key: "gone", operator: "Exists" }];

describe("a pod on a node", () => {
  const others = [pod("a", {}, { cpu: "1500m" }), pod("b")];
  it.each<[string, Pod, string, string]>([
    ["cpu", pod("p", {}, { cpu: "1" }), "OutOfcpu", "cpu, requested: 1000, used: 1500, capacity: 2000"],
    [
      "memory",
      pod("p", {}, { memory: "2Gi" }),
      "OutOfmemory",
      "memory, requested: 2147483648, used: 0, capacity: 1073741824",
    ],
    [
      "a device",
      pod("p", {}, { "example.com/gpu": "2" }),
      "OutOfexample.com/gpu",
      "requested: 2, used: 0, capacity: 1",
    ],
    [
      "a label that the node lacks",
      pod("p", { nodeSelector: { zone: "b" } }),
      "NodeAffinity",
      "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ],
    ["another node", pod("p", { nodeName: "m" }), "NodeName", "didn't match the requested node name"],
  ])("is refused for %s, with upstream's reason and message", (_what, wanted, reason, text) => {
    const [first] = fitFailures({ ...wanted, spec: { tolerations, ...wanted.spec } }, others, node);
    expect(first).toBeDefined();
    const rejection = first === undefined ? undefined : fitRejection(first);
    expect(rejection?.reason).toBe(reason);
    expect(rejection?.message).toContain(text);
  });

  it("is refused when the node is full, its port is taken or it does not tolerate a taint", () => {
    const port = { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] };
    const full = [...others, pod("c", port)];
    const reasons = fitFailures(pod("p", port), full, node).map((failure) => fitRejection(failure).reason);
    expect(reasons).toEqual(["OutOfpods", "NodePorts", "TaintToleration"]);
  });

  it("is taken when it fits, whatever it asks of resources that the node does not know", () => {
    expect(fitFailures(pod("p", { tolerations }, { cpu: "500m", "other.com/x": "7" }), others, node)).toEqual([]);
  });

  it("must be for this system", () => {
    expect(systemRejection(pod("p", { os: { name: "windows" } }))?.reason).toBe("PodOSNotSupported");
    const labelled = { ...pod("p"), metadata: { name: "p", labels: { "kubernetes.io/os": "windows" } } };
    expect(systemRejection(labelled)?.reason).toBe("PodOSSelectorNodeLabelDoesNotMatch");
    expect(systemRejection(pod("p", { os: { name: "linux" } }))).toBeUndefined();
  });
});

describe("sysctls", () => {
  const judge = sysctlAdmission(["kernel.msg*", "net.core.somaxconn"]);
  const withSysctl = (name: string, spec: Partial<PodSpec> = {}): Pod =>
    pod("p", { securityContext: { sysctls: [{ name, value: "1" }] }, ...spec });
  it.each([
    ["kernel.shm_rmid_forced", {}, undefined],
    ["kernel/shm_rmid_forced", {}, undefined],
    ["kernel.msgmax", {}, undefined],
    ["net.core.somaxconn", {}, undefined],
    ["kernel.shmmax", {}, 'forbidden sysctl: "kernel.shmmax" not allowlisted'],
    ["vm.overcommit_memory", {}, 'forbidden sysctl: "vm.overcommit_memory" not allowlisted'],
    [
      "net.ipv4.tcp_syncookies",
      { hostNetwork: true },
      'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
    ],
    [
      "kernel.shm_rmid_forced",
      { hostIPC: true },
      'forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc enabled',
    ],
  ])("%s with %j gives %s", (name, spec, message) => {
    const rejection = judge(withSysctl(name, spec));
    expect(rejection).toEqual(message === undefined ? undefined : { reason: "SysctlForbidden", message });
  });

  it("of the whole machine cannot be allowed", () => {
    expect(() => sysctlAdmission(["vm.overcommit_memory"])).toThrow("not known to be namespaced");
  });
});

describe("a node under pressure", () => {
  const tolerant = [{ key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" }];
  it.each([
    ["best effort under memory pressure", pod("p"), ["MemoryPressure"], false],
    ["burstable under memory pressure", pod("p", {}, { cpu: "1" }), ["MemoryPressure"], true],
    ["tolerant under memory pressure", pod("p", { tolerations: tolerant }), ["MemoryPressure"], true],
    ["burstable under disk pressure", pod("p", {}, { cpu: "1" }), ["DiskPressure"], false],
    ["tolerant under both", pod("p", { tolerations: tolerant }), ["MemoryPressure", "DiskPressure"], false],
    ["critical under all", pod("p", { priority: CRITICAL }), ["MemoryPressure", "DiskPressure"], true],
  ] as const)("and a pod that is %s", (_what, wanted, types, isTaken) => {
    const rejection = pressureRejection(wanted, new Set(types));
    const refusal = { reason: "Evicted", message: `The node had condition: [${types.join(" ")}]. ` };
    expect(rejection).toEqual(isTaken ? undefined : refusal);
  });
});

describe("room for a critical pod", () => {
  const lacking = [{ kind: "resource", resource: "cpu", requested: 1000, used: 1800, capacity: 2000 }] as const;
  const critical = pod("p", { priority: CRITICAL }, { cpu: "1" });
  it("is made by the fewest pods of the lowest class", () => {
    const others = [
      pod("small", {}, { cpu: "100m" }),
      pod("large", {}, { cpu: "900m" }),
      pod("system", { priority: CRITICAL }, { cpu: "1" }),
    ];
    expect(victimsFor(critical, others, lacking)?.map(({ metadata }) => metadata.name)).toEqual(["large"]);
  });

  it("is not made when all pods together are not enough, nor by ending critical ones", () => {
    const others = [pod("small", {}, { cpu: "100m" }), pod("system", { priority: CRITICAL }, { cpu: "2" })];
    expect(victimsFor(critical, others, lacking)).toBeUndefined();
  });
});

describe("PodAdmission", () => {
  const limit: AdmitHandler = {
    admit: (_pod, others) => (others.length >= 2 ? { reason: "OutOfpods", message: "full" } : undefined),
  };
  const admission = (...handlers: AdmitHandler[]): PodAdmission => new PodAdmission(handlers, silentLogger);

  it("shows each pod those that were admitted before it, however many ask at once", async () => {
    const slow: AdmitHandler = { admit: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 1)) };
    const subject = admission(slow, limit);
    const verdicts = await Promise.all(["a", "b", "c", "d"].map((name) => subject.admit(pod(name))));
    expect(verdicts.map((verdict) => verdict?.reason)).toEqual([undefined, undefined, "OutOfpods", "OutOfpods"]);
    subject.release("a");
    expect(await subject.admit(pod("e"))).toBeUndefined();
  });

  it("takes pods that ran before a restart again, and counts them", async () => {
    const subject = admission(limit);
    for (const name of ["a", "b", "c"]) {
      const running = { ...pod(name), status: { startTime: "2026-01-01T00:00:00Z" } };
      expect(await subject.admit(running)).toBeUndefined();
    }
    expect((await subject.admit(pod("new")))?.reason).toBe("OutOfpods");
  });

  it("counts pods that run already before they are asked for, but not those that are over", async () => {
    const subject = admission(limit);
    for (const name of ["a", "b"]) {
      subject.announce({ ...pod(name), status: { startTime: "2026-01-01T00:00:00Z", phase: "Running" } });
    }
    expect((await subject.admit(pod("new")))?.reason).toBe("OutOfpods");
    const other = admission(limit);
    for (const name of ["a", "b", "c"]) {
      other.announce({ ...pod(name), status: { startTime: "2026-01-01T00:00:00Z", phase: "Succeeded" } });
      other.announce(pod(`${name}-new`));
    }
    expect(await other.admit(pod("new"))).toBeUndefined();
  });

  it("refuses a pod that could not be judged, and goes on with the next", async () => {
    const broken: AdmitHandler = {
      admit: ({ metadata }) => {
        if (metadata.name === "bad") throw new Error("boom");
        return undefined;
      },
    };
    const subject = admission(broken);
    expect(await subject.admit(pod("bad"))).toEqual({ reason: "UnexpectedAdmissionError", message: "boom" });
    expect(await subject.admit(pod("good"))).toBeUndefined();
  });
});
