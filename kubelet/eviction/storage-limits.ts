/** Pods that use more of the node's disk than they may: pure. Upstream: `eviction_manager.go` localStorageEviction. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { compareQuantities, value } from "../../shared/machinery/quantity.ts";
import { diskBytesOf, type UsedPod } from "./pod-usage.ts";

const STORAGE = "ephemeral-storage";

function limitOf(limits: Readonly<Record<string, string>> | undefined): number | undefined {
  const text = limits?.[STORAGE];
  return text === undefined ? undefined : value(text);
}

/** The pod could break one: its files have to be looked at. */
export function hasStorageLimit({ spec }: Pod): boolean {
  return (
    (spec.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) ||
    spec.containers.some(({ resources }) => resources?.limits?.[STORAGE] !== undefined)
  );
}

function emptyDirProblem({ pod, use }: UsedPod): string | undefined {
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    if (limit === undefined || compareQuantities(limit, "0") <= 0) continue;
    const used = use.volumes.get(name)?.usedBytes ?? 0;
    if (used > value(limit)) return `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". `;
  }
  return undefined;
}

/** Applies when every container has a limit: their sum is the pod's. */
function podProblem({ pod, use }: UsedPod): string | undefined {
  const sum = (limits: readonly (number | undefined)[]): number | undefined =>
    limits.reduce<number | undefined>(
      (all, one) => (all === undefined || one === undefined ? undefined : all + one),
      0,
    );
  const limit = sum(pod.spec.containers.map(({ resources }) => limitOf(resources?.limits)));
  if (limit === undefined || limit === 0) return undefined;
  if (diskBytesOf(use, ["rootfs", "logs", "localVolumes"]) <= limit) return undefined;
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${bytesText(limit)}. `;
}

function containerProblem({ pod, use }: UsedPod): string | undefined {
  for (const { name, resources } of pod.spec.containers) {
    const text = resources?.limits?.[STORAGE];
    const used = use.containers.get(name);
    if (text === undefined || used === undefined || value(text) === 0) continue;
    if (used.rootfsBytes + used.logBytes > value(text)) {
      return `Container ${name} exceeded its local ephemeral storage limit "${text}". `;
    }
  }
  return undefined;
}

/** Why the pod has to go, in upstream's words; undefined when it keeps to its limits. */
export function storageProblem(pod: UsedPod): string | undefined {
  return emptyDirProblem(pod) ?? podProblem(pod) ?? containerProblem(pod);
}

const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

/** As upstream prints a binary quantity: the largest suffix that divides it. */
export function bytesText(bytes: number): string {
  let amount = Math.floor(bytes);
  let step = 0;
  while (amount !== 0 && amount % 1024 === 0 && step < BINARY.length - 1) {
    amount /= 1024;
    step++;
  }
  return `${amount}${BINARY[step] ?? ""}`;
}
