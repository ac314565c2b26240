/**
 * The networks of this node's sandboxes, made by CNI plugins. Upstream: libcni and `go-cni`, as containerd uses them.
 *
 * N1. What an ADD gave is on disk before it counts, with the configuration that gave it: DEL works after a restart of
 *     the kubelet, after the configuration changed, and after the sandbox's process is gone.
 * N2. An ADD that failed half-way is taken back with DEL before the failure is told.
 * N3. DEL of what was never added, or was deleted before, succeeds.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeCallError, messageOf } from "../../runtime-error.ts";
import { type CniList, readCniList } from "./cni-list.ts";
import { PLUGIN_FOLDERS, runPlugin } from "./cni-plugin.ts";
import {
  addressesOf,
  type CniAttachment,
  type CniCommand,
  type CniResult,
  cniEnvironment,
  cniInput,
} from "./plan-cni.ts";

interface Attached {
  readonly list: CniList;
  readonly attachment: CniAttachment;
  readonly networkNamespace: string;
  readonly result: CniResult | undefined;
}

const UNCONFIGURED = "cni plugin not initialized";

export class PodNetworks {
  readonly #configFolder: string;
  readonly #stateFolder: string;
  /** What was read or written already, for `addresses`. */
  readonly #known = new Map<string, Attached>();

  /** `stateFolder` is the kubelet's own: other nodes of the machine have theirs. */
  constructor(configFolder: string, stateFolder: string) {
    this.#configFolder = configFolder;
    this.#stateFolder = stateFolder;
  }

  /** Undefined when pods can be joined to the network; otherwise why not. */
  async problem(): Promise<string | undefined> {
    try {
      return (await readCniList(this.#configFolder)) === undefined ? UNCONFIGURED : undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  async add(attachment: CniAttachment, networkNamespace: string): Promise<void> {
    const list = await readCniList(this.#configFolder);
    if (list === undefined) throw new RuntimeCallError("other", UNCONFIGURED);
    const attached = { list, attachment, networkNamespace, result: undefined };
    // Before the first plugin acts: what it did must be found after a crash.
    await this.#keep(attached);
    try {
      await this.#keep({ ...attached, result: await this.#addAll(attached) });
    } catch (error) {
      await this.delete(attachment.containerId).catch(() => undefined);
      throw error;
    }
  }

  async #addAll(attached: Attached): Promise<CniResult> {
    let result: CniResult | undefined;
    for (const plugin of attached.list.plugins) {
      result = (await this.#run("ADD", { ...attached, result }, plugin)) as CniResult | undefined;
    }
    if (result === undefined) throw new RuntimeCallError("other", "the network plugins gave no result");
    return result;
  }

  /** Rejects when a plugin fails: then it stays known, and the next call tries again. */
  async delete(containerId: string): Promise<void> {
    const attached = await this.#find(containerId);
    if (attached === undefined) return;
    for (const plugin of attached.list.plugins.toReversed()) await this.#run("DEL", attached, plugin);
    await rm(this.#file(containerId), { force: true });
    this.#known.delete(containerId);
  }

  async addresses(containerId: string): Promise<readonly string[]> {
    const result = (await this.#find(containerId))?.result;
    return result === undefined ? [] : addressesOf(result);
  }

  /** Ids of sandboxes that have a network. */
  async known(): Promise<readonly string[]> {
    const names = await readdir(this.#stateFolder).catch(ignoreAbsent);
    return (names ?? []).filter((name) => name.endsWith(EXTENSION)).map((name) => name.slice(0, -EXTENSION.length));
  }

  #run(command: CniCommand, attached: Attached, plugin: CniList["plugins"][number]): Promise<unknown> {
    const { list, attachment, networkNamespace, result } = attached;
    // The namespace goes with the sandbox's process; plugins want no path then.
    const path = existsSync(networkNamespace) ? networkNamespace : "";
    const environment = cniEnvironment(command, attachment, path, PLUGIN_FOLDERS);
    return runPlugin(plugin.type, environment, cniInput(list, plugin, attachment, result));
  }

  #file(containerId: string): string {
    return join(this.#stateFolder, `${containerId}${EXTENSION}`);
  }

  async #keep(attached: Attached): Promise<void> {
    const file = this.#file(attached.attachment.containerId);
    await mkdir(this.#stateFolder, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.tmp`, JSON.stringify(attached), { mode: 0o600 });
    await rename(`${file}.tmp`, file);
    this.#known.set(attached.attachment.containerId, attached);
  }

  async #find(containerId: string): Promise<Attached | undefined> {
    const known = this.#known.get(containerId);
    if (known !== undefined) return known;
    const text = await readFile(this.#file(containerId), "utf8").catch(ignoreAbsent);
    if (text === undefined) return undefined;
    const attached = JSON.parse(text) as Attached;
    this.#known.set(containerId, attached);
    return attached;
  }
}

const EXTENSION = ".json";

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
