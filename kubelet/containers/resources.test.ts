import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { aContainer, aPod, someSettings } from "../../test/support/pod-builders.ts";
import { podQosClass } from "../pods/qos.ts";
import { hugePageSizeName } from "./huge-pages.ts";
import { containerResources, cpuShares, oomScoreAdjust } from "./resources.ts";

const GI = 1024 ** 3;
const settings = someSettings();

describe("containerResources", () => {
  it("turns requests and limits into the kernel's numbers", () => {
    const container = aContainer("main", {
      resources: { requests: { cpu: "250m", memory: "1Gi" }, limits: { cpu: "500m", memory: "2Gi" } },
    });
    const pod = aPod({ containers: [container] });
    expect(containerResources(pod, container, settings)).toEqual({
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      cpuShares: 256,
      memoryLimitBytes: 2 * GI,
      oomScoreAdj: 750,
      hugePageLimits: [],
      unified: {},
    });
    expect(cpuShares(0)).toBe(2);
  });

  it("classes pods by what they ask for", () => {
    const full = { limits: { cpu: "1", memory: "1Gi" } };
    expect(podQosClass(aPod())).toBe("BestEffort");
    expect(podQosClass(aPod({ containers: [aContainer("a", { resources: full })] }))).toBe("Guaranteed");
    expect(podQosClass(aPod({ containers: [aContainer("a", { resources: full }), aContainer("b")] }))).toBe(
      "Burstable",
    );
  });

  it("gives a container without limits those of its pod, and shares for a limit without a request", () => {
    const pod = aPod({ resources: { limits: { cpu: "2", memory: "1Gi" } } });
    expect(containerResources(pod, aContainer("main"), settings)).toMatchObject({
      cpuQuota: 200_000,
      cpuShares: 2048,
      memoryLimitBytes: GI,
    });
    const none = aContainer("main", { resources: { requests: { cpu: "0" }, limits: { cpu: "1" } } });
    expect(containerResources(aPod(), none, settings).cpuShares).toBe(2);
  });

  it("keeps to the node's configuration", () => {
    const container = aContainer("main", { resources: { limits: { cpu: "1", "hugepages-2Mi": "6Mi" } } });
    const own = { ...settings, isUnified: true, cpuPeriodUs: 10_000, hugePageSizes: [2 * 1024 ** 2, GI] };
    expect(containerResources(aPod(), container, own)).toMatchObject({
      cpuPeriod: 10_000,
      cpuQuota: 10_000,
      hugePageLimits: [
        { pageSize: "2MB", limitBytes: 6 * 1024 ** 2 },
        { pageSize: "1GB", limitBytes: 0 },
      ],
      unified: { "memory.oom.group": "1" },
    });
    expect(containerResources(aPod(), container, { ...own, isOomKillSingle: true, hasCpuQuota: false })).toMatchObject({
      cpuPeriod: 0,
      cpuQuota: 0,
      unified: {},
    });
    expect([64 * 1024, 2 * 1024 ** 2, GI].map(hugePageSizeName)).toEqual(["64KB", "2MB", "1GB"]);
  });
});

describe("oomScoreAdjust", () => {
  const asking = (memory: string) => ({ resources: { requests: { memory } } });
  it.each([
    ["nothing", aPod(), {}, 1000],
    ["a critical pod", aPod({ priority: 2_000_000_000 }), {}, -997],
    ["almost nothing", aPod({ containers: [aContainer("a", asking("1"))] }), asking("1"), 999],
    ["everything", aPod({ containers: [aContainer("a", asking("4Gi"))] }), asking("4Gi"), 3],
    [
      "its part of what the pod asks for",
      aPod({
        resources: { requests: { memory: "2Gi" } },
        containers: [aContainer("a", asking("1Gi")), aContainer("b")],
      }),
      {},
      875,
    ],
  ] satisfies [string, Pod, object, number][])("of %s", (_what, pod, container, score) => {
    expect(oomScoreAdjust(pod, container, 4 * GI)).toBe(score);
  });

  it("kills no sidecar before whom it serves", () => {
    const sidecar = aContainer("side", { restartPolicy: "Always", ...asking("1Mi") });
    const pod = aPod({ initContainers: [sidecar], containers: [aContainer("a", asking("1Gi"))] });
    expect(oomScoreAdjust(pod, sidecar, 4 * GI)).toBe(750);
  });
});
