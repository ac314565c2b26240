/**
 * Scratch space of a pod, on disk, in memory or in huge pages. Upstream: `pkg/volume/emptydir`.
 *
 * E1. A folder appears with its owner and mode, or not at all: a kubelet that dies in between leaves nothing that
 *     looks finished.
 */
import { chmod, chown, mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { value } from "../../shared/machinery/quantity.ts";
import { isMounted, mountHugePages, mountTmpfs } from "./mount-table.ts";
import type { VolumeHost } from "./volume-host.ts";
import type { VolumePlugin } from "./volume-plugin.ts";

const HUGE_PAGES = "HugePages";

interface Owner {
  readonly mode: number;
  readonly group: number;
}

export function emptyDirPlugin({ sources }: Pick<VolumeHost, "sources">): VolumePlugin {
  return {
    name: "kubernetes.io/empty-dir",
    supports: ({ volume }) => volume.emptyDir !== undefined,
    setUp: async ({ pod, spec, directory }) => {
      const { medium = "", sizeLimit } = spec.volume.emptyDir ?? {};
      const owner = ownerOf(pod);
      await makeFolder(directory, owner);
      if (medium === "" || (await isMounted(directory))) return { hostPath: directory, isReadOnly: false };
      const options = [`mode=${owner.mode.toString(8)}`, `gid=${owner.group}`];
      if (medium === "Memory") {
        await mountTmpfs(directory, memorySize(pod, sizeLimit, sources.allocatable()["memory"]), options);
      } else if (medium.startsWith(HUGE_PAGES)) {
        await mountHugePages(directory, hugePageSize(medium, pod), options);
      } else throw new Error(`unknown storage medium "${medium}"`);
      return { hostPath: directory, isReadOnly: false };
    },
  };
}

/** Everybody in the pod may write; with fsGroup what is made belongs to the group. */
function ownerOf({ spec }: Pod): Owner {
  const group = spec.securityContext?.fsGroup;
  return group === undefined ? { mode: 0o777, group: 0 } : { mode: 0o2777, group };
}

async function makeFolder(directory: string, { mode, group }: Owner): Promise<void> {
  if ((await stat(directory).catch(() => undefined)) !== undefined) return;
  const unfinished = join(dirname(directory), `.${basename(directory)}`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await chown(unfinished, 0, group);
  await chmod(unfinished, mode);
  await rename(unfinished, directory);
}

/** The smallest of what the volume says, what the pod may use at all, and what the node gives to pods. */
export function memorySize(
  pod: Pod,
  sizeLimit: string | undefined,
  allocatable: string | undefined,
): number | undefined {
  const limits = pod.spec.containers.map(({ resources }) => resources?.limits?.["memory"]);
  const podLimit = pod.spec.resources?.limits?.["memory"];
  const ofContainers = limits.every((limit) => limit !== undefined)
    ? limits.reduce((sum, limit) => sum + value(limit ?? "0"), 0)
    : undefined;
  const bounds = [
    sizeLimit === undefined ? undefined : value(sizeLimit),
    podLimit === undefined ? ofContainers : value(podLimit),
    allocatable === undefined ? undefined : value(allocatable),
  ].filter((bound) => bound !== undefined && bound > 0) as number[];
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

/** Throws when the pod does not ask for the pages that it wants to mount. */
export function hugePageSize(medium: string, pod: Pod): number {
  const requests = [
    pod.spec.resources?.requests,
    ...[...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(({ resources }) => resources?.requests),
  ];
  const sizes = new Set(
    requests
      .flatMap((list) => Object.keys(list ?? {}))
      .filter((name) => name.startsWith("hugepages-"))
      .map((name) => value(name.slice("hugepages-".length))),
  );
  const wanted = medium === HUGE_PAGES ? undefined : value(medium.slice(HUGE_PAGES.length + 1));
  if (wanted === undefined && sizes.size > 1)
    throw new Error(`medium: ${medium} can't be used if container requests multiple huge page sizes`);
  const found = [...sizes].find((size) => wanted === undefined || size === wanted);
  if (found === undefined) {
    throw new Error(`medium ${medium}: hugePages storage requested, but there is no resource request for huge pages`);
  }
  return found;
}
