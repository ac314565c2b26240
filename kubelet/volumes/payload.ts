/** Files of configMap, secret, downwardAPI and projected volumes, from the objects they refer to. */
import type {
  ConfigMapVolumeSource,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  SecretVolumeSource,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from "../../shared/api/generated/core/v1.ts";
import type { ReferencedObjects } from "../containers/environment.ts";
import { type PodAddresses, podFieldValue, resourceFieldValue } from "../containers/field-ref.ts";
import type { Payload, ProjectedFile } from "./atomic-writer.ts";

export interface PayloadSources extends ReferencedObjects {
  /** A token of the pod's service account, bound to the pod. */
  token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>;
  /** The pod is over: drops its tokens. */
  forget(podUid: string): void;
  addresses(pod: Pod): PodAddresses;
  allocatable(): Readonly<Record<string, string>>;
}

type KeyedData = {
  readonly text?: Readonly<Record<string, string>> | undefined;
  readonly base64?: Readonly<Record<string, string>> | undefined;
};

const DEFAULT_MODE = 0o644;

/** Undefined for volumes that are not made of files of the API. */
export async function volumePayload(pod: Pod, volume: Volume, sources: PayloadSources): Promise<Payload | undefined> {
  if (volume.configMap !== undefined)
    return withGroup(pod, await configMapFiles(pod, volume.configMap, sources, volume.configMap.defaultMode));
  if (volume.secret !== undefined) {
    const source = { ...volume.secret, name: volume.secret.secretName };
    return withGroup(pod, await secretFiles(pod, source, sources, volume.secret.defaultMode));
  }
  if (volume.downwardAPI !== undefined) {
    return withGroup(pod, downwardFiles(pod, volume.downwardAPI.items ?? [], sources, volume.downwardAPI.defaultMode));
  }
  if (volume.projected === undefined) return undefined;
  const files = new Map<string, ProjectedFile>();
  for (const projection of volume.projected.sources ?? []) {
    for (const [path, file] of await projectedFiles(pod, projection, sources, volume.projected.defaultMode))
      files.set(path, file);
  }
  return withGroup(pod, files);
}

async function projectedFiles(
  pod: Pod,
  projection: VolumeProjection,
  sources: PayloadSources,
  mode: number | undefined,
): Promise<Map<string, ProjectedFile>> {
  if (projection.configMap !== undefined) return configMapFiles(pod, projection.configMap, sources, mode);
  if (projection.secret !== undefined) return secretFiles(pod, projection.secret, sources, mode);
  if (projection.downwardAPI !== undefined)
    return downwardFiles(pod, projection.downwardAPI.items ?? [], sources, mode);
  if (projection.serviceAccountToken !== undefined) {
    const token = await sources.token(pod, projection.serviceAccountToken);
    return new Map([[projection.serviceAccountToken.path, tokenFile(pod, token, mode)]]);
  }
  return new Map();
}

/** Only who runs in the pod may read the token, as far as one user or group can say that. */
function tokenFile(pod: Pod, token: string, mode: number | undefined): ProjectedFile {
  const bytes = Buffer.from(token);
  if (pod.spec.securityContext?.fsGroup !== undefined) return { bytes, mode: 0o600 };
  const users = new Set(
    [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(
      ({ securityContext }) => securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser,
    ),
  );
  const [user] = users;
  if (users.size === 1 && user !== undefined) return { bytes, mode: 0o600, uid: user };
  return { bytes, mode: mode ?? DEFAULT_MODE };
}

async function configMapFiles(
  pod: Pod,
  source: Pick<ConfigMapVolumeSource, "name" | "items" | "optional">,
  sources: PayloadSources,
  mode: number | undefined,
): Promise<Map<string, ProjectedFile>> {
  const name = source.name ?? "";
  const map = await sources.configMap(pod.metadata.namespace ?? "", name);
  if (map === undefined && source.optional !== true) throw new Error(`configmap "${name}" not found`);
  const data = { text: map?.data, base64: map?.binaryData };
  return keyedFiles(data, source, mode, (key) => `configmap references non-existent config key: ${key}`);
}

async function secretFiles(
  pod: Pod,
  source: Pick<SecretVolumeSource, "items" | "optional"> & { readonly name?: string | undefined },
  sources: PayloadSources,
  mode: number | undefined,
): Promise<Map<string, ProjectedFile>> {
  const name = source.name ?? "";
  const secret = await sources.secret(pod.metadata.namespace ?? "", name);
  if (secret === undefined && source.optional !== true) throw new Error(`secret "${name}" not found`);
  return keyedFiles({ base64: secret?.data }, source, mode, (key) => `references non-existent secret key: ${key}`);
}

function keyedFiles(
  { text = {}, base64 = {} }: KeyedData,
  source: { readonly items?: KeyToPath[] | undefined; readonly optional?: boolean | undefined },
  mode: number | undefined,
  missing: (key: string) => string,
): Map<string, ProjectedFile> {
  const bytesOf = (key: string): Buffer | undefined => {
    const plain = text[key];
    const encoded = base64[key];
    if (plain !== undefined) return Buffer.from(plain);
    return encoded === undefined ? undefined : Buffer.from(encoded, "base64");
  };
  const items = source.items ?? [];
  const wanted: readonly KeyToPath[] =
    items.length > 0 ? items : [...Object.keys(text), ...Object.keys(base64)].map((key) => ({ key, path: key }));
  const files = new Map<string, ProjectedFile>();
  for (const item of wanted) {
    const bytes = bytesOf(item.key);
    if (bytes === undefined && source.optional === true) continue;
    if (bytes === undefined) throw new Error(missing(item.key));
    files.set(item.path, { bytes, mode: item.mode ?? mode ?? DEFAULT_MODE });
  }
  return files;
}

function downwardFiles(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  sources: PayloadSources,
  mode: number | undefined,
): Map<string, ProjectedFile> {
  const files = new Map<string, ProjectedFile>();
  for (const item of items) {
    files.set(item.path, {
      bytes: Buffer.from(downwardText(pod, item, sources)),
      mode: item.mode ?? mode ?? DEFAULT_MODE,
    });
  }
  return files;
}

function downwardText(
  pod: Pod,
  { fieldRef, resourceFieldRef }: DownwardAPIVolumeFile,
  sources: PayloadSources,
): string {
  if (fieldRef !== undefined) return podFieldValue(pod, fieldRef.fieldPath, sources.addresses(pod));
  if (resourceFieldRef === undefined) return "";
  const { containerName } = resourceFieldRef;
  const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
    ({ name }) => name === containerName,
  );
  if (container === undefined) throw new Error(`container ${containerName ?? ""} not found`);
  return resourceFieldValue(resourceFieldRef, container, sources.allocatable());
}

/** fsGroup may read everything. */
function withGroup(pod: Pod, files: Map<string, ProjectedFile>): Payload {
  const group = pod.spec.securityContext?.fsGroup;
  if (group === undefined) return files;
  return new Map([...files].map(([path, file]) => [path, { ...file, mode: file.mode | 0o440, gid: group }]));
}
