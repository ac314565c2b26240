/** Keys of a Secret as files. Upstream: `pkg/volume/secret`. */
import type { ReferencedObjects } from "../containers/environment.ts";
import type { ConfigMapSource } from "./config-map.ts";
import { type Files, keyedFiles, payloadPlugin } from "./payload.ts";
import type { PayloadHost } from "./volume-host.ts";
import type { VolumePlugin } from "./volume-plugin.ts";

export async function secretFiles(
  namespace: string,
  source: ConfigMapSource,
  mode: number | undefined,
  objects: Pick<ReferencedObjects, "secret">,
): Promise<Files> {
  const name = source.name ?? "";
  const secret = await objects.secret(namespace, name);
  if (secret === undefined && source.optional !== true) throw new Error(`secret "${name}" not found`);
  return keyedFiles({ base64: secret?.data }, source, mode, (key) => `references non-existent secret key: ${key}`);
}

export function secretPlugin({ sources, memory }: PayloadHost): VolumePlugin {
  return payloadPlugin({
    name: "secret",
    memory,
    supports: ({ volume }) => volume.secret !== undefined,
    files: async (pod, { volume }) => {
      const source = volume.secret ?? {};
      const named = { ...source, name: source.secretName };
      return secretFiles(pod.metadata.namespace ?? "", named, source.defaultMode, sources);
    },
  });
}
