/** What a pod may know of itself, as files. Upstream: `pkg/volume/downwardapi`. */
import type { DownwardAPIVolumeFile, Pod } from "../../shared/api/generated/core/v1.ts";
import { podFieldValue, resourceFieldValue } from "../containers/field-ref.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import { type Files, payloadPlugin, projectedFile } from "./payload.ts";
import type { PayloadHost, VolumeSources } from "./volume-host.ts";
import type { VolumePlugin } from "./volume-plugin.ts";

type NodeSources = Pick<VolumeSources, "addresses" | "allocatable">;

/** Throws all that is wrong at once. */
export function downwardFiles(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  mode: number | undefined,
  sources: NodeSources,
): Files {
  const files: Files = new Map();
  const errors: string[] = [];
  for (const item of items) {
    try {
      const bytes = Buffer.from(downwardText(pod, item, sources));
      files.set(item.path, projectedFile(bytes, { item: item.mode, volume: mode }));
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  if (errors.length > 1) throw new Error(`[${errors.join(", ")}]`);
  if (errors[0] !== undefined) throw new Error(errors[0]);
  return files;
}

function downwardText(pod: Pod, { fieldRef, resourceFieldRef }: DownwardAPIVolumeFile, sources: NodeSources): string {
  if (fieldRef !== undefined) return podFieldValue(pod, fieldRef.fieldPath, sources.addresses(pod));
  if (resourceFieldRef === undefined) return "";
  const { containerName = "" } = resourceFieldRef;
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const container = containers.find(({ name }) => name === containerName);
  if (container === undefined) throw new Error(`container ${containerName} not found`);
  return resourceFieldValue(resourceFieldRef, container, sources.allocatable());
}

export function downwardApiPlugin({ sources, memory }: PayloadHost): VolumePlugin {
  return payloadPlugin({
    name: "downward-api",
    memory,
    supports: ({ volume }) => volume.downwardAPI !== undefined,
    files: async (pod, { volume }) =>
      downwardFiles(pod, volume.downwardAPI?.items ?? [], volume.downwardAPI?.defaultMode, sources),
  });
}
