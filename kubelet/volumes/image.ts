/** The content of an image as a volume: the runtime itself mounts it. Upstream: `pkg/volume/image`, KEP-4639. */
import type { Container } from "../../shared/api/generated/core/v1.ts";
import type { ImageContent, MountedVolumes, VolumePlugin } from "./volume-plugin.ts";

export const imagePlugin: VolumePlugin = {
  name: "kubernetes.io/image",
  supports: ({ volume }) => volume.image !== undefined,
  setUp: async ({ spec }) => {
    const { reference = "", pullPolicy } = spec.volume.image ?? {};
    return { hostPath: "", isReadOnly: true, image: { reference, pullPolicy } };
  },
};

/** The images that a container mounts, each pulled and under the name that the runtime knows it by. */
export async function pulledImages(
  { volumeMounts = [] }: Pick<Container, "volumeMounts">,
  volumes: MountedVolumes,
  pull: (image: ImageContent) => Promise<string>,
): Promise<MountedVolumes> {
  const pulled = new Map(volumes);
  for (const name of new Set(volumeMounts.map((mount) => mount.name))) {
    const volume = volumes.get(name);
    if (volume?.image === undefined) continue;
    pulled.set(name, { ...volume, image: { ...volume.image, reference: await pull(volume.image) } });
  }
  return pulled;
}
