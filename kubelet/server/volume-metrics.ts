/** How full claims are, with upstream's names. Upstream: `pkg/kubelet/metrics/collectors/volume_stats.go`. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { Gauge, type Registry } from "../../shared/process/metrics.ts";
import type { DiskInfo } from "../node/machine.ts";
import type { ClaimStats } from "./node-stats.ts";

const FAMILIES: readonly (readonly [name: string, help: string, read: (disk: DiskInfo) => number])[] = [
  ["capacity_bytes", "Capacity in bytes of the volume", ({ capacityBytes }) => capacityBytes],
  ["available_bytes", "Number of available bytes in the volume", ({ availableBytes }) => availableBytes],
  [
    "used_bytes",
    "Number of used bytes in the volume",
    ({ capacityBytes, availableBytes }) => capacityBytes - availableBytes,
  ],
  ["inodes", "Maximum number of inodes in the volume", ({ inodes }) => inodes],
  ["inodes_free", "Number of free inodes in the volume", ({ inodesFree }) => inodesFree],
  ["inodes_used", "Number of used inodes in the volume", ({ inodes, inodesFree }) => inodes - inodesFree],
];

/** `claims` is asked at every scrape. */
export function registerVolumeMetrics(
  registry: Registry,
  claims: () => readonly { readonly pod: Pod; readonly claim: ClaimStats }[],
): void {
  for (const [name, help, read] of FAMILIES) {
    new Gauge({
      name: `kubelet_volume_stats_${name}`,
      help,
      labelNames: ["namespace", "persistentvolumeclaim"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { pod, claim } of claims()) {
          const labels = { namespace: pod.metadata.namespace ?? "", persistentvolumeclaim: claim.claimName };
          this.set(labels, read(claim.disk));
        }
      },
    });
  }
}
