import fc from "fast-check";
import type { Pod, PodSpec } from "../../shared/api/generated/core/v1.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { ManualClock } from "../../test/support/manual-clock.ts";
import { readConfiguration } from "../configuration/read-configuration.ts";
import { bytesToFree, imagesToRemove, imagesTooOld, type KnownImage } from "../images/plan-image-collection.ts";
import { assess, CALM, type Observation } from "./assess.ts";
import { evictionMessage } from "./eviction-message.ts";
import { type EvictablePod, EvictionManager, type EvictionOptions } from "./eviction-manager.ts";
import { NodePressure } from "./node-pressure.ts";
import type { ContainerUse, UsedPod } from "./pod-usage.ts";
import { rankPods } from "./rank-pods.ts";
import { bytesText, hasStorageLimit, storageProblem } from "./storage-limits.ts";
import { evictionThresholds, type Signal } from "./thresholds.ts";

const MI = 1024 ** 2;
const GI = 1024 ** 3;

const idle: ContainerUse = {
  memoryBytes: 0,
  rootfsBytes: 0,
  rootfsInodes: 0,
  logBytes: 0,
  logInodes: 0,
  processes: 0,
};

interface Given {
  readonly requests?: Record<string, string>;
  readonly limits?: Record<string, string>;
  readonly priority?: number;
  readonly use?: Partial<ContainerUse>;
  readonly emptyDir?: { limit?: string; bytes: number };
}

function used(name: string, { requests = {}, limits = {}, priority, use, emptyDir }: Given = {}): UsedPod {
  const spec: PodSpec = {
    containers: [{ name: "main", image: "i", resources: { requests, limits } }],
    ...(priority === undefined ? {} : { priority }),
    ...(emptyDir === undefined
      ? {}
      : {
          volumes: [{ name: "scratch", emptyDir: emptyDir.limit === undefined ? {} : { sizeLimit: emptyDir.limit } }],
        }),
  };
  const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name, uid: name, namespace: "ns" }, spec };
  const volumes = new Map(
    emptyDir === undefined ? [] : [["scratch", { usedBytes: emptyDir.bytes, inodes: 1, isMemory: false }]],
  );
  return { pod, use: { containers: new Map([["main", { ...idle, ...use }]]), volumes } };
}

const thresholdsOf = (settings: Record<string, unknown>) => evictionThresholds(readConfiguration([], settings));
const seen = (entries: Record<string, Observation>) => new Map(Object.entries(entries) as [Signal, Observation][]);
const names = (pods: readonly UsedPod[]): string[] => pods.map(({ pod }) => pod.metadata.name);

describe("what a node is short of", () => {
  const hard = thresholdsOf({ evictionHard: { "nodefs.available": "10%", "memory.available": "100Mi" } });
  const disk = (percent: number) => seen({ "nodefs.available": { available: percent * GI, capacity: 100 * GI } });

  it("is told at once by a hard threshold, and stays told for the transition period", () => {
    const first = assess(hard, disk(5), CALM, 60_000, 0);
    expect([...first.pressures]).toEqual(["DiskPressure"]);
    expect(first.due).toHaveLength(1);
    const calm = assess(hard, disk(50), first.state, 60_000, 59_000);
    expect([...calm.pressures]).toEqual(["DiskPressure"]);
    expect(calm.due).toEqual([]);
    expect([...assess(hard, disk(50), calm.state, 60_000, 60_000).pressures]).toEqual([]);
  });

  it("is not over before the minimum reclaim is free, too", () => {
    const thresholds = thresholdsOf({
      evictionHard: { "nodefs.available": "10%" },
      evictionMinimumReclaim: { "nodefs.available": "5Gi" },
    });
    const first = assess(thresholds, disk(9), CALM, 0, 0);
    expect(assess(thresholds, disk(14), first.state, 0, 1000).due).toHaveLength(1);
    expect(assess(thresholds, disk(15), first.state, 0, 1000).due).toEqual([]);
    expect(assess(thresholds, disk(14), CALM, 0, 1000).due).toEqual([]);
  });

  it("counts by a soft threshold only after its grace without a break, but shows as pressure before", () => {
    const soft = thresholdsOf({
      evictionHard: {},
      evictionSoft: { "nodefs.available": "20%" },
      evictionSoftGracePeriod: { "nodefs.available": "1m30s" },
    });
    const first = assess(soft, disk(15), CALM, 0, 0);
    expect([[...first.pressures], first.due]).toEqual([["DiskPressure"], []]);
    const broken = assess(soft, disk(30), first.state, 0, 60_000);
    const again = assess(soft, disk(15), broken.state, 0, 80_000);
    expect(assess(soft, disk(15), again.state, 0, 100_000).due).toEqual([]);
    expect(assess(soft, disk(15), again.state, 0, 170_000).due).toHaveLength(1);
  });

  it("puts memory before the disk", () => {
    const both = new Map([...disk(1), ...seen({ "memory.available": { available: MI, capacity: GI } })]);
    expect(assess(hard, both, CALM, 0, 0).due.map(({ signal }) => signal)).toEqual([
      "memory.available",
      "nodefs.available",
    ]);
  });

  it("does not turn 0% and 100% into thresholds", () => {
    expect(thresholdsOf({ evictionHard: { "nodefs.available": "0%", "imagefs.available": "100%" } })).toEqual([]);
  });
});

