/**
 * Claims and volumes as the API has them, with what was decided for pods whose binding is under way laid over it
 * (upstream: the assume caches of `plugins/volumebinding`).
 *
 * Invariants:
 * V1 What was decided wins over what the API says until the API shows something newer than what it was decided from.
 * V2 A volume that was decided for one claim is free for no other, until its decision was taken back.
 */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass } from "../../shared/api/generated/storage/v1.ts";
import { createInformer } from "../../shared/informer/informer.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import {
  boundVolume,
  claimKeyOf,
  SELECTED_NODE,
  storageClassNameOf,
  withAnnotations,
} from "../../shared/machinery/claims.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import {
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from "../../shared/resources/catalog.ts";
import { type KubeObject, objectKey } from "../../shared/resources/resource.ts";
import type { VolumeDecision, VolumeWorld } from "../framework/volume-world.ts";
import type { ClusterSnapshot } from "./cluster-snapshot.ts";

const BY_CLAIM = "claim";
const FREE_BY_CLASS = "free-by-class";
const BY_CLASS = "class";

export interface VolumeInformers {
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly classes: Informer<StorageClass>;
  readonly nodes: Informer<CSINode>;
  readonly drivers: Informer<CSIDriver>;
  readonly capacities: Informer<CSIStorageCapacity>;
}

export function createVolumeInformers(options: {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}): VolumeInformers {
  const volumeIndexes = {
    [BY_CLAIM]: (volume: PersistentVolume) => [claimKeyOf(volume)],
    [FREE_BY_CLASS]: (volume: PersistentVolume) =>
      volume.spec.claimRef === undefined ? [storageClassNameOf(volume)] : [],
  };
  return {
    claims: createInformer({ ...options, resource: persistentVolumeClaims }),
    volumes: createInformer({ ...options, resource: persistentVolumes, indexes: volumeIndexes }),
    classes: createInformer({ ...options, resource: storageClasses }),
    nodes: createInformer({ ...options, resource: csiNodes }),
    drivers: createInformer({ ...options, resource: csiDrivers }),
    capacities: createInformer({
      ...options,
      resource: csiStorageCapacities,
      indexes: { [BY_CLASS]: (capacity: CSIStorageCapacity) => [capacity.storageClassName] },
    }),
  };
}

/** What is laid over the API's state for one pod, as it is to be written. */
export interface Reservation {
  readonly bindings: { readonly claim: PersistentVolumeClaim; volume: PersistentVolume }[];
  readonly provisions: PersistentVolumeClaim[];
}

/** Negative, zero or positive: revisions are whole numbers of any length. */
export function compareRevisions(left = "", right = ""): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** V1 */
class Overlay<T extends KubeObject> {
  readonly #decided = new Map<string, T>();

  see(key: string, known: T | undefined): T | undefined {
    const decided = this.#decided.get(key);
    if (decided === undefined || known === undefined) return known;
    if (compareRevisions(known.metadata.resourceVersion, decided.metadata.resourceVersion) <= 0) return decided;
    this.#decided.delete(key);
    return known;
  }

  decide(object: T): void {
    this.#decided.set(objectKey(object), object);
  }

  /** Only what was decided by this very object. */
  revert(object: T): void {
    if (this.#decided.get(objectKey(object)) === object) this.#decided.delete(objectKey(object));
  }
}

export class VolumeSnapshot implements VolumeWorld {
  readonly #informers: VolumeInformers;
  readonly #pods: ClusterSnapshot;
  readonly #volumes = new Overlay<PersistentVolume>();
  readonly #claims = new Overlay<PersistentVolumeClaim>();
  #change = Promise.withResolvers<void>();

  constructor(informers: VolumeInformers, pods: ClusterSnapshot) {
    this.#informers = informers;
    this.#pods = pods;
  }

  claim(namespace: string, name: string): PersistentVolumeClaim | undefined {
    return this.#claims.see(`${namespace}/${name}`, this.#informers.claims.lister.get(namespace, name));
  }

  volume(name: string): PersistentVolume | undefined {
    return this.#volumes.see(name, this.#informers.volumes.lister.get(undefined, name));
  }

  /** V2 */
  volumesFor(claim: PersistentVolumeClaim): readonly PersistentVolume[] {
    const { lister } = this.#informers.volumes;
    const named = lister.byIndex(BY_CLAIM, objectKey(claim));
    const free = lister.byIndex(FREE_BY_CLASS, storageClassNameOf(claim));
    return [...named, ...free].flatMap((volume) => this.#volumes.see(volume.metadata.name, volume) ?? []);
  }

  storageClass(name: string): StorageClass | undefined {
    return this.#informers.classes.lister.get(undefined, name);
  }

  csiNode(name: string): CSINode | undefined {
    return this.#informers.nodes.lister.get(undefined, name);
  }

  csiDriver(name: string): CSIDriver | undefined {
    return this.#informers.drivers.lister.get(undefined, name);
  }

  capacitiesOf(storageClassName: string): readonly CSIStorageCapacity[] {
    return this.#informers.capacities.lister.byIndex(BY_CLASS, storageClassName);
  }

  placedPodsUsing(namespace: string, claimName: string): readonly Pod[] {
    return this.#pods.podsUsing(`${namespace}/${claimName}`);
  }

  placedPodsOn(nodeName: string): readonly Pod[] {
    return this.#pods.podsOn(nodeName);
  }

  /** The API's own word, nothing laid over it. */
  storedClaim({ metadata }: PersistentVolumeClaim): PersistentVolumeClaim | undefined {
    return this.#informers.claims.lister.get(metadata.namespace, metadata.name);
  }

  storedVolume(name: string): PersistentVolume | undefined {
    return this.#informers.volumes.lister.get(undefined, name);
  }

  /** Speaks for what was decided. */
  assume({ bindings, provisions }: VolumeDecision, nodeName: string): Reservation {
    const reservation = {
      bindings: bindings.map(({ claim, volume }) => ({ claim, volume: boundVolume(volume, claim) ?? volume })),
      provisions: provisions.map((claim) => withAnnotations(claim, { [SELECTED_NODE]: nodeName })),
    };
    this.keep(reservation);
    return reservation;
  }

  /** The reservation changed: what it holds was written. */
  keep({ bindings, provisions }: Reservation): void {
    for (const { volume } of bindings) this.#volumes.decide(volume);
    for (const claim of provisions) this.#claims.decide(claim);
  }

  revert({ bindings, provisions }: Reservation): void {
    for (const { volume } of bindings) this.#volumes.revert(volume);
    for (const claim of provisions) this.#claims.revert(claim);
  }

  /** Resolves with the next news about claims or volumes. */
  nextChange(): Promise<void> {
    return this.#change.promise;
  }

  noteChange(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}
