/**
 * Volumes of CSI drivers: staged once on the node, published for each pod. Upstream: `pkg/volume/csi`.
 *
 * V1. What was begun is on disk before the driver is called (`vol_data.json`): a kubelet that dies undoes it later.
 * V2. One call at a time for each volume; a volume is unstaged after the last pod's is unpublished.
 */
import { mkdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CSIDriver } from "../../../shared/api/generated/storage/v1.ts";
import { isFinal } from "../../../shared/csi/csi-error.ts";
import { messageOf } from "../../runtime/runtime-error.ts";
import { hasErrorCode } from "../error-code.ts";
import { KeyedLock } from "../keyed-lock.ts";
import { isMounted, unmountBelow } from "../mount-table.ts";
import { groupOwner, ownVolume } from "../ownership.ts";
import { VolumeStepError } from "../volume-error.ts";
import type { VolumeHost } from "../volume-host.ts";
import type { MountedVolume, VolumePlugin, VolumeRemains, VolumeRequest } from "../volume-plugin.ts";
import { CsiBlock } from "./csi-block.ts";
import { attachedContext, checkLifecycle, isAttachable, podContext, secretOf } from "./csi-context.ts";
import { expandIfDue } from "./csi-expand.ts";
import type { CsiDriver } from "./csi-node.ts";
import type { CsiUse } from "./csi-use.ts";
import {
  csiPlaces,
  type CsiPlaces,
  loadVolumeData,
  type PodVolume,
  podVolumes,
  removeVolumeData,
  saveVolumeData,
  stagedVolumes,
  type VolumeData,
} from "./csi-places.ts";
import { attachmentName, type CsiSource, csiSource, uniqueVolumeName, volumeCapability } from "./csi-source.ts";

/** What every message of this plugin begins with. */
const named = (text: string): string => `kubernetes.io/csi: ${text}`;

export class CsiPlugin implements VolumePlugin {
  readonly name = "kubernetes.io/csi";
  /** Content is published again for drivers that ask for it, and volumes grow while they are in use. */
  readonly isRefreshed = true;
  readonly #host: VolumeHost;
  readonly #places: CsiPlaces;
  readonly #lock = new KeyedLock();
  readonly #block: CsiBlock;
  /** Staged by this process; after a restart the driver is asked once more, which does no harm. */
  readonly #staged = new Set<string>();

  constructor(host: VolumeHost) {
    this.#host = host;
    this.#places = csiPlaces(host.paths);
    this.#block = new CsiBlock(host, this.#places);
  }

  supports({ volume, persistentVolume }: VolumeRequest["spec"]): boolean {
    return volume.csi !== undefined || persistentVolume?.spec?.csi !== undefined;
  }

