/** Where CSI's volumes are on this node, as drivers and people know it from upstream. */
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { KubeletPaths } from "../../node/kubelet-paths.ts";
import { hasErrorCode } from "../error-code.ts";
import { handleHash, uniqueVolumeName } from "./csi-source.ts";

const DATA_FILE = "vol_data.json";
const POD_FOLDER = "kubernetes.io~csi";

/** What is remembered of a volume on disk: enough to undo it after a restart. */
export interface VolumeData {
  readonly driverName: string;
  readonly volumeHandle: string;
  readonly specVolID?: string;
  readonly nodeName?: string;
  readonly attachmentID?: string;
  readonly volumeLifecycleMode?: string;
  /** Published and given to its group: nothing is left to be done. */
  readonly isFinished?: "true";
}

export interface CsiPlaces {
  /** Staged once for all pods of the node; the file beside it says what it is. */
  globalMount(driver: string, handle: string): string;
  blockStaging(name: string): string;
  blockPublish(name: string, podUid: string): string;
  blockData(name: string): string;
}

export function csiPlaces({ root }: Pick<KubeletPaths, "root">): CsiPlaces {
  const csi = join(root, "plugins", "kubernetes.io", "csi");
  return {
    globalMount: (driver, handle) => join(csi, driver, handleHash(handle), "globalmount"),
    blockStaging: (name) => join(csi, "volumeDevices", "staging", name),
    blockPublish: (name, podUid) => join(csi, "volumeDevices", "publish", name, podUid),
    blockData: (name) => join(csi, "volumeDevices", name, "data"),
  };
}

export async function saveVolumeData(folder: string, data: VolumeData): Promise<void> {
  const unfinished = join(folder, `.${DATA_FILE}`);
  await writeFile(unfinished, JSON.stringify(data), { mode: 0o644 });
  // Half of it would hide a volume that has to be undone.
  await rename(unfinished, join(folder, DATA_FILE));
}

/** Undefined when there is none, or half of one. */
export async function loadVolumeData(folder: string): Promise<VolumeData | undefined> {
  try {
    const data = JSON.parse(await readFile(join(folder, DATA_FILE), "utf8")) as Partial<VolumeData>;
    const { driverName, volumeHandle } = data;
    return driverName === undefined || volumeHandle === undefined ? undefined : { ...data, driverName, volumeHandle };
  } catch (error) {
    if (hasErrorCode(error, "ENOENT", "ENOTDIR") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function removeVolumeData(folder: string): Promise<void> {
  await rm(join(folder, DATA_FILE), { force: true });
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

export interface PodVolume extends VolumeData {
  readonly podUid: string;
}

/** Every CSI file system that a pod of this node has, as the disk tells it. */
export async function podVolumes({ podsRoot }: Pick<KubeletPaths, "podsRoot">): Promise<PodVolume[]> {
  const found: PodVolume[] = [];
  for (const podUid of await entries(podsRoot)) {
    const folder = join(podsRoot, podUid, "volumes", POD_FOLDER);
    for (const name of await entries(folder)) {
      const data = await loadVolumeData(join(folder, name));
      if (data !== undefined) found.push({ ...data, podUid });
    }
  }
  return found;
}

/** Every volume that was staged on this node, as the disk tells it. */
export async function stagedVolumes({ root }: Pick<KubeletPaths, "root">): Promise<VolumeData[]> {
  const found: VolumeData[] = [];
  const csi = dirname(dirname(dirname(csiPlaces({ root }).globalMount("driver", "handle"))));
  for (const driver of await entries(csi)) {
    if (driver === "volumeDevices") continue;
    for (const hash of await entries(join(csi, driver))) {
      const data = await loadVolumeData(join(csi, driver, hash));
      if (data !== undefined) found.push(data);
    }
  }
  return found;
}

/** Attachable volumes that pods of this node have, as the disk tells it: name of the volume and the pod's uid. */
export async function attachedUses(paths: Pick<KubeletPaths, "root" | "podsRoot">): Promise<[string, string][]> {
  const nameOf = ({ driverName, volumeHandle }: VolumeData): string =>
    uniqueVolumeName({ driver: driverName, handle: volumeHandle });
  const found = (await podVolumes(paths))
    .filter(({ attachmentID }) => attachmentID !== undefined)
    .map((data): [string, string] => [nameOf(data), data.podUid]);
  const places = csiPlaces(paths);
  for (const name of await entries(dirname(dirname(places.blockPublish("name", "pod"))))) {
    const data = await loadVolumeData(places.blockData(name));
    if (data?.attachmentID === undefined) continue;
    for (const podUid of await blockUsers(places, name)) found.push([nameOf(data), podUid]);
  }
  return found;
}

/** Pods for which a raw block volume is published. */
export async function blockUsers(places: CsiPlaces, name: string): Promise<string[]> {
  return entries(dirname(places.blockPublish(name, "pod")));
}
