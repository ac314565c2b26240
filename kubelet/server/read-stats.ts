/**
 * Reads what `node-stats.ts` describes: counters of the runtime, of the kernel and of the disk.
 *
 * T1. Reading the disk is dear: sizes are kept for a minute, as upstream's `volumeStatsAggPeriod`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeletBase } from "../kubelet-base.ts";
import { type KubeletPaths, kubeletPaths } from "../node/kubelet-paths.ts";
import { availableMemoryBytes, nodeCpuSeconds, readDisk, readProcessCounts } from "../node/machine.ts";
import { measurePod, usageByPod } from "../node/pod-disk-use.ts";
import type { PodUse } from "../eviction/pod-usage.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import type { PodWorkers } from "../pods/pod-workers.ts";
import { podQosClass } from "../pods/qos.ts";
import { CONTAINER_NAME_LABEL } from "../runtime/labels.ts";
import type { ContainerUsage } from "../runtime/runtime.ts";
import { CpuRates } from "./cpu-rates.ts";
import type { VolumeManager } from "../volumes/volume-manager.ts";
import type { ClaimStats, ContainerStats, InterfaceStats, NodeStats, PodStats } from "./node-stats.ts";

const CGROUP_MOUNT = "/sys/fs/cgroup";
/** Trees in which every container has its group, in the order in which they are tried. */
const PROCESS_TREES = ["pids", "memory", "cpu", ""];
const NO_SIZE = { usedBytes: 0, inodes: 0 };

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").trim().split("\n");
  } catch {
    return [];
  }
}

/** Of one network namespace, without the loopback. */
export function parseInterfaces(lines: readonly string[]): InterfaceStats[] {
  return lines.flatMap((line) => {
    const [, name, rest] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined || name === "lo") return [];
    const [
      rxBytes = 0,
      rxPackets = 0,
      rxErrors = 0,
      rxDropped = 0,
      ,
      ,
      ,
      ,
      txBytes = 0,
      txPackets = 0,
      txErrors = 0,
      txDropped = 0,
    ] = rest.split(/\s+/).map(Number);
    return [
      {
        name,
        receivedBytes: rxBytes,
        receivedPackets: rxPackets,
        receiveErrors: rxErrors,
        receiveDropped: rxDropped,
        sentBytes: txBytes,
        sentPackets: txPackets,
        sendErrors: txErrors,
        sendDropped: txDropped,
      },
    ];
  });
}

/** Numbers of the processes of each container, by id. */
function processesOf(cgroup: string): ReadonlyMap<string, readonly string[]> {
  for (const tree of PROCESS_TREES) {
    const folder = join(CGROUP_MOUNT, tree, cgroup);
    try {
      const groups = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      return new Map(
        groups.map(({ name }) => [name, linesOf(join(folder, name, "cgroup.procs")).filter((pid) => pid !== "")]),
      );
    } catch {
      // Not in this tree.
    }
  }
  return new Map();
}

export class StatsReader {
  readonly #base: KubeletBase;
  readonly #workers: PodWorkers;
  readonly #volumes: Pick<VolumeManager, "volumesOf">;
  readonly #paths: KubeletPaths;
  readonly #rates: CpuRates;
  readonly #sizes = new Map<string, { readonly atMs: number; readonly use: PodUse }>();

  constructor(base: KubeletBase, workers: PodWorkers, volumes: Pick<VolumeManager, "volumesOf">) {
    this.#base = base;
    this.#workers = workers;
    this.#volumes = volumes;
    this.#paths = kubeletPaths(base.options.rootDir);
    this.#rates = new CpuRates();
  }

