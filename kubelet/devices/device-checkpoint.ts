/**
 * Who has which devices, on disk: a restart of the kubelet must not give one away twice.
 * Upstream: `kubelet_internal_checkpoint`; the fields have its names, the plugin's answer is kept as JSON.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Logger } from "../../shared/process/logger.ts";
import type { DeviceGrant } from "./device-grant.ts";

export interface DeviceEntry {
  readonly PodUID: string;
  readonly ContainerName: string;
  readonly ResourceName: string;
  readonly DeviceIDs: readonly string[];
  readonly AllocResp: DeviceGrant;
  /** Of an init container that ends: others of the pod may use them after it. */
  readonly isPassing: boolean;
}

export interface DeviceRecord {
  readonly PodDeviceEntries: readonly DeviceEntry[];
  /** All devices that plugins ever told of, by resource. */
  readonly RegisteredDevices: Readonly<Record<string, readonly string[]>>;
}

const EMPTY: DeviceRecord = { PodDeviceEntries: [], RegisteredDevices: {} };

export class DeviceCheckpoint {
  readonly #path: string;
  readonly #logger: Logger;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  read(): DeviceRecord {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch {
      return EMPTY;
    }
    try {
      const { Data } = JSON.parse(text) as { Data: DeviceRecord };
      return { PodDeviceEntries: [...Data.PodDeviceEntries], RegisteredDevices: { ...Data.RegisteredDevices } };
    } catch (err) {
      this.#logger.warn({ err, path: this.#path }, "the checkpoint of devices cannot be read, begins anew");
      return EMPTY;
    }
  }

  /** Old or new, never half. Throws when it cannot be written: then nothing may be given away. */
  write(record: DeviceRecord): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(`${this.#path}.tmp`, `${JSON.stringify({ Data: record })}\n`, { mode: 0o600 });
    renameSync(`${this.#path}.tmp`, this.#path);
  }
}
