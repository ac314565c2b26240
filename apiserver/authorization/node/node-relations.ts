/**
 * What belongs to a node (upstream: `plugin/pkg/auth/authorizer/node/graph.go`). Upstream keeps a graph of all pods
 * and walks it; here the cache's index leads from the node to its pods, and what a pod refers to is worked out once
 * per pod object. So nothing has to be kept up to date but the few persistent volumes with secrets.
 */
import type { PersistentVolume } from "../../../shared/api/generated/core/v1.ts";
import { persistentVolumes, pods, resourceSlices, volumeAttachments } from "../../../shared/resources/catalog.ts";
import type { ObjectReader } from "../../watch-cache/object-reader.ts";
import { type PodReferences, podReferences, volumeSecretKeys } from "./pod-references.ts";

export type NodeObjectKind =
  | "secret"
  | "configMap"
  | "claim"
  | "volume"
  | "resourceClaim"
  | "serviceAccount"
  | "volumeAttachment"
  | "resourceSlice"
  | "pod";

export interface NodeRelations {
  /** Whether that object has to do with the node: it runs there, or a pod that runs there needs it. */
  isRelated(node: string, kind: NodeObjectKind, namespace: string, name: string): boolean;
}

export function createNodeRelations(reader: ObjectReader): NodeRelations {
  let volumesBySecret: Map<string, PersistentVolume[]> | undefined;
  reader.onChange(persistentVolumes, () => {
    volumesBySecret = undefined;
  });

  const volumesWith = (secretKey: string): readonly PersistentVolume[] => {
    volumesBySecret ??= indexBySecret(reader.list(persistentVolumes));
    return volumesBySecret.get(secretKey) ?? [];
  };
  const anyPod = (node: string, namespace: string, needs: (references: PodReferences) => boolean): boolean =>
    reader.podsOnNode(node, namespace).some((pod) => needs(podReferences(pod)));
  const hasVolume = (node: string, volume: PersistentVolume | undefined): boolean => {
    const claim = volume?.spec?.claimRef;
    return claim !== undefined && hasClaim(node, claim.namespace ?? "", claim.name ?? "");
  };
  const hasClaim = (node: string, namespace: string, name: string): boolean =>
    anyPod(node, namespace, ({ claims }) => claims.has(name));

  const relations: Record<NodeObjectKind, (node: string, namespace: string, name: string) => boolean> = {
    secret: (node, namespace, name) =>
      anyPod(node, namespace, ({ secrets }) => secrets.has(name)) ||
      volumesWith(`${namespace}/${name}`).some((volume) => hasVolume(node, volume)),
    configMap: (node, namespace, name) => anyPod(node, namespace, ({ configMaps }) => configMaps.has(name)),
    claim: hasClaim,
    volume: (node, _namespace, name) => hasVolume(node, reader.get(persistentVolumes, undefined, name)),
    resourceClaim: (node, namespace, name) => anyPod(node, namespace, ({ resourceClaims }) => resourceClaims.has(name)),
    serviceAccount: (node, namespace, name) => anyPod(node, namespace, ({ serviceAccount }) => serviceAccount === name),
    volumeAttachment: (node, _namespace, name) =>
      reader.get(volumeAttachments, undefined, name)?.spec.nodeName === node,
    resourceSlice: (node, _namespace, name) => reader.get(resourceSlices, undefined, name)?.spec.nodeName === node,
    pod: (node, namespace, name) => reader.get(pods, namespace, name)?.spec.nodeName === node,
  };
  return { isRelated: (node, kind, namespace, name) => relations[kind](node, namespace, name) };
}

function indexBySecret(volumes: readonly PersistentVolume[]): Map<string, PersistentVolume[]> {
  const index = new Map<string, PersistentVolume[]>();
  for (const volume of volumes) {
    for (const key of volumeSecretKeys(volume)) index.set(key, [...(index.get(key) ?? []), volume]);
  }
  return index;
}
