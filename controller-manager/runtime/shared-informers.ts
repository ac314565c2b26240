/**
 * One informer per resource for all controllers of the process (client-go `SharedInformerFactory`), with the indexes
 * that controllers look things up by.
 */
import type { EndpointSlice } from "../../shared/api/generated/discovery/v1.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import type { VolumeAttachment } from "../../shared/api/generated/storage/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { createInformer } from "../../shared/informer/informer.ts";
import type { Informer } from "../../shared/informer/lister.ts";
import type { IndexFunction } from "../../shared/informer/store.ts";
import {
  BIND_COMPLETED,
  claimKeyOf,
  claimsOf,
  hasAnnotation,
  storageClassNameOf,
} from "../../shared/machinery/claims.ts";
import { controllerOf } from "../../shared/machinery/ownership.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { groupResourceOf, type KubeObject, type Resource } from "../../shared/resources/resource.ts";

/** Objects by the UID of their controller. */
export const BY_CONTROLLER = "controller";
/** Objects without a controller, by namespace. */
export const ORPHANS = "orphans";
/** Pods by the name of their node; empty for those not bound yet. */
export const BY_NODE = "node";
/** Pods and volumes by `namespace/name` of the claims that they use or have. */
export const BY_CLAIM = "claim";
/** Claims by the name of the volume that they name. */
export const BY_VOLUME = "volume";
/** Volumes that nobody has, by the name of their class. */
export const FREE_BY_CLASS = "free-by-class";
/** Claims that are not bound yet, by the name of their class. */
export const UNBOUND_BY_CLASS = "unbound-by-class";
/** Endpoint slices by `namespace/name` of their service. */
export const BY_SERVICE = "service";

const COMMON_INDEXES: Readonly<Record<string, IndexFunction<KubeObject>>> = {
  [BY_CONTROLLER]: (object) => {
    const controller = controllerOf(object);
    return controller === undefined ? [] : [controller.uid];
  },
  [ORPHANS]: (object) => (controllerOf(object) === undefined ? [object.metadata.namespace ?? ""] : []),
};

export const OWN_INDEXES: Readonly<Record<string, Readonly<Record<string, IndexFunction<KubeObject>>>>> = {
  pods: {
    [BY_NODE]: (pod) => [(pod as Pod).spec.nodeName ?? ""],
    [BY_CLAIM]: (pod) => claimsOf(pod as Pod).map(({ claimName }) => `${pod.metadata.namespace ?? ""}/${claimName}`),
  },
  persistentvolumes: {
    [BY_CLAIM]: (volume) => [claimKeyOf(volume as PersistentVolume)].filter((key) => key !== ""),
    [FREE_BY_CLASS]: (volume) => {
      const { metadata, spec } = volume as PersistentVolume;
      return spec.claimRef === undefined ? [storageClassNameOf({ metadata, spec })] : [];
    },
  },
  persistentvolumeclaims: {
    [BY_VOLUME]: (claim) => [(claim as PersistentVolumeClaim).spec.volumeName ?? ""].filter((name) => name !== ""),
    [UNBOUND_BY_CLASS]: (claim) =>
      hasAnnotation(claim, BIND_COMPLETED) ? [] : [storageClassNameOf(claim as PersistentVolumeClaim)],
  },
  "volumeattachments.storage.k8s.io": {
    [BY_NODE]: (attachment) => [(attachment as VolumeAttachment).spec.nodeName],
    [BY_VOLUME]: (attachment) => [(attachment as VolumeAttachment).spec.source.persistentVolumeName ?? ""],
  },
  "endpointslices.discovery.k8s.io": {
    [BY_SERVICE]: (object) => {
      const { metadata } = object as EndpointSlice;
      const service = metadata.labels?.["kubernetes.io/service-name"];
      return service === undefined ? [] : [`${metadata.namespace ?? ""}/${service}`];
    },
  },
};

export interface SharedInformers {
  /** The informer of that resource; it runs from the first call on. */
  of<T extends KubeObject>(resource: Resource<T>): Informer<T>;
  /** Resolves when all informers have ended. */
  done(): Promise<void>;
}

export function createSharedInformers(options: {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): SharedInformers {
  const informers = new Map<string, { informer: Informer<KubeObject>; running: Promise<void> }>();
  return {
    of<T extends KubeObject>(resource: Resource<T>): Informer<T> {
      const key = groupResourceOf(resource);
      const present = informers.get(key);
      // The token is the proof of the type: one resource, one object type.
      if (present !== undefined) return present.informer as unknown as Informer<T>;
      const indexes = { ...COMMON_INDEXES, ...OWN_INDEXES[key] };
      const informer = createInformer<T>({ ...options, resource, indexes });
      const running = informer.run(options.signal);
      informers.set(key, { informer: informer as unknown as Informer<KubeObject>, running });
      return informer;
    },
    async done() {
      await Promise.all([...informers.values()].map(({ running }) => running));
    },
  };
}