  async read(): Promise<NodeStats> {
    const { options, runtime, clock, machine, startedAtMs } = this.#base;
    const nowMs = clock.nowMs();
    const [usage, imageFilesystem] = await Promise.all([runtime.usage(), runtime.imageFilesystem()]);
    const nodeDisk = readDisk(options.rootDir);
    const mountpoint = imageFilesystem?.mountpoint ?? "";
    const cpuSeconds = nodeCpuSeconds();
    return {
      nodeName: options.nodeName,
      nowMs,
      startedAtMs,
      cpus: machine.cpus,
      memoryBytes: machine.memoryBytes,
      availableMemoryBytes: availableMemoryBytes(),
      cpuSeconds,
      cpuNanoCores: this.#rates.rate("", cpuSeconds * 1e9, nowMs),
      processes: readProcessCounts(),
      interfaces: parseInterfaces(linesOf("/proc/net/dev")),
      nodeDisk,
      imageDisk: mountpoint === "" ? nodeDisk : readDisk(mountpoint),
      imageUsedBytes: imageFilesystem?.usedBytes ?? 0,
      pods: await this.#pods(usageByPod(usage), nowMs),
    };
  }

  async #pods(usage: ReadonlyMap<string, readonly ContainerUsage[]>, nowMs: number): Promise<PodStats[]> {
    const workers = this.#workers.list().filter(({ runningContainers }) => runningContainers.length > 0);
    for (const uid of this.#sizes.keys()) if (!workers.some((worker) => worker.uid === uid)) this.#sizes.delete(uid);
    return Promise.all(workers.map((worker) => this.#pod(worker, usage.get(worker.uid) ?? [], nowMs)));
  }

  async #pod(worker: PodWorker, usage: readonly ContainerUsage[], nowMs: number): Promise<PodStats> {
    const { pod } = worker;
    const cgroup = this.#cgroupOf(worker);
    const processes = processesOf(cgroup);
    const running = worker.runningContainers;
    const use = await this.#sizesOf(worker, usage, nowMs);
    const containers = usage.flatMap((one): ContainerStats[] => {
      const shown = running.find(({ id }) => id === one.containerId);
      if (shown === undefined) return [];
      const name = one.labels[CONTAINER_NAME_LABEL] ?? "";
      const sizes = use.containers.get(name);
      return [
        {
          name,
          usage: one,
          cpuNanoCores: this.#rates.rate(one.containerId, one.cpuNanoSeconds, one.timestampMs),
          startedAtMs: shown.startedAtMs,
          image: shown.image,
          processes: processes.get(one.containerId)?.length ?? 0,
          logs: sizes === undefined ? NO_SIZE : { usedBytes: sizes.logBytes, inodes: sizes.logInodes },
        },
      ];
    });
    const first = [...processes.values()].flat()[0];
    const isOwnNetwork = pod.spec.hostNetwork !== true && first !== undefined;
    return {
      pod,
      startedAtMs: Date.parse(pod.status?.startTime ?? pod.metadata.creationTimestamp ?? "") || nowMs,
      containers,
      interfaces: isOwnNetwork ? parseInterfaces(linesOf(`/proc/${first}/net/dev`)) : [],
      volumes: use.volumes,
      claims: this.claimsOf(worker.uid),
      cgroup,
    };
  }

  /** Asks each file system itself: cheap. */
  claimsOf(podUid: string): ClaimStats[] {
    return this.#volumes.volumesOf(podUid).flatMap(({ spec, mounted }) => {
      if (spec.claim === undefined || spec.mode === "Block") return [];
      try {
        const disk = readDisk(mounted.hostPath);
        return [{ name: spec.volume.name, claimName: spec.claim.metadata.name, disk }];
      } catch {
        // It is being taken away.
        return [];
      }
    });
  }

  async #sizesOf(worker: PodWorker, usage: readonly ContainerUsage[], nowMs: number): Promise<PodUse> {
    const known = this.#sizes.get(worker.uid);
    const lifeMs = this.#base.options.configuration.volumeStatsAggPeriod;
    if (known !== undefined && nowMs - known.atMs < lifeMs) return known.use;
    const use = await measurePod(this.#paths, worker.pod, usage);
    this.#sizes.set(worker.uid, { atMs: nowMs, use });
    return use;
  }

  #cgroupOf({ pod, uid }: PodWorker): string {
    const qos = podQosClass(pod);
    const parent = join("/", this.#base.options.cgroupRoot, "kubepods");
    return join(qos === "Guaranteed" ? parent : join(parent, qos.toLowerCase()), `pod${uid}`);
  }
}
