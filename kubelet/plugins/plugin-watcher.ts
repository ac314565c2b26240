/**
 * Plugins that come and go on this node: each is a socket in `plugins_registry`, which tells what it is when asked.
 * Upstream: `pkg/kubelet/pluginmanager`.
 *
 * G1. One registration per socket at any time; a socket that was made anew under its old name is a new plugin.
 * G2. A plugin hears whether it was taken, and why not; one that was not is asked again, ever more rarely.
 * G3. The folder's own events say when to look; a slow look at everything finds what they did not tell.
 */
import { type FSWatcher, watch } from "node:fs";
import { lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import { type GrpcChannel, type GrpcService, openGrpcChannel } from "./grpc-channel.ts";

export interface PluginRegistration {
  readonly name: string;
  /** Socket at which the plugin itself listens. */
  readonly endpoint: string;
  readonly versions: readonly string[];
}

/** What takes plugins of one type. */
export interface PluginHandler {
  /** As the plugin says it: `CSIPlugin`, `DevicePlugin`, `DRAPlugin`. */
  readonly type: string;
  /** Rejects with what the plugin is told when it is not taken. */
  register(plugin: PluginRegistration): Promise<void>;
  /** Its socket is gone. */
  deregister(name: string): void;
}

interface KnownSocket {
  /** Changes when the socket is made anew. */
  readonly identity: string;
  readonly plugin: PluginRegistration | undefined;
  readonly handler: PluginHandler | undefined;
  readonly failures: number;
  readonly retryAtMs: number;
}

interface InfoAnswer {
  readonly type: string;
  readonly name: string;
  readonly endpoint: string;
  readonly supportedVersions: readonly string[];
}

const SERVICE: GrpcService = {
  proto: new URL("../../shared/csi/plugin-registration-v1.proto", import.meta.url),
  name: "pluginregistration.Registration",
};
const LOOK_MS = 10_000;
const CALL_TIMEOUT_MS = 5000;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 122_000;

export interface PluginWatcherOptions {
  /** Made when it is missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** One per type of plugin. */
  readonly handlers: readonly PluginHandler[];
}

export class PluginWatcher {
  readonly #options: PluginWatcherOptions;
  readonly #sockets = new Map<string, KnownSocket>();
  /** Being asked now: a deaf plugin does not keep the others waiting. */
  readonly #busy = new Set<string>();
  #wake: (() => void) | undefined;
  #isStale = false;

  constructor(options: PluginWatcherOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts; the plugins stay registered then. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, folder, logger } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const watcher = this.#watch();
    while (!signal.aborted) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      this.#isStale = false;
      try {
        await this.#look(signal);
      } catch (err) {
        logger.warn({ err }, "could not look for plugins");
      }
      // What changed while we looked is looked at now.
      if (!this.#isStale) await clock.sleep(this.#restMs(), AbortSignal.any([signal, woken.signal]));
    }
    watcher?.close();
  }

  #watch(): FSWatcher | undefined {
    const { folder, logger } = this.#options;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#lookAgain());
      watcher.on("error", (err) => logger.warn({ err }, "the folder of plugins is not watched any more"));
      return watcher;
    } catch (err) {
      logger.warn({ err }, "the folder of plugins cannot be watched");
      return undefined;
    }
  }

  #restMs(): number {
    const nowMs = this.#options.clock.nowMs();
    const waiting = [...this.#sockets].filter(([path, { plugin }]) => plugin === undefined && !this.#busy.has(path));
    return Math.max(0, Math.min(LOOK_MS, ...waiting.map(([, { retryAtMs }]) => retryAtMs - nowMs)));
  }

  #lookAgain(): void {
    this.#isStale = true;
    this.#wake?.();
  }

  /** Compares the folder with what is registered, and begins to register what is due. */
  async #look(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const present = await this.#present();
    for (const [path, known] of this.#sockets) if (present.get(path) !== known.identity) this.#forget(path, known);
    const due = [...present].filter(([path]) => {
      if (this.#busy.has(path)) return false;
      const known = this.#sockets.get(path);
      return known === undefined || (known.plugin === undefined && known.retryAtMs <= clock.nowMs());
    });
    for (const [path, identity] of due) {
      this.#busy.add(path);
      void this.#register(path, identity, signal).finally(() => {
        this.#busy.delete(path);
        this.#lookAgain();
      });
    }
  }

  /** Path to identity of each socket; names that begin with a dot are being made. */
  async #present(): Promise<Map<string, string>> {
    const { folder } = this.#options;
    const names = await readdir(folder, { recursive: true });
    const sockets = new Map<string, string>();
    for (const name of names.filter((text) => !/(^|\/)\./.test(text))) {
      const path = join(folder, name);
      const stats = await lstat(path).catch(() => undefined);
      if (stats?.isSocket() === true) sockets.set(path, `${stats.ino}/${stats.ctimeMs}`);
    }
    return sockets;
  }

  #forget(path: string, { plugin, handler }: KnownSocket): void {
    this.#sockets.delete(path);
    if (plugin === undefined || handler === undefined) return;
    this.#options.logger.info({ plugin: plugin.name, socket: path }, "a plugin went away");
    handler.deregister(plugin.name);
  }

  async #register(path: string, identity: string, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    const channel = openGrpcChannel(path, SERVICE, clock);
    try {
      const { plugin, handler } = await this.#introduce(channel, path, signal);
      this.#sockets.set(path, { identity, plugin, handler, failures: 0, retryAtMs: 0 });
      logger.info({ plugin: plugin.name, type: handler.type, socket: path }, "registered a plugin");
    } catch (err) {
      const failures = (this.#sockets.get(path)?.failures ?? 0) + 1;
      const retryAtMs = clock.nowMs() + Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (failures - 1));
      this.#sockets.set(path, { identity, plugin: undefined, handler: undefined, failures, retryAtMs });
      if (!signal.aborted) logger.warn({ err, socket: path }, "could not register a plugin, will try again");
    } finally {
      channel.close();
    }
  }

  async #introduce(
    channel: GrpcChannel,
    path: string,
    signal: AbortSignal,
  ): Promise<{ plugin: PluginRegistration; handler: PluginHandler }> {
    const info = await channel.call<InfoAnswer>("GetInfo", {}, CALL_TIMEOUT_MS, signal);
    const handler = this.#options.handlers.find(({ type }) => type === info.type);
    if (handler === undefined) {
      throw await refuse(channel, `no handler registered for plugin type: ${info.type} at socket ${path}`);
    }
    const endpoint = info.endpoint === "" ? path : info.endpoint;
    const plugin = { name: info.name, endpoint, versions: info.supportedVersions };
    try {
      await handler.register(plugin);
    } catch (error) {
      throw await refuse(channel, `plugin registration failed with err: ${messageOf(error)}`);
    }
    try {
      await channel.call("NotifyRegistrationStatus", { pluginRegistered: true, error: "" }, CALL_TIMEOUT_MS);
    } catch (error) {
      handler.deregister(info.name);
      throw error;
    }
    return { plugin, handler };
  }
}

/** Tells the plugin, and gives what to throw. */
async function refuse(channel: GrpcChannel, reason: string): Promise<Error> {
  const error = `RegisterPlugin error -- ${reason}`;
  await channel
    .call("NotifyRegistrationStatus", { pluginRegistered: false, error }, CALL_TIMEOUT_MS)
    .catch(() => undefined);
  return new Error(error);
}
