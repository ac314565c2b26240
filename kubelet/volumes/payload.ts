/**
 * Volumes that are files of the API: a set of files, written so that a reader never sees half of a change. One plugin
 * for each of configMap, secret, downwardAPI and projected is made of where its files come from.
 */
import type { KeyToPath, Pod } from "../../shared/api/generated/core/v1.ts";
import { type Payload, type ProjectedFile, writeAtomically } from "./atomic-writer.ts";
import type { MemoryFolder } from "./memory-folder.ts";
import type { VolumePlugin } from "./volume-plugin.ts";
import type { VolumeSpec } from "./volume-spec.ts";

export type Files = Map<string, ProjectedFile>;

const DEFAULT_MODE = 0o644;

export interface FileModes {
  readonly item?: number | undefined;
  readonly volume?: number | undefined;
}

export function projectedFile(bytes: Buffer, { item, volume }: FileModes): ProjectedFile {
  return { bytes, mode: item ?? volume ?? DEFAULT_MODE };
}

export interface PayloadVolume {
  /** For example `configmap`. */
  readonly name: string;
  supports(spec: VolumeSpec): boolean;
  files(pod: Pod, spec: VolumeSpec): Promise<Files>;
  /** Nothing of it may reach a disk; left out for what is not secret. */
  readonly memory?: Pick<MemoryFolder, "place"> | undefined;
}

export function payloadPlugin({ name, supports, files, memory }: PayloadVolume): VolumePlugin {
  return {
    name: `kubernetes.io/${name}`,
    isRefreshed: true,
    supports,
    setUp: async ({ pod, spec, directory }) => {
      const group = pod.spec.securityContext?.fsGroup;
      const payload = withGroup(await files(pod, spec), group);
      const place = (await memory?.place(pod.metadata.uid ?? "", directory)) ?? directory;
      await writeAtomically(place, payload, group);
      return { hostPath: place, isReadOnly: true };
    },
  };
}

/** fsGroup may read everything. */
function withGroup(files: Files, group: number | undefined): Payload {
  if (group === undefined) return files;
  return new Map([...files].map(([path, file]) => [path, { ...file, mode: file.mode | 0o440, gid: group }]));
}

export interface KeyedData {
  readonly text?: Readonly<Record<string, string>> | undefined;
  readonly base64?: Readonly<Record<string, string>> | undefined;
}

export interface KeyedSource {
  readonly items?: readonly KeyToPath[] | undefined;
  readonly optional?: boolean | undefined;
}

/** All keys under their own names, or the ones that are named. Throws for a key that is missing and not optional. */
export function keyedFiles(
  { text = {}, base64 = {} }: KeyedData,
  source: KeyedSource,
  mode: number | undefined,
  missing: (key: string) => string,
): Files {
  const items = source.items ?? [];
  const all = [...Object.keys(text), ...Object.keys(base64)].map((key): KeyToPath => ({ key, path: key }));
  const files: Files = new Map();
  for (const item of items.length > 0 ? items : all) {
    const bytes = bytesOf(text[item.key], base64[item.key]);
    if (bytes !== undefined) files.set(item.path, projectedFile(bytes, { item: item.mode, volume: mode }));
    else if (source.optional !== true) throw new Error(missing(item.key));
  }
  return files;
}

function bytesOf(plain: string | undefined, encoded: string | undefined): Buffer | undefined {
  if (plain !== undefined) return Buffer.from(plain);
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64");
}
