/**
 * What is known of services and their endpoint slices, and which services changed since the last look.
 *
 * Invariants:
 * T1 A service whose objects did not change keeps its very `ServicePort[]`, so that its rules need not be made again.
 * T2 What was taken as changed is given back when it could not be written (`markChanged`).
 */
import type { Service } from "../../shared/api/generated/core/v1.ts";
import type { EndpointSlice } from "../../shared/api/generated/discovery/v1.ts";
import { type ServicePort, servicePortsOf } from "./service-port.ts";

const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

/** `namespace/name` of the service that a slice belongs to; undefined for a slice of none. */
export function serviceKeyOf(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined || name === "" ? undefined : `${slice.metadata.namespace ?? ""}/${name}`;
}

const keyOf = (object: Service | EndpointSlice): string => `${object.metadata.namespace ?? ""}/${object.metadata.name}`;

export class ServiceTracker {
  readonly #nodeName: string;
  readonly #services = new Map<string, Service>();
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  readonly #ports = new Map<string, readonly ServicePort[]>();
  readonly #changed = new Set<string>();

  constructor(nodeName: string) {
    this.#nodeName = nodeName;
  }

  putService(service: Service): void {
    this.#services.set(keyOf(service), service);
    this.#changed.add(keyOf(service));
  }

  removeService(service: Service): void {
    this.#services.delete(keyOf(service));
    this.#changed.add(keyOf(service));
  }

  putSlice(slice: EndpointSlice): void {
    const owner = serviceKeyOf(slice);
    if (owner === undefined) return;
    const slices = this.#slices.get(owner) ?? new Map<string, EndpointSlice>();
    this.#slices.set(owner, slices.set(slice.metadata.name, slice));
    this.#changed.add(owner);
  }

  removeSlice(slice: EndpointSlice): void {
    const owner = serviceKeyOf(slice);
    if (owner === undefined) return;
    const slices = this.#slices.get(owner);
    slices?.delete(slice.metadata.name);
    if (slices?.size === 0) this.#slices.delete(owner);
    this.#changed.add(owner);
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0;
  }

  /** Brings the ports of changed services up to date and names these services; afterwards nothing is changed. */
  takeChanges(): ReadonlySet<string> {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const key of changed) {
      const service = this.#services.get(key);
      const slices = [...(this.#slices.get(key)?.values() ?? [])];
      if (service === undefined) this.#ports.delete(key);
      else this.#ports.set(key, servicePortsOf(service, slices, this.#nodeName));
    }
    return changed;
  }

  markChanged(keys: Iterable<string>): void {
    for (const key of keys) this.#changed.add(key);
  }

  /** Ports per service, as of the last `takeChanges`. */
  get ports(): ReadonlyMap<string, readonly ServicePort[]> {
    return this.#ports;
  }
}
