/** The content of an image: the runtime itself mounts it. Upstream: `pkg/volume/image`, KEP-4639. */
import type { VolumePlugin } from "./volume-plugin.ts";

export const imagePlugin: VolumePlugin = {
  name: "kubernetes.io/image",
  supports: ({ volume }) => volume.image !== undefined,
  setUp: async ({ spec }) => ({ hostPath: "", isReadOnly: true, image: spec.volume.image?.reference ?? "" }),
};