  async setUp(request: VolumeRequest): Promise<MountedVolume> {
    const source = this.#sourceOf(request);
    const target = join(request.directory, "mount");
    return this.#lock.run(uniqueVolumeName(source), async () => {
      await this.#checkOnlyPod(request, source);
      const data = await loadVolumeData(request.directory);
      const isPublished = data?.isFinished === "true" && (await isMounted(target));
      const use = await this.#prepare(request, source);
      const isDue = !isPublished || use.object?.spec.requiresRepublish === true;
      const stagingPath = isDue ? await this.#stage(use) : this.#places.globalMount(source.driver, source.handle);
      if (isDue) await this.#publish(use, stagingPath, target, isPublished);
      await expandIfDue(this.#host, use, target, stagingPath);
      return { hostPath: target, isReadOnly: source.isReadOnly };
    });
  }

  async setUpDevice(request: VolumeRequest): Promise<MountedVolume> {
    const source = this.#sourceOf(request);
    return this.#lock.run(uniqueVolumeName(source), async () => {
      const use = await this.#prepare(request, source);
      const device = this.#places.blockPublish(request.spec.name, request.pod.metadata.uid ?? "");
      if (!request.isMounted) await this.#block.setUp(use, device);
      await expandIfDue(this.#host, use, device, this.#places.blockStaging(request.spec.name));
      return { hostPath: device, isReadOnly: source.isReadOnly };
    });
  }

  async tearDown(remains: VolumeRemains): Promise<void> {
    const data = await loadVolumeData(remains.directory);
    if (data === undefined) return removeLeft(remains.directory);
    const volume = { driver: data.driverName, handle: data.volumeHandle };
    await this.#lock.run(uniqueVolumeName(volume), async () => {
      const target = join(remains.directory, "mount");
      const { client } = this.#driver(data.driverName, "mounter.SetUpAt");
      try {
        await client.call("NodeUnpublishVolume", { volumeId: data.volumeHandle, targetPath: target });
      } catch (error) {
        throw new Error(named(`Unmounter.TearDownAt failed: ${messageOf(error)}`), { cause: error });
      }
      await removeTarget(target);
      await removeVolumeData(remains.directory);
      await removeLeft(remains.directory);
      await this.#unstageUnused(data);
    });
    this.#host.csi.inUse.remove(uniqueVolumeName(volume), remains.podUid);
  }

  async tearDownDevice(remains: VolumeRemains): Promise<void> {
    const data = await loadVolumeData(this.#places.blockData(remains.name));
    if (data === undefined) return rm(remains.directory, { recursive: true, force: true });
    const name = uniqueVolumeName({ driver: data.driverName, handle: data.volumeHandle });
    await this.#lock.run(name, async () => {
      await this.#block.tearDown(remains, data, this.#driver(data.driverName, "blockMapper.TearDownDevice"));
    });
    this.#host.csi.inUse.remove(name, remains.podUid);
  }

  /** Staged volumes whose pods are gone: left by a kubelet that died, or by a driver that was away. */
  async clearOrphans(): Promise<void> {
    for (const data of await stagedVolumes(this.#host.paths)) {
      const name = uniqueVolumeName({ driver: data.driverName, handle: data.volumeHandle });
      await this.#lock.run(name, () => this.#unstageUnused(data));
    }
  }

  #sourceOf({ pod, spec }: VolumeRequest): CsiSource {
    return csiSource(pod.metadata.uid ?? "", pod.metadata.namespace ?? "", spec);
  }

  #driver(name: string, step: string): CsiDriver {
    try {
      return this.#host.csi.driver(name);
    } catch (error) {
      throw new Error(named(`${step} failed to get CSI client: ${messageOf(error)}`), { cause: error });
    }
  }

  async #prepare(request: VolumeRequest, source: CsiSource): Promise<CsiUse> {
    const object = await this.#host.objects.driver(source.driver);
    checkLifecycle(source, object);
    let publishContext: Readonly<Record<string, string>> = {};
    if (isAttachable(source, object)) {
      this.#host.csi.inUse.add(uniqueVolumeName(source), request.pod.metadata.uid ?? "");
      publishContext = await attachedContext(this.#host, source);
    }
    const driver = this.#driver(source.driver, "mounter.SetUpAt");
    return { request, source, driver, object, capabilities: await driver.capabilities(), publishContext };
  }

  /** The scheduler sees to it as well; pods that name their node pass it by. */
  async #checkOnlyPod({ pod }: VolumeRequest, source: CsiSource): Promise<void> {
    const [mode, ...others] = source.accessModes;
    if (mode !== "ReadWriteOncePod" || others.length > 0) return;
    const isOther = (each: PodVolume): boolean =>
      each.driverName === source.driver && each.volumeHandle === source.handle && each.podUid !== pod.metadata.uid;
    if ((await podVolumes(this.#host.paths)).some(isOther))
      throw new Error("volume uses the ReadWriteOncePod access mode and is already in use by another pod");
  }

  /** Empty when the driver knows no staging, and for volumes that live and die with their pod. */
  async #stage({ request, source, driver, capabilities, publishContext }: CsiUse): Promise<string> {
    if (source.lifecycle === "Ephemeral") return "";
    const path = this.#places.globalMount(source.driver, source.handle);
    const hasStaging = capabilities.has("STAGE_UNSTAGE_VOLUME");
    if (this.#staged.has(path)) return hasStaging ? path : "";
    try {
      await mkdir(path, { recursive: true, mode: 0o750 });
      await saveVolumeData(dirname(path), { driverName: source.driver, volumeHandle: source.handle });
      if (!hasStaging) return "";
      await driver.client.call("NodeStageVolume", {
        volumeId: source.handle,
        publishContext,
        stagingTargetPath: path,
        volumeCapability: volumeCapability(source, "Filesystem", capabilities, this.#groupFor(request, capabilities)),
        secrets: await secretOf(this.#host, "NodeStageSecretRef", source.stageSecret),
        volumeContext: source.attributes,
      });
      this.#staged.add(path);
      return path;
    } catch (error) {
      throw new VolumeStepError("MountVolume.MountDevice", messageOf(error), error);
    }
  }

  /** Undefined unless the driver itself gives volumes to a group. */
  #groupFor({ pod }: VolumeRequest, capabilities: ReadonlySet<string>): number | undefined {
    return capabilities.has("VOLUME_MOUNT_GROUP") ? pod.spec.securityContext?.fsGroup : undefined;
  }

  async #publish(use: CsiUse, stagingPath: string, target: string, isAgain: boolean): Promise<void> {
    const { request, source, driver, object, capabilities, publishContext } = use;
    const { pod, spec, directory } = request;
    const context = await podContext(this.#host, pod, source, object);
    const secrets = await secretOf(this.#host, "NodePublishSecretRef", source.publishSecret);
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const data: VolumeData = {
      specVolID: spec.name,
      volumeHandle: source.handle,
      driverName: source.driver,
      nodeName: this.#host.csi.nodeName,
      ...(isAttachable(source, object) ? { attachmentID: attachmentName(source, this.#host.csi.nodeName) } : {}),
      volumeLifecycleMode: source.lifecycle,
    };
    if (!isAgain) await saveVolumeData(directory, data);
    try {
      await driver.client.call("NodePublishVolume", {
        volumeId: source.handle,
        publishContext,
        stagingTargetPath: stagingPath,
        targetPath: target,
        volumeCapability: volumeCapability(source, "Filesystem", capabilities, this.#groupFor(request, capabilities)),
        readonly: source.isReadOnly,
        secrets: { ...secrets, ...context.secrets },
        volumeContext: { ...source.attributes, ...context.attributes },
      });
    } catch (error) {
      if (isFinal(error) && !isAgain) await this.#forgetFailed(use, target);
      throw error;
    }
    if (isAgain) return;
    if (!capabilities.has("VOLUME_MOUNT_GROUP") && mayOwn(source, object)) {
      await ownVolume(target, groupOwner(pod)).catch((error: unknown) => {
        throw new Error(`applyFSGroup failed for vol ${source.handle}: ${messageOf(error)}`, { cause: error });
      });
    }
    await saveVolumeData(directory, { ...data, isFinished: "true" });
  }

  /** The driver refused for good: nothing of the attempt is left on its side. */
  async #forgetFailed({ request, source }: CsiUse, target: string): Promise<void> {
    await removeTarget(target);
    await removeVolumeData(request.directory);
    await removeLeft(request.directory);
    await this.#unstageUnused({ driverName: source.driver, volumeHandle: source.handle });
  }

  async #unstageUnused(data: VolumeData): Promise<void> {
    const { paths } = this.#host;
    const isOf = (other: VolumeData): boolean =>
      other.driverName === data.driverName && other.volumeHandle === data.volumeHandle;
    if ((await podVolumes(paths)).some(isOf)) return;
    const path = this.#places.globalMount(data.driverName, data.volumeHandle);
    if ((await loadVolumeData(dirname(path))) === undefined) return;
    const driver = this.#driver(data.driverName, "attacher.UnmountDevice");
    this.#staged.delete(path);
    if ((await driver.capabilities()).has("STAGE_UNSTAGE_VOLUME"))
      await driver.client.call("NodeUnstageVolume", { volumeId: data.volumeHandle, stagingTargetPath: path });
    await removeTarget(path);
    await removeVolumeData(dirname(path));
    await removeLeft(dirname(path));
  }
}

/** Whether the kubelet gives the volume's files to the pod's group, by the driver's policy. */
export function mayOwn(source: CsiSource, driver: CSIDriver | undefined): boolean {
  const policy = driver?.spec.fsGroupPolicy ?? "ReadWriteOnceWithFSType";
  if (policy === "None" || source.isReadOnly) return false;
  if (policy === "File") return true;
  const isSingle = source.accessModes.some((mode) => mode === "ReadWriteOnce" || mode === "ReadWriteOncePod");
  return source.fsType !== "" && isSingle;
}

/** A folder in which something is still mounted is not ours to remove. */
async function removeTarget(target: string): Promise<void> {
  if (await isMounted(target)) throw new Error(named(`the driver left ${target} mounted`));
  try {
    await rmdir(target);
  } catch (error) {
    if (!hasErrorCode(error, "ENOENT")) throw error;
  }
}

/** For what no driver knows: half of a beginning. */
async function removeLeft(folder: string): Promise<void> {
  await unmountBelow(folder);
  await rm(folder, { recursive: true, force: true });
}
