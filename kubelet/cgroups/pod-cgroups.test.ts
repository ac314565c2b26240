import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PodSpec } from "../../shared/api/generated/core/v1.ts";
import { createLogger } from "../../shared/process/logger.ts";
import { aContainer, aPod } from "../../test/support/pod-builders.ts";
import type { RunSettings } from "../containers/run-settings.ts";
import { cpuWeight } from "./group-settings.ts";
import { podsShare } from "./node-cgroups.ts";
import { createPodCgroups, type PodCgroups } from "./pod-cgroups.ts";

const logger = createLogger("test", "silent");
const MI = 1024 ** 2;
const settings: RunSettings = {
  memoryCapacityBytes: 4096 * MI,
  hugePageSizes: [2 * MI],
  isUnified: false,
  hasCpuQuota: true,
  cpuPeriodUs: 100_000,
  isOomKillSingle: false,
  podPidsMax: 64,
  isSeccompDefault: false,
  logs: { bytesMax: 0, filesMax: 0 },
};
const resources = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });
const requests = (cpu: string) => ({ requests: { cpu } });

describe.each(["legacy", "unified"])("control groups of pods, %s", (version) => {
  const isUnified = version === "unified";
  let mount: string;
  let groups: PodCgroups;

  beforeEach(() => {
    mount = mkdtempSync(join(tmpdir(), "kubernode-cgroups-"));
    if (isUnified) writeFileSync(join(mount, "cgroup.controllers"), "cpuset cpu io memory pids rdma");
    else for (const name of ["cpu", "memory", "pids", "hugetlb"]) mkdirSync(join(mount, name));
    groups = make();
  });
  afterEach(() => rmSync(mount, { recursive: true }));

  function make(): PodCgroups {
    const share = podsShare({ cpus: 2, memoryBytes: 4096 * MI }, [{ cpu: "500m" }, { memory: "96Mi" }]);
    return createPodCgroups({ root: "/own", settings: { ...settings, isUnified }, share, logger, mount });
  }

  function ensure(uid: string, spec: Partial<PodSpec>): string {
    // The kernel's own file of a new group; a plain folder has none.
    for (const parent of ["", "own", "own/kubepods", "own/kubepods/burstable", "own/kubepods/besteffort"]) {
      if (!isUnified) continue;
      mkdirSync(join(mount, parent), { recursive: true });
      writeFileSync(join(mount, parent, "cgroup.controllers"), "cpuset cpu io memory pids rdma");
    }
    return groups.ensure(aPod(spec, { uid }));
  }

  const read = (group: string, legacy: string, unified: string): string =>
    isUnified
      ? readFileSync(join(mount, group, unified), "utf8")
      : readFileSync(join(mount, legacy.split(".")[0] ?? "", group, legacy), "utf8");
  const weight = (shares: number): string => String(isUnified ? cpuWeight(shares) : shares);

  it("gives a guaranteed pod what it has, and nothing more", () => {
    const group = ensure("a-1", { containers: [aContainer("m", { resources: resources("500m", "64Mi") })] });
    expect(group).toBe("/own/kubepods/poda-1");
    expect(read(group, "cpu.shares", "cpu.weight")).toBe(weight(512));
    expect(read(group, "cpu.cfs_quota_us", "cpu.max")).toBe(isUnified ? "50000 100000" : "50000");
    expect(read(group, "memory.limit_in_bytes", "memory.max")).toBe(String(64 * MI));
    expect(read(group, "pids.max", "pids.max")).toBe("64");
    expect(read(group, "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max")).toBe("0");
  });

  it("limits a burstable pod only by what all its containers limit", () => {
    const limited = aContainer("a", { resources: resources("1", "64Mi") });
    const half = aContainer("b", { resources: { requests: { cpu: "1" }, limits: { memory: "32Mi" } } });
    const group = ensure("b-1", { containers: [limited, half] });
    expect(group).toBe("/own/kubepods/burstable/podb-1");
    expect(read(group, "memory.limit_in_bytes", "memory.max")).toBe(String(96 * MI));
    expect(read(group, "cpu.cfs_quota_us", "cpu.max")).toBe(isUnified ? "max 100000" : "-1");
  });

  it("counts init containers, sidecars, the sandbox and the pod's own limits", () => {
    const spec: Partial<PodSpec> = {
      initContainers: [
        aContainer("side", { restartPolicy: "Always", resources: resources("100m", "10Mi") }),
        aContainer("init", { resources: resources("1", "20Mi") }),
      ],
      containers: [aContainer("m", { resources: resources("500m", "40Mi") })],
      overhead: { cpu: "100m", memory: "1Mi" },
    };
    const group = ensure("c-1", spec);
    expect(read(group, "memory.limit_in_bytes", "memory.max")).toBe(String(51 * MI));
    expect(read(group, "cpu.cfs_quota_us", "cpu.max")).toBe(isUnified ? "120000 100000" : "120000");
    const whole = ensure("c-2", { ...spec, resources: resources("2", "100Mi") });
    expect(read(whole, "memory.limit_in_bytes", "memory.max")).toBe(String(101 * MI));
  });

  it("gives the classes their part, also after a restart", () => {
    const burstable = (uid: string, cpu: string): string =>
      ensure(uid, { containers: [aContainer("m", { resources: requests(cpu) })] });
    burstable("d-1", "1");
    burstable("d-2", "500m");
    ensure("e-1", {});
    const shares = (): string => read("own/kubepods/burstable", "cpu.shares", "cpu.weight");
    const sum = (...parts: string[]): string => String(parts.reduce((total, part) => total + Number(part), 0));
    expect(shares()).toBe(sum(weight(1024), weight(512)));
    expect(read("own/kubepods/besteffort", "cpu.shares", "cpu.weight")).toBe(isUnified ? "1" : "2");
    expect(read("own/kubepods", "cpu.shares", "cpu.weight")).toBe(weight(1536));
    expect(read("own/kubepods", "memory.limit_in_bytes", "memory.max")).toBe(String(4000 * MI));
    groups = make();
    burstable("d-3", "250m");
    expect(shares()).toBe(sum(weight(1024), weight(512), weight(256)));
  });

  it("removes groups of pods that nobody wants, and no others", () => {
    const kept = ensure("f-1", {});
    const gone = ensure("f-2", {});
    const directory = (group: string): string => join(mount, isUnified ? "" : "cpu", group);
    mkdirSync(join(directory("own/kubepods"), "podother"));
    // A plain folder is only removed when it is empty; the kernel's files go with a group.
    for (const tree of isUnified ? [""] : ["cpu", "memory", "pids", "hugetlb"])
      for (const file of FILES) rmSync(join(mount, tree, gone, file), { force: true });
    groups.removeOthers((uid) => uid === "f-1");
    expect([kept, gone, "own/kubepods/podother"].map((group) => existsSync(directory(group)))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it.each(["../../x", "a/b", "", "..", "a b", "\u001b[2J"])("makes no group for the uid %j", (uid) => {
    expect(() => groups.ensure(aPod({}, { uid }))).toThrow("cannot name a control group");
    expect(() => groups.remove(uid)).not.toThrow();
  });
});

const FILES = [
  "cpu.shares",
  "cpu.cfs_period_us",
  "cpu.cfs_quota_us",
  "cpu.weight",
  "cpu.max",
  "memory.limit_in_bytes",
  "memory.max",
  "pids.max",
  "hugetlb.2MB.limit_in_bytes",
  "hugetlb.2MB.max",
];
