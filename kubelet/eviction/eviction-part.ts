/** Eviction and image collection of a kubelet process: what they measure, and what they may free. */
import { stat } from "node:fs/promises";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { Counter } from "../../shared/process/metrics.ts";
import { ImageCollection } from "../images/image-collection.ts";
import type { KubeletBase } from "../kubelet-base.ts";
import { type KubeletPaths, kubeletPaths } from "../node/kubelet-paths.ts";
import { availableMemoryBytes, type DiskInfo, readDisk, readProcessCounts } from "../node/machine.ts";
import { tellNode } from "../node/node-part.ts";
import { measurePod, usageByPod } from "../node/pod-disk-use.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import type { PodWorkers } from "../pods/pod-workers.ts";
import type { Observation, Observations } from "./assess.ts";
import { type EvictablePod, EvictionManager, type PodScope } from "./eviction-manager.ts";
import type { NodePressure } from "./node-pressure.ts";
import { NO_USE, type UsedPod } from "./pod-usage.ts";
import { hasStorageLimit } from "./storage-limits.ts";
import { evictionThresholds, type Signal } from "./thresholds.ts";

/** Runs until the kubelet stops. */
export function createEvictionPart(
  base: KubeletBase,
  workers: PodWorkers,
  pressure: NodePressure,
): { run(): Promise<void> } {
  const { clock, logger, signal, runtime, recorder } = base;
  const { configuration } = base.options;
  const paths = kubeletPaths(base.options.rootDir);
  const tell = (type: "Warning", reason: string, message: string): void => tellNode(base, { type, reason, message });
  const evictions = new Counter({
    name: "kubelet_evictions",
    help: "Cumulative number of pod evictions by eviction signal",
    labelNames: ["eviction_signal"],
    registers: [base.registry],
  });
  const images = new ImageCollection({
    runtime,
    clock,
    logger,
    rules: {
      highPercent: configuration.imageGCHighThresholdPercent,
      lowPercent: configuration.imageGCLowThresholdPercent,
      minAgeMs: configuration.imageMinimumGCAge,
      maxAgeMs: configuration.imageMaximumGCAge,
    },
    disk: () => imageDisk(base),
    tellNode: tell,
  });
  const manager = new EvictionManager({
    thresholds: evictionThresholds(configuration),
    transitionMs: configuration.evictionPressureTransitionPeriod,
    maxPodGraceSeconds: configuration.evictionMaxPodGracePeriod,
    hasStorageLimits: configuration.localStorageCapacityIsolation,
    clock,
    logger,
    pressure,
    observe: () => observe(base),
    pods: (scope) => runningPods(base, paths, workers, scope),
    reclaim: async (what, hasImageFs) => {
      if (!mayFree(what, hasImageFs)) return false;
      await removeDeadContainers(base, workers);
      await images.removeAllUnused();
      return true;
    },
    tellNode: tell,
    tellPod: (pod, reason, message) =>
      recorder.event({ ...pod, apiVersion: "v1", kind: "Pod" }, "Warning", reason, message),
    onEviction: (signalName) => evictions.inc({ eviction_signal: signalName }),
  });
  return {
    run: async () => {
      await Promise.all([manager.run(signal), images.run(signal)]);
    },
  };
}

async function imageDisk({ runtime }: KubeletBase): Promise<DiskInfo | undefined> {
  const filesystem = await runtime.imageFilesystem();
  return filesystem === undefined || filesystem.mountpoint === "" ? undefined : readDisk(filesystem.mountpoint);
}

const space = ({ availableBytes, capacityBytes }: DiskInfo): Observation => ({
  available: availableBytes,
  capacity: capacityBytes,
});
const inodes = ({ inodesFree, inodes: all }: DiskInfo): Observation => ({ available: inodesFree, capacity: all });

/** A file system without a number of inodes has no lack of them. */
function diskObservations(name: "nodefs" | "imagefs" | "containerfs", disk: DiskInfo): [Signal, Observation][] {
  return [
    [`${name}.available`, space(disk)],
    ...(disk.inodes > 0 ? ([[`${name}.inodesFree`, inodes(disk)]] satisfies [Signal, Observation][]) : []),
  ];
}

async function observe(base: KubeletBase): Promise<{ observations: Observations; hasImageFs: boolean }> {
  const { rootDir } = base.options;
  const filesystem = await base.runtime.imageFilesystem();
  const imagesAt = filesystem?.mountpoint === "" ? rootDir : (filesystem?.mountpoint ?? rootDir);
  const [nodeStat, imageStat] = await Promise.all([stat(rootDir), stat(imagesAt)]);
  const { running, max } = readProcessCounts();
  const imageDiskInfo = readDisk(imagesAt);
  const observations: [Signal, Observation][] = [
    ["memory.available", { available: availableMemoryBytes(), capacity: base.machine.memoryBytes }],
    ...diskObservations("nodefs", readDisk(rootDir)),
    ...diskObservations("imagefs", imageDiskInfo),
    ...diskObservations("containerfs", imageDiskInfo),
    ["pid.available", { available: max - running, capacity: max }],
  ];
  return { observations: new Map(observations), hasImageFs: nodeStat.dev !== imageStat.dev };
}

/** Where dead containers and images are kept. */
function mayFree(signal: Signal, hasImageFs: boolean): boolean {
  if (signal.startsWith("imagefs") || signal.startsWith("containerfs")) return true;
  return signal.startsWith("nodefs") && !hasImageFs;
}

async function runningPods(
  { runtime }: KubeletBase,
  paths: KubeletPaths,
  workers: PodWorkers,
  scope: PodScope,
): Promise<(UsedPod & EvictablePod)[]> {
  const chosen = workers
    .list()
    .filter(({ phase, runningContainers }) => phase === "syncing" && runningContainers.length > 0)
    .filter(({ pod }) => scope === "all" || hasStorageLimit(pod));
  if (chosen.length === 0) return [];
  const usage = usageByPod(await runtime.usage());
  const measured: (UsedPod & EvictablePod)[] = [];
  for (const worker of chosen) {
    const use = await measurePod(paths, worker.pod, usage.get(worker.uid) ?? []).catch(() => NO_USE);
    measured.push(evictable(worker, use));
  }
  return measured;
}

function evictable(worker: PodWorker, use: UsedPod["use"]): UsedPod & EvictablePod {
  const pod: Pod = worker.pod;
  return {
    pod,
    use,
    evict: (failure, graceSeconds) => worker.evict(failure, graceSeconds),
    isGone: () => worker.phase === "terminated" || worker.phase === "gone",
  };
}

/** Of pods that ended: nothing restarts in them, and their logs are on the node's own disk. */
async function removeDeadContainers({ runtime, logger }: KubeletBase, workers: PodWorkers): Promise<void> {
  const shown = await runtime.listPods();
  for (const worker of workers.list().filter(({ phase }) => phase === "terminated")) {
    for (const { id, state } of shown.get(worker.uid)?.containers ?? []) {
      if (state === "running") continue;
      await runtime
        .removeContainer(id)
        .catch((err: unknown) => logger.warn({ err, containerId: id }, "could not remove a dead container"));
    }
  }
}