describe("the order of eviction", () => {
  it("is: over its request, lower priority, furthest over its request", () => {
    const memory = (bytes: number) => ({ memoryBytes: bytes });
    const pods = [
      used("within", { requests: { memory: "1Gi" }, use: memory(GI), priority: -5 }),
      used("important", { use: memory(3 * GI), priority: 100 }),
      used("small", { use: memory(MI) }),
      used("large", { requests: { memory: "100Mi" }, use: memory(GI) }),
    ];
    expect(names(rankPods(pods, "memory.available", "memory", false))).toEqual([
      "large",
      "small",
      "important",
      "within",
    ]);
  });

  it("looks at those files that lie on the full disk", () => {
    const pods = [
      used("layers", { use: { rootfsBytes: 2 * GI } }),
      used("logs", { use: { logBytes: GI } }),
      used("scratch", { emptyDir: { bytes: 3 * GI } }),
    ];
    const order = (signal: Signal, hasImageFs: boolean) =>
      names(rankPods(pods, signal, "ephemeral-storage", hasImageFs));
    expect(order("nodefs.available", false)).toEqual(["scratch", "layers", "logs"]);
    expect(order("nodefs.available", true)).toEqual(["scratch", "logs", "layers"]);
    expect(order("imagefs.available", true)[0]).toBe("layers");
  });

  it("never loses or doubles a pod, and never puts a higher priority before a lower one of the same kind", () => {
    const anyPod = fc.record({ priority: fc.integer({ min: -3, max: 3 }), bytes: fc.nat(1000), request: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(anyPod, { maxLength: 12 }), (drafts) => {
        const pods = drafts.map(({ priority, bytes, request }, index) =>
          used(String(index), { priority, requests: { memory: String(request) }, use: { memoryBytes: bytes } }),
        );
        const ranked = rankPods(pods, "memory.available", "memory", false);
        expect(new Set(ranked)).toEqual(new Set(pods));
        const keys = ranked.map((one) => {
          const draft = drafts[Number(one.pod.metadata.name)];
          const isWithin = (draft?.bytes ?? 0) <= (draft?.request ?? 0);
          return (isWithin ? 1000 : 0) + (draft?.priority ?? 0);
        });
        expect(keys).toEqual(keys.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe("limits of the node's disk", () => {
  it.each([
    ["no limit", used("p", { emptyDir: { bytes: GI } }), undefined],
    ["within", used("p", { emptyDir: { limit: "1Gi", bytes: GI } }), undefined],
    [
      "a volume over its size",
      used("p", { emptyDir: { limit: "1Mi", bytes: 2 * MI } }),
      'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ',
    ],
    [
      "a container over its limit",
      {
        ...used("p", { limits: { "ephemeral-storage": "1Mi" }, use: { rootfsBytes: MI, logBytes: 1 } }),
      },
      "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
    ],
  ])("%s", (_what, pod, message) => {
    expect(storageProblem(pod)).toBe(message);
    expect(hasStorageLimit(pod.pod)).toBe(!_what.startsWith("no"));
  });

  it("names the container when only some have a limit", () => {
    const one = used("p", { limits: { "ephemeral-storage": "1Mi" }, use: { logBytes: 2 * MI } });
    const other = { name: "other", image: "i" };
    const spec = { ...one.pod.spec, containers: [...one.pod.spec.containers, other] };
    expect(storageProblem({ ...one, pod: { ...one.pod, spec } })).toBe(
      'Container main exceeded its local ephemeral storage limit "1Mi". ',
    );
  });

  it("prints bytes as upstream does", () => {
    expect([0, 1, 1024, 1536, 5 * MI, 3 * GI].map(bytesText)).toEqual(["0", "1", "1Ki", "1536", "5Mi", "3Gi"]);
  });
});

describe("the message of an eviction", () => {
  it("says what was short, by how much, and what the pod used", () => {
    const pod = used("p", { requests: { memory: "1Mi" }, use: { memoryBytes: 3 * MI } });
    const thresholds = thresholdsOf({ evictionHard: { "memory.available": "100Mi" } });
    const observations = seen({ "memory.available": { available: 50 * MI, capacity: GI } });
    expect(evictionMessage(pod, "memory", thresholds, observations)).toBe(
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. " +
        "Container main was using 3Mi, request is 1Mi, has larger consumption of memory. ",
    );
  });
});

interface Scene {
  readonly options: EvictionOptions;
  readonly told: string[];
  readonly evicted: { name: string; reason: string; grace: number; condition: string | undefined }[];
  available: number;
  reclaims: number;
}

function scene(pods: readonly UsedPod[], settings: Record<string, unknown> = {}, freed = 0): Scene {
  const told: string[] = [];
  const evicted: Scene["evicted"] = [];
  const subject: Scene = {
    told,
    evicted,
    available: 50,
    reclaims: 0,
    options: {
      thresholds: thresholdsOf({ evictionHard: { "nodefs.available": "10%" }, ...settings }),
      transitionMs: 60_000,
      maxPodGraceSeconds: 20,
      hasStorageLimits: true,
      clock: new ManualClock(),
      logger: silentLogger,
      pressure: new NodePressure(),
      observe: async () => ({
        observations: seen({ "nodefs.available": { available: subject.available, capacity: 100 } }),
        hasImageFs: false,
      }),
      pods: async (scope) =>
        pods
          .filter(({ pod }) => scope === "all" || hasStorageLimit(pod))
          .map((one): UsedPod & EvictablePod => ({
            ...one,
            evict: ({ reason, condition }, grace) => {
              evicted.push({ name: one.pod.metadata.name, reason, grace, condition: condition?.type });
              return true;
            },
            isGone: () => true,
          })),
      reclaim: async () => {
        subject.reclaims++;
        subject.available += freed;
        return true;
      },
      tellNode: (_type, reason, message) => told.push(`${reason}: ${message}`),
      tellPod: ({ metadata }, reason) => told.push(`${metadata.name}: ${reason}`),
      onEviction: (signal) => told.push(`metric ${signal}`),
    },
  };
  return subject;
}

describe("EvictionManager", () => {
  it("does nothing while there is enough of everything", async () => {
    const calm = scene([used("a")]);
    expect(await new EvictionManager(calm.options).look()).toEqual([]);
    expect([calm.told, calm.evicted, calm.reclaims]).toEqual([[], [], 0]);
  });

  it("frees what nobody uses first, and ends no pod when that is enough", async () => {
    const full = scene([used("a", { use: { logBytes: 1 } })], {}, 30);
    full.available = 5;
    await new EvictionManager(full.options).look();
    expect([full.evicted, full.reclaims]).toEqual([[], 1]);
    expect([...full.options.pressure.types]).toEqual(["DiskPressure"]);
    expect(full.told).toEqual(["EvictionThresholdMet: Attempting to reclaim ephemeral-storage"]);
  });

  it("ends one pod per look, never a critical one, and says why", async () => {
    const critical = used("critical", { priority: 2_000_000_000, use: { logBytes: 9 } });
    const pods = [critical, used("small", { use: { logBytes: 1 } }), used("large", { use: { logBytes: 5 } })];
    const full = scene(pods);
    full.available = 5;
    const manager = new EvictionManager(full.options);
    await manager.look();
    expect(full.evicted).toEqual([{ name: "large", reason: "Evicted", grace: 1, condition: "DisruptionTarget" }]);
    expect(full.told).toContain("large: Evicted");
    expect(full.told).toContain("metric nodefs.available");
  });

  it("gives pods their grace at a soft threshold", async () => {
    const soft = {
      evictionHard: {},
      evictionSoft: { "nodefs.available": "20%" },
      evictionSoftGracePeriod: { "nodefs.available": "0s" },
    };
    const full = scene([used("a", { use: { logBytes: 1 } })], soft);
    full.available = 15;
    await new EvictionManager(full.options).look();
    // A grace of nothing is a hard threshold.
    expect(full.evicted[0]?.grace).toBe(1);
    const later = scene([used("a", { use: { logBytes: 1 } })], {
      ...soft,
      evictionSoftGracePeriod: { "nodefs.available": "1ms" },
    });
    later.available = 15;
    const manager = new EvictionManager(later.options);
    await manager.look();
    await (later.options.clock as ManualClock).advance(10);
    await manager.look();
    expect(later.evicted[0]?.grace).toBe(20);
  });

  it("ends every pod that is over its own limits, with pressure or without", async () => {
    const over = (name: string): UsedPod => used(name, { emptyDir: { limit: "1", bytes: 2 } });
    const calm = scene([over("a"), used("b", { emptyDir: { limit: "5", bytes: 2 } }), over("c")]);
    await new EvictionManager(calm.options).look();
    expect(calm.evicted.map(({ name }) => name)).toEqual(["a", "c"]);
  });

  it("keeps the pressures when it cannot look", async () => {
    const full = scene([]);
    full.available = 5;
    const manager = new EvictionManager(full.options);
    await manager.look();
    const broken = { ...full.options, observe: () => Promise.reject(new Error("no runtime")) };
    await expect(new EvictionManager(broken).look()).rejects.toThrow("no runtime");
    expect([...full.options.pressure.types]).toEqual(["DiskPressure"]);
  });
});

describe("image collection", () => {
  const image = (id: string, more: Partial<KnownImage> = {}): KnownImage => ({
    id,
    sizeBytes: 10,
    isPinned: false,
    isInUse: false,
    detectedMs: 0,
    usedMs: 0,
    ...more,
  });
  const rules = { highPercent: 85, lowPercent: 80 };

  it.each([
    [50, 0],
    [16, 0],
    [15, 5],
    [2, 18],
  ])("with %d of 100 bytes free has to free %d", (availableBytes, wanted) => {
    expect(bytesToFree({ capacityBytes: 100, availableBytes }, rules)).toBe(wanted);
  });

  it("takes the least recently used first and only as many as are needed", () => {
    const images = [image("new", { usedMs: 50 }), image("never"), image("old", { usedMs: 10 })];
    expect(imagesToRemove(images, 15, 0, 100).map(({ id }) => id)).toEqual(["never", "old"]);
  });

  it("never takes what is in use, pinned or too young", () => {
    const images = [image("a", { isInUse: true }), image("b", { isPinned: true }), image("c", { detectedMs: 95 })];
    expect(imagesToRemove(images, Number.POSITIVE_INFINITY, 10, 100)).toEqual([]);
    expect(imagesTooOld(images, 1, 1000).map(({ id }) => id)).toEqual(["c"]);
    expect(imagesTooOld(images, 0, 1000)).toEqual([]);
  });
});
