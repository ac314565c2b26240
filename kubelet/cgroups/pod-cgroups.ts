/**
 * Control groups of pods: `kubepods[/burstable|/besteffort]/podUID`, below a root of the kubelet's own, on version 1
 * (a tree per controller) and version 2 (one tree), with the cgroupfs driver. Upstream: `pkg/kubelet/cm`.
 *
 * G1. The group exists before the sandbox, and is removed after the last process of the pod is gone.
 * G2. A controller that the machine does not have, or that refuses a value, is no reason not to run the pod.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { milliValue, value } from "../../shared/machinery/quantity.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { cpuQuota, cpuShares } from "../containers/resources.ts";
import { podQosClass, requestOf } from "../pods/qos.ts";

const CGROUP_MOUNT = "/sys/fs/cgroup";
const CONTROLLERS = [
  "cpu",
  "cpuacct",
  "cpuset",
  "memory",
  "pids",
  "blkio",
  "devices",
  "freezer",
  "hugetlb",
  "net_cls",
  "net_prio",
  "perf_event",
  "systemd",
];
const CPU_PERIOD_US = 100_000;

export interface PodCgroups {
  /** Path for the runtime; makes the group when it is not there. */
  ensure(pod: Pod): string;
  remove(podUid: string): void;
  /** Removes groups of pods that nobody wants. */
  removeOthers(isWanted: (podUid: string) => boolean): void;
}

/** Sums over containers; undefined when one of them has no such limit. */
export function podLimits(pod: Pod): {
  milliCpuRequest: number;
  milliCpuLimit: number | undefined;
  memoryLimit: number | undefined;
} {
  const { containers } = pod.spec;
  const sum = (amounts: readonly (number | undefined)[]): number | undefined =>
    amounts.reduce<number | undefined>(
      (total, amount) => (total === undefined || amount === undefined ? undefined : total + amount),
      0,
    );
  const limitOf = (name: string, read: (quantity: string) => number): number | undefined =>
    sum(
      containers.map(({ resources }) =>
        resources?.limits?.[name] === undefined ? undefined : read(resources.limits[name]),
      ),
    );
  return {
    milliCpuRequest: containers.reduce((total, container) => total + milliValue(requestOf(container, "cpu") ?? "0"), 0),
    milliCpuLimit: limitOf("cpu", milliValue),
    memoryLimit: limitOf("memory", value),
  };
}

/** `root` is the path of our own group, for example `/` or `/kubernode-test`. */
export function createPodCgroups(root: string, logger: Logger): PodCgroups {
  const isUnified = existsSync(join(CGROUP_MOUNT, "cgroup.controllers"));
  const trees = isUnified ? [CGROUP_MOUNT] : CONTROLLERS.map((name) => join(CGROUP_MOUNT, name)).filter(existsSync);
  const base = join("/", root, "kubepods");
  const parentOf = (qos: string): string => (qos === "Guaranteed" ? base : join(base, qos.toLowerCase()));
  const attempt = (what: string, action: () => void): void => {
    try {
      action();
    } catch (err) {
      logger.debug({ err }, what);
    }
  };
  const removeGroup = (path: string): void => {
    for (const tree of trees) attempt(`could not remove cgroup ${path}`, () => removeTree(join(tree, path)));
  };
  return {
    ensure: (pod) => {
      const path = join(parentOf(podQosClass(pod)), `pod${pod.metadata.uid ?? ""}`);
      for (const tree of trees) {
        attempt(`could not make cgroup ${path}`, () => {
          mkdirSync(join(tree, path), { recursive: true });
          if (isUnified) enableControllers(tree, path);
        });
      }
      const settings = isUnified ? unifiedSettings(pod) : legacySettings(pod);
      for (const [file, content] of settings) {
        attempt(`could not write ${file}`, () => writeFileSync(join(CGROUP_MOUNT, file.replace("POD", path)), content));
      }
      return path;
    },
    remove: (podUid) => {
      for (const qos of ["Guaranteed", "Burstable", "BestEffort"]) removeGroup(join(parentOf(qos), `pod${podUid}`));
    },
    removeOthers: (isWanted) => {
      for (const qos of ["Guaranteed", "Burstable", "BestEffort"]) {
        for (const name of podGroups(trees, parentOf(qos))) {
          if (!isWanted(name.slice("pod".length))) removeGroup(join(parentOf(qos), name));
        }
      }
    },
  };
}

function podGroups(trees: readonly string[], parent: string): Set<string> {
  const names = new Set<string>();
  for (const tree of trees) {
    const directory = join(tree, parent);
    if (!existsSync(directory)) continue;
    for (const name of readdirSync(directory)) if (/^pod.*-/.test(name)) names.add(name);
  }
  return names;
}

/** Groups are removed from the leaves; files in them go by themselves. */
function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  rmdirSync(directory);
}

/** Version 2: a group only has the controllers that its parent hands down. */
function enableControllers(tree: string, path: string): void {
  let directory = tree;
  for (const segment of path.split("/").slice(1)) {
    writeFileSync(join(directory, "cgroup.subtree_control"), "+cpu +memory +pids");
    directory = join(directory, segment);
  }
}

function legacySettings(pod: Pod): [string, string][] {
  const { milliCpuRequest, milliCpuLimit, memoryLimit } = podLimits(pod);
  return [
    ["cpu/POD/cpu.shares", String(cpuShares(milliCpuRequest))],
    ...(milliCpuLimit === undefined || milliCpuLimit === 0
      ? []
      : ([["cpu/POD/cpu.cfs_quota_us", String(cpuQuota(milliCpuLimit))]] satisfies [string, string][])),
    ...(memoryLimit === undefined || memoryLimit === 0
      ? []
      : ([["memory/POD/memory.limit_in_bytes", String(memoryLimit)]] satisfies [string, string][])),
  ];
}

function unifiedSettings(pod: Pod): [string, string][] {
  const { milliCpuRequest, milliCpuLimit, memoryLimit } = podLimits(pod);
  const weight = Math.max(1, Math.floor(1 + ((cpuShares(milliCpuRequest) - 2) * 9999) / 262_142));
  return [
    ["POD/cpu.weight", String(weight)],
    ...(milliCpuLimit === undefined || milliCpuLimit === 0
      ? []
      : ([["POD/cpu.max", `${cpuQuota(milliCpuLimit)} ${CPU_PERIOD_US}`]] satisfies [string, string][])),
    ...(memoryLimit === undefined || memoryLimit === 0
      ? []
      : ([["POD/memory.max", String(memoryLimit)]] satisfies [string, string][])),
  ];
}
