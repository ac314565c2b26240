/**
 * Devices of plugins: who offers them, and which container has them. Upstream: `pkg/kubelet/cm/devicemanager`.
 *
 * V1. A device belongs to one pod at a time; who has it is on disk before the container is made.
 * V2. Devices are given away while a pod is admitted, which happens to one pod after the other.
 * V3. A pod that is no longer there gives its devices back when the next one asks, not before.
 * V4. A plugin that went away leaves its devices in the node's capacity, but none of them can be had.
 */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { AdmitHandler, Rejection } from "../admission/admit-handler.ts";
import type { DeviceCounts } from "../node/node-resources.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import type { DeviceCheckpoint, DeviceEntry } from "./device-checkpoint.ts";
import { DeviceEndpoint, type PluginOptions } from "./device-endpoint.ts";
import { type DeviceGrant, joinGrants } from "./device-grant.ts";
import { choices, chosen, type DeviceNeed, deviceNeeds } from "./plan-allocation.ts";

interface Resource {
  /** Health by id. */
  devices: ReadonlyMap<string, boolean>;
  /** Undefined while no plugin serves it. */
  endpoint: DeviceEndpoint | undefined;
}

export class DeviceManager implements AdmitHandler {
  readonly #checkpoint: DeviceCheckpoint;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #resources = new Map<string, Resource>();
  #entries: readonly DeviceEntry[];
  /** The node's status has to be written. */
  onChange: () => void = () => undefined;

  constructor(checkpoint: DeviceCheckpoint, clock: Clock, logger: Logger) {
    this.#checkpoint = checkpoint;
    this.#clock = clock;
    this.#logger = logger;
    const { PodDeviceEntries, RegisteredDevices } = checkpoint.read();
    this.#entries = PodDeviceEntries;
    for (const [name, ids] of Object.entries(RegisteredDevices)) {
      this.#resources.set(name, { devices: new Map(ids.map((id) => [id, false])), endpoint: undefined });
    }
  }

  counts(): DeviceCounts {
    const count = (read: (resource: Resource) => number): Record<string, number> =>
      Object.fromEntries([...this.#resources].map(([name, resource]) => [name, read(resource)]));
    return {
      capacity: count(({ devices }) => devices.size),
      allocatable: count(({ devices }) => [...devices.values()].filter(Boolean).length),
    };
  }

  /** A plugin tells where it listens; it takes the place of the one before it. */
  add(name: string, socket: string, options: PluginOptions | undefined): void {
    const endpoint = new DeviceEndpoint(socket, options, this.#clock);
    const before = this.#resources.get(name);
    before?.endpoint?.close();
    this.#resources.set(name, { devices: before?.devices ?? new Map(), endpoint });
    this.#logger.info({ resource: name, socket }, "registered a device plugin");
    endpoint
      .watch((devices) => this.#update(name, endpoint, devices))
      .catch((err: unknown) => this.#logger.warn({ err, resource: name }, "a device plugin ended its list of devices"))
      .finally(() => this.#lose(name, endpoint));
  }

  /** The plugin's socket is gone. */
  remove(name: string): void {
    const endpoint = this.#resources.get(name)?.endpoint;
    if (endpoint !== undefined) this.#lose(name, endpoint);
  }

  #update(name: string, endpoint: DeviceEndpoint, devices: ReadonlyMap<string, boolean>): void {
    const resource = this.#resources.get(name);
    if (resource === undefined || resource.endpoint !== endpoint) return;
    resource.devices = devices;
    this.#save(this.#entries);
    this.onChange();
  }

  #lose(name: string, endpoint: DeviceEndpoint): void {
    endpoint.close();
    const resource = this.#resources.get(name);
    if (resource?.endpoint !== endpoint) return;
    resource.endpoint = undefined;
    resource.devices = new Map([...resource.devices.keys()].map((id) => [id, false]));
    this.onChange();
  }

  async admit(pod: Pod, others: readonly Pod[]): Promise<Rejection | undefined> {
    const needs = deviceNeeds(pod, (resource) => this.#resources.has(resource));
    if (needs.length === 0) return undefined;
    const active = new Set(others.map(({ metadata }) => metadata.uid));
    let entries = this.#entries.filter(({ PodUID }) => active.has(PodUID));
    try {
      for (const need of needs) entries = [...entries, await this.#allocate(pod, need, entries)];
      this.#save(entries);
      return undefined;
    } catch (error) {
      const message = `Allocate failed due to ${messageOf(error)}, which is unexpected`;
      return { reason: "UnexpectedAdmissionError", message };
    }
  }

  async #allocate(pod: Pod, need: DeviceNeed, entries: readonly DeviceEntry[]): Promise<DeviceEntry> {
    const uid = pod.metadata.uid ?? "";
    const resource = this.#resources.get(need.resource);
    if (resource?.endpoint === undefined) {
      throw new Error(`cannot allocate unregistered device ${need.resource}`);
    }
    const ofResource = entries.filter(({ ResourceName }) => ResourceName === need.resource);
    const own = ofResource.filter(({ PodUID }) => PodUID === uid);
    const kept = new Set(own.filter(({ isPassing }) => !isPassing).flatMap(({ DeviceIDs }) => DeviceIDs));
    const passing = own.filter(({ isPassing }) => isPassing).flatMap(({ DeviceIDs }) => DeviceIDs);
    const reusable = new Set(passing.filter((id) => !kept.has(id)));
    const used = new Set(ofResource.flatMap(({ DeviceIDs }) => DeviceIDs));
    const healthy = new Set([...resource.devices].filter(([, isHealthy]) => isHealthy).map(([id]) => id));
    const offer = choices(need, healthy, used, reusable);
    const { endpoint } = resource;
    const preferred = await endpoint.preferred([...offer.mustHave, ...offer.available], offer.mustHave, need.count);
    const ids = chosen(need.count, offer, preferred);
    return {
      PodUID: uid,
      ContainerName: need.container,
      ResourceName: need.resource,
      DeviceIDs: ids,
      AllocResp: await endpoint.allocate(ids),
      isPassing: need.isPassing,
    };
  }

  #save(entries: readonly DeviceEntry[]): void {
    const registered = [...this.#resources].map(([name, { devices }]) => [name, [...devices.keys()]] as const);
    this.#checkpoint.write({ PodDeviceEntries: entries, RegisteredDevices: Object.fromEntries(registered) });
    this.#entries = entries;
  }

  /** What the container was given; asks the plugin to get the devices ready. Rejects when it cannot. */
  async prepare(podUid: string, container: string): Promise<DeviceGrant> {
    const own = this.#entries.filter(({ PodUID, ContainerName }) => PodUID === podUid && ContainerName === container);
    for (const { ResourceName, DeviceIDs } of own) {
      const endpoint = this.#resources.get(ResourceName)?.endpoint;
      // A plugin that is away for the moment has given its devices already.
      await endpoint?.preStart(DeviceIDs);
    }
    return joinGrants(own.map(({ AllocResp }) => AllocResp));
  }

  close(): void {
    for (const { endpoint } of this.#resources.values()) endpoint?.close();
  }
}
