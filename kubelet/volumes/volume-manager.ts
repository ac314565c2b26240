/**
 * Volumes of pods on this node: made before the first container, looked at again while the pod lives, removed after
 * the last one. Upstream: `pkg/kubelet/volumemanager`.
 *
 * V1. A volume's directory is `pods/UID/volumes/PLUGIN/NAME` (a raw device's `volumeDevices`); what is needed to undo
 *     it is on disk, so that a restarted kubelet finds everything.
 * V2. A pod's directory is removed only after every mount below it is gone.
 * V3. One task at a time for each pod: what is being made is finished before it is undone.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { matchesNodeTerms } from "../../shared/machinery/node-selector.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import { hasErrorCode } from "./error-code.ts";
import { KeyedLock } from "./keyed-lock.ts";
import { MemoryFolder } from "./memory-folder.ts";
import { unmountBelow } from "./mount-table.ts";
import { volumePlugins } from "./plugins.ts";
import { type TellPod, VolumeEvents, type VolumeOutcome } from "./volume-events.ts";
import { SUB_PATHS_FOLDER } from "./sub-path/sub-path.ts";
import { VolumeError, VolumeSpecError, VolumeStepError } from "./volume-error.ts";
import type { VolumeHost } from "./volume-host.ts";
import { type MountedVolume, type MountedVolumes, pluginFolder, type VolumePlugin } from "./volume-plugin.ts";
import { type VolumeSpec, volumeSpec, volumeUses } from "./volume-spec.ts";

export interface MadeVolume {
  readonly podUid: string;
  readonly spec: VolumeSpec;
  readonly mounted: MountedVolume;
}

export class VolumeManager {
  readonly #host: VolumeHost;
  readonly #plugins: readonly VolumePlugin[];
  readonly #events: VolumeEvents;
  readonly #lock = new KeyedLock();
  /** Made by this process: directory to what is there. */
  readonly #made = new Map<string, MadeVolume>();

  constructor(parts: Omit<VolumeHost, "memory">, events: TellPod) {
    const host = { ...parts, memory: new MemoryFolder(parts.paths) };
    this.#host = host;
    this.#plugins = volumePlugins(host);
    this.#events = new VolumeEvents(events, host.clock);
  }

  /** Makes or refreshes all volumes of the pod; rejects with `VolumeError` after telling why. */
  mount(pod: Pod): Promise<MountedVolumes> {
    return this.#lock.run(pod.metadata.uid ?? "", () => this.#mountAll(pod));
  }

  /** Removes the volumes and the directory of a pod whose containers are all dead. */
  unmount(podUid: string): Promise<void> {
    return this.#lock.run(podUid, () => this.#unmountAll(podUid));
  }

  /** Uids of the pods that have a directory. */
  async knownPods(): Promise<string[]> {
    return namesIn(this.#host.paths.podsRoot);
  }

  /** File systems that the pod has, for statistics. */
  volumesOf(podUid: string): readonly MadeVolume[] {
    return [...this.#made.values()].filter((made) => made.podUid === podUid);
  }

  /** Takes away what a kubelet that died left on the node itself, and what no pod uses any more. */
  async clearOrphans(): Promise<void> {
    const { logger } = this.#host;
    for (const plugin of this.#plugins) {
      await plugin
        .clearOrphans?.()
        .catch((err: unknown) => logger.warn({ err, plugin: plugin.name }, "could not clear away unused volumes"));
    }
  }

  async #mountAll(pod: Pod): Promise<MountedVolumes> {
    const outcomes = await this.#attempt(pod);
    const isPending = this.#events.tell(pod, outcomes);
    const failed = outcomes.find(({ error }) => error !== undefined);
    if (failed !== undefined) throw new VolumeError(messageOf(failed.error), isPending, failed.error);
    return new Map(outcomes.flatMap(({ name, mounted }) => (mounted === undefined ? [] : [[name, mounted]])));
  }

  async #attempt(pod: Pod): Promise<VolumeOutcome[]> {
    const uses = volumeUses(pod);
    const used = (pod.spec.volumes ?? []).filter(({ name }) => uses.has(name));
    // Two names in the pod may lead to one volume: it is made once.
    const shared = new Map<string, Promise<MountedVolume>>();
    return Promise.all(
      used.map(async (volume): Promise<VolumeOutcome> => {
        const { name } = volume;
        let spec: VolumeSpec | undefined;
        try {
          const use = uses.get(name) ?? { isMounted: true, isDevice: false };
          spec = await volumeSpec(pod, volume, use, this.#host.objects);
          const plugin = this.#pluginFor(spec);
          const key = `${plugin.name}/${spec.name}/${spec.isReadOnly}`;
          const making = shared.get(key) ?? this.#make(pod, spec, plugin);
          shared.set(key, making);
          return { name, spec, mounted: await making };
        } catch (error) {
          return { name, spec, error };
        }
      }),
    );
  }

  #pluginFor(spec: VolumeSpec): VolumePlugin {
    const plugin = this.#plugins.find((each) => each.supports(spec));
    if (plugin === undefined) {
      const message = `failed to get Plugin from volumeSpec for volume "${spec.name}" err=no volume plugin matched`;
      throw new VolumeSpecError(message);
    }
    return plugin;
  }

  async #make(pod: Pod, spec: VolumeSpec, plugin: VolumePlugin): Promise<MountedVolume> {
    const uid = pod.metadata.uid ?? "";
    const directory = this.#directory(uid, plugin.name, spec);
    const known = this.#made.get(directory);
    if (known !== undefined && plugin.isRefreshed !== true) return known.mounted;
    await this.#checkNode(spec);
    const request = { pod, spec, directory, isMounted: known !== undefined };
    const mounted = spec.mode === "Block" ? await setUpDevice(plugin, request) : await plugin.setUp(request);
    this.#made.set(directory, { podUid: uid, spec, mounted });
    return mounted;
  }

  #directory(uid: string, plugin: string, { name, mode }: VolumeSpec): string {
    return join(this.#host.paths.pod(uid), mode === "Block" ? "volumeDevices" : "volumes", pluginFolder(plugin), name);
  }

  async #checkNode({ persistentVolume, mode }: VolumeSpec): Promise<void> {
    const terms = persistentVolume?.spec?.nodeAffinity?.required?.nodeSelectorTerms;
    if (terms === undefined) return;
    const step = mode === "Block" ? "MapVolume.NodeAffinity check" : "MountVolume.NodeAffinity check";
    if (!matchesNodeTerms(await this.#host.objects.node(), terms))
      throw new VolumeStepError(step, "no matching NodeSelectorTerms");
  }

  async #unmountAll(podUid: string): Promise<void> {
    const { paths, sources, memory } = this.#host;
    const directory = paths.pod(podUid);
    await unmountBelow(join(directory, SUB_PATHS_FOLDER));
    await this.#tearDownAll(podUid, "volumes", (plugin) => plugin.tearDown?.bind(plugin));
    await this.#tearDownAll(podUid, "volumeDevices", (plugin) => plugin.tearDownDevice?.bind(plugin));
    await unmountBelow(directory);
    await memory.remove(podUid);
    await rm(directory, { recursive: true, force: true });
    for (const path of this.#made.keys()) if (path.startsWith(`${directory}/`)) this.#made.delete(path);
    sources.forget(podUid);
    this.#events.forget(podUid);
  }

  /** What has no way of its own is unmounted and removed with the pod's directory. */
  async #tearDownAll(
    podUid: string,
    folder: string,
    way: (plugin: VolumePlugin) => VolumePlugin["tearDown"],
  ): Promise<void> {
    const root = join(this.#host.paths.pod(podUid), folder);
    for (const plugin of this.#plugins) {
      const tearDown = way(plugin);
      if (tearDown === undefined) continue;
      const below = join(root, pluginFolder(plugin.name));
      for (const name of await namesIn(below)) await tearDown({ podUid, name, directory: join(below, name) });
    }
  }
}

function setUpDevice(plugin: VolumePlugin, request: Parameters<VolumePlugin["setUp"]>[0]): Promise<MountedVolume> {
  if (plugin.setUpDevice !== undefined) return plugin.setUpDevice(request);
  throw new VolumeStepError("MapVolume.NewBlockVolumeMapper initialization", "no block volume plugin matched");
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) return [];
    throw error;
  }
}
