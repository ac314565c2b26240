/** What the node's configuration and machine say about every container and pod. */
import { existsSync } from "node:fs";
import { value } from "../../shared/machinery/quantity.ts";
import type { KubeletConfiguration } from "../configuration/configuration-fields.ts";
import type { MachineInfo } from "../node/machine.ts";

export interface RunSettings {
  readonly memoryCapacityBytes: number;
  /** Of every size that the kernel knows. */
  readonly hugePageSizes: readonly number[];
  /** Control groups of version 2. */
  readonly isUnified: boolean;
  readonly hasCpuQuota: boolean;
  readonly cpuPeriodUs: number;
  /** Version 2: one process that runs out of memory does not take its container with it. */
  readonly isOomKillSingle: boolean;
  /** 0: as many as the machine can have. */
  readonly podPidsMax: number;
  /** Containers that say nothing get the runtime's own filter of system calls. */
  readonly isSeccompDefault: boolean;
  readonly logs: LogLimits;
}

export interface LogLimits {
  /** A file beyond this is set aside. */
  readonly bytesMax: number;
  /** Kept per container, the current one too. */
  readonly filesMax: number;
}

export function runSettings(
  machine: Pick<MachineInfo, "memoryBytes" | "hugePages">,
  configuration: Pick<
    KubeletConfiguration,
    | "cpuCFSQuota"
    | "cpuCFSQuotaPeriod"
    | "singleProcessOOMKill"
    | "podPidsLimit"
    | "seccompDefault"
    | "containerLogMaxSize"
    | "containerLogMaxFiles"
  >,
): RunSettings {
  return {
    memoryCapacityBytes: machine.memoryBytes,
    hugePageSizes: machine.hugePages.map(({ sizeBytes }) => sizeBytes),
    isUnified: existsSync("/sys/fs/cgroup/cgroup.controllers"),
    hasCpuQuota: configuration.cpuCFSQuota,
    cpuPeriodUs: configuration.cpuCFSQuotaPeriod * 1000,
    isOomKillSingle: configuration.singleProcessOOMKill,
    podPidsMax: Math.max(0, configuration.podPidsLimit),
    isSeccompDefault: configuration.seccompDefault,
    logs: { bytesMax: value(configuration.containerLogMaxSize), filesMax: configuration.containerLogMaxFiles },
  };
}
