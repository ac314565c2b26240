/** The pods' control groups as this node's configuration wants them. Upstream: `node_container_manager_linux.go`. */
import { milliValue, value } from "../../shared/machinery/quantity.ts";
import { runSettings } from "../containers/run-settings.ts";
import type { KubeletBase } from "../kubelet-base.ts";
import { createPodCgroups, type PodCgroups, type PodsShare } from "./pod-cgroups.ts";

export function podCgroups({
  options,
  machine,
  logger,
}: Pick<KubeletBase, "options" | "machine" | "logger">): PodCgroups {
  const { configuration, cgroupRoot } = options;
  const isEnforced = configuration.enforceNodeAllocatable.includes("pods");
  return createPodCgroups({
    root: cgroupRoot,
    settings: runSettings(machine, configuration),
    logger,
    share: isEnforced ? podsShare(machine, [configuration.kubeReserved, configuration.systemReserved]) : undefined,
  });
}

type Amounts = Readonly<Record<string, string>>;

/** What the machine has less what is kept back. The eviction threshold stays usable: eviction watches over it. */
export function podsShare(machine: { cpus: number; memoryBytes: number }, reserved: readonly Amounts[]): PodsShare {
  const keptBack = (name: string, read: (quantity: string) => number): number =>
    reserved.reduce((total, amounts) => total + read(amounts[name] ?? "0"), 0);
  return {
    cpuMillis: Math.max(0, machine.cpus * 1000 - keptBack("cpu", milliValue)),
    memoryBytes: Math.max(0, machine.memoryBytes - keptBack("memory", value)),
  };
}
