/** Raw block volumes of CSI drivers: a device node in the place of a folder. Upstream: `csi_block.go`. */
import { mkdir, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../../runtime/runtime-error.ts";
import { unmountBelow } from "../mount-table.ts";
import { VolumeStepError } from "../volume-error.ts";
import type { VolumeHost } from "../volume-host.ts";
import type { VolumeRemains } from "../volume-plugin.ts";
import { isAttachable, podContext, secretOf } from "./csi-context.ts";
import type { CsiDriver } from "./csi-node.ts";
import { blockUsers, type CsiPlaces, saveVolumeData, type VolumeData } from "./csi-places.ts";
import type { CsiUse } from "./csi-use.ts";
import { attachmentName, volumeCapability } from "./csi-source.ts";

export class CsiBlock {
  readonly #host: VolumeHost;
  readonly #places: CsiPlaces;

  constructor(host: VolumeHost, places: CsiPlaces) {
    this.#host = host;
    this.#places = places;
  }

  /** The device node is at `device` afterwards; a link to it is the pod's trace of it. */
  async setUp(use: CsiUse, device: string): Promise<void> {
    const { request, source } = use;
    const { name } = request.spec;
    const data = this.#places.blockData(name);
    await mkdir(data, { recursive: true, mode: 0o750 });
    await saveVolumeData(data, {
      specVolID: name,
      driverName: source.driver,
      volumeHandle: source.handle,
      nodeName: this.#host.csi.nodeName,
      ...(isAttachable(source, use.object) ? { attachmentID: attachmentName(source, this.#host.csi.nodeName) } : {}),
    });
    const stagingPath = await this.#stage(use);
    await this.#publish(use, stagingPath, device);
    await mkdir(dirname(request.directory), { recursive: true, mode: 0o750 });
    await rm(request.directory, { force: true });
    await symlink(device, request.directory);
  }

  async #stage({ request, source, driver, capabilities, publishContext }: CsiUse): Promise<string> {
    if (!capabilities.has("STAGE_UNSTAGE_VOLUME")) return "";
    const path = this.#places.blockStaging(request.spec.name);
    try {
      await mkdir(path, { recursive: true, mode: 0o750 });
      await driver.client.call("NodeStageVolume", {
        volumeId: source.handle,
        publishContext,
        stagingTargetPath: path,
        volumeCapability: volumeCapability(source, "Block", capabilities),
        secrets: await secretOf(this.#host, "NodeStageSecretRef", source.stageSecret),
        volumeContext: source.attributes,
      });
    } catch (error) {
      throw new VolumeStepError("MapVolume.SetUpDevice", `blockMapper.stageVolumeForBlock failed: ${messageOf(error)}`);
    }
    return path;
  }

  async #publish(use: CsiUse, stagingPath: string, path: string): Promise<void> {
    const { request, source, driver, object, capabilities, publishContext } = use;
    const context = await podContext(this.#host, request.pod, source, object);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o750 });
      await driver.client.call("NodePublishVolume", {
        volumeId: source.handle,
        publishContext,
        stagingTargetPath: stagingPath,
        targetPath: path,
        volumeCapability: volumeCapability(source, "Block", capabilities),
        readonly: source.isReadOnly,
        secrets: {
          ...(await secretOf(this.#host, "NodePublishSecretRef", source.publishSecret)),
          ...context.secrets,
        },
        volumeContext: { ...source.attributes, ...context.attributes },
      });
    } catch (error) {
      const message = `blockMapper.publishVolumeForBlock failed: ${messageOf(error)}`;
      throw new VolumeStepError("MapVolume.MapPodDevice", message, error);
    }
  }

  async tearDown(
    { podUid, name, directory }: VolumeRemains,
    data: VolumeData,
    { client, capabilities }: CsiDriver,
  ): Promise<void> {
    const path = this.#places.blockPublish(name, podUid);
    await rm(directory, { force: true });
    await client.call("NodeUnpublishVolume", { volumeId: data.volumeHandle, targetPath: path });
    await unmountBelow(path);
    await rm(path, { force: true, recursive: true });
    if ((await blockUsers(this.#places, name)).length > 0) return;
    const staging = this.#places.blockStaging(name);
    if ((await capabilities()).has("STAGE_UNSTAGE_VOLUME"))
      await client.call("NodeUnstageVolume", { volumeId: data.volumeHandle, stagingTargetPath: staging });
    await unmountBelow(staging);
    await rm(staging, { force: true, recursive: true });
    await rm(dirname(path), { force: true, recursive: true });
    await rm(dirname(this.#places.blockData(name)), { force: true, recursive: true });
  }
}
