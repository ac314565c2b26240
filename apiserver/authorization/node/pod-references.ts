/**
 * The objects that a pod, or a persistent volume, lets its node read (upstream: `pkg/api/v1/pod/util.go`,
 * VisitPodSecretNames and VisitPodConfigmapNames; `pkg/api/v1/persistentvolume/util.go`). Pure.
 */
import type {
  Container,
  PersistentVolume,
  Pod,
  SecretReference,
  Volume,
} from "../../../shared/api/generated/core/v1.ts";

export const MIRROR_POD_ANNOTATION = "kubernetes.io/config.mirror";

/** Names of objects in the pod's namespace. */
export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  readonly resourceClaims: ReadonlySet<string>;
  readonly serviceAccount: string | undefined;
}

type Names = (string | undefined)[];

function named(names: Names): ReadonlySet<string> {
  return new Set(names.filter((name) => name !== undefined && name !== "") as string[]);
}

function containersOf({ spec }: Pod): Pick<Container, "env" | "envFrom">[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

function volumeSecrets(volume: Volume): Names {
  return [
    volume.azureFile?.secretName,
    volume.cephfs?.secretRef?.name,
    volume.cinder?.secretRef?.name,
    volume.csi?.nodePublishSecretRef?.name,
    volume.flexVolume?.secretRef?.name,
    volume.iscsi?.secretRef?.name,
    ...(volume.projected?.sources ?? []).map((source) => source.secret?.name),
    volume.rbd?.secretRef?.name,
    volume.scaleIO?.secretRef?.name,
    volume.secret?.secretName,
    volume.storageos?.secretRef?.name,
  ];
}

export function secretNames(pod: Pod): ReadonlySet<string> {
  return named([
    ...(pod.spec.imagePullSecrets ?? []).map((secret) => secret.name),
    ...containersOf(pod).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map((variable) => variable.valueFrom?.secretKeyRef?.name),
      ...envFrom.map((source) => source.secretRef?.name),
    ]),
    ...(pod.spec.volumes ?? []).flatMap(volumeSecrets),
  ]);
}

export function configMapNames(pod: Pod): ReadonlySet<string> {
  return named([
    ...containersOf(pod).flatMap(({ env = [], envFrom = [] }) => [
      ...env.map((variable) => variable.valueFrom?.configMapKeyRef?.name),
      ...envFrom.map((source) => source.configMapRef?.name),
    ]),
    ...(pod.spec.volumes ?? []).flatMap((volume) => [
      volume.configMap?.name,
      ...(volume.projected?.sources ?? []).map((source) => source.configMap?.name),
    ]),
  ]);
}

function claimNames({ metadata, spec }: Pod): ReadonlySet<string> {
  return named(
    (spec.volumes ?? []).map((volume) =>
      volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${metadata.name}-${volume.name}`,
    ),
  );
}

/** Claims that exist for sure: those of a template are named in the status once they were made. */
function resourceClaimNames({ spec, status }: Pod): ReadonlySet<string> {
  return named([
    ...(spec.resourceClaims ?? []).map((claim) => claim.resourceClaimName),
    ...(status?.resourceClaimStatuses ?? []).map((claim) => claim.resourceClaimName),
    status?.extendedResourceClaimStatus?.resourceClaimName,
  ]);
}

const NOTHING: ReadonlySet<string> = new Set();
const OF_MIRROR_POD: PodReferences = {
  secrets: NOTHING,
  configMaps: NOTHING,
  claims: NOTHING,
  resourceClaims: NOTHING,
  serviceAccount: undefined,
};

const known = new WeakMap<Pod, PodReferences>();

/** A node makes its mirror pods itself: what these name gives it no rights. */
export function podReferences(pod: Pod): PodReferences {
  if (pod.metadata.annotations?.[MIRROR_POD_ANNOTATION] !== undefined) return OF_MIRROR_POD;
  let references = known.get(pod);
  if (references === undefined) {
    references = {
      secrets: secretNames(pod),
      configMaps: configMapNames(pod),
      claims: claimNames(pod),
      resourceClaims: resourceClaimNames(pod),
      serviceAccount: pod.spec.serviceAccountName,
    };
    known.set(pod, references);
  }
  return references;
}

/** `namespace/name` of the secrets that a kubelet needs for mounting the volume. */
export function volumeSecretKeys({ spec }: PersistentVolume): string[] {
  const fallback = spec.claimRef?.namespace ?? "";
  const references: (SecretReference | undefined)[] = [
    { name: spec.azureFile?.secretName, namespace: spec.azureFile?.secretNamespace },
    spec.cephfs?.secretRef,
    spec.cinder?.secretRef,
    spec.csi?.nodeExpandSecretRef,
    spec.csi?.nodePublishSecretRef,
    spec.csi?.nodeStageSecretRef,
    spec.flexVolume?.secretRef,
    spec.iscsi?.secretRef,
    spec.rbd?.secretRef,
    spec.scaleIO?.secretRef,
    spec.storageos?.secretRef,
  ];
  return references.flatMap((reference) => {
    if (reference?.name === undefined || reference.name === "") return [];
    return [`${reference.namespace || fallback}/${reference.name}`];
  });
}
