/** Keys of a ConfigMap as files. Upstream: `pkg/volume/configmap`. */
import type { ReferencedObjects } from "../containers/environment.ts";
import { type Files, type KeyedSource, keyedFiles, payloadPlugin } from "./payload.ts";
import type { VolumeHost } from "./volume-host.ts";
import type { VolumePlugin } from "./volume-plugin.ts";

export interface ConfigMapSource extends KeyedSource {
  readonly name?: string | undefined;
}

export async function configMapFiles(
  namespace: string,
  source: ConfigMapSource,
  mode: number | undefined,
  objects: Pick<ReferencedObjects, "configMap">,
): Promise<Files> {
  const name = source.name ?? "";
  const map = await objects.configMap(namespace, name);
  if (map === undefined && source.optional !== true) throw new Error(`configmap "${name}" not found`);
  const data = { text: map?.data, base64: map?.binaryData };
  return keyedFiles(data, source, mode, (key) => `configmap references non-existent config key: ${key}`);
}

export function configMapPlugin({ sources }: Pick<VolumeHost, "sources">): VolumePlugin {
  return payloadPlugin({
    name: "configmap",
    supports: ({ volume }) => volume.configMap !== undefined,
    files: async (pod, { volume }) => {
      const source = volume.configMap ?? {};
      return configMapFiles(pod.metadata.namespace ?? "", source, source.defaultMode, sources);
    },
  });
}
