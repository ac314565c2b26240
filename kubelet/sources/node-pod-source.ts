/** All pods of this node: those of the API, and those of a folder with their mirror pods. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { MirrorPods } from "./mirror-pods.ts";
import type { PodSource } from "./pod-source.ts";
import { isMirrorPod } from "./static-pod.ts";

/** `files` is left out when no folder is configured; mirror pods that are left from before are cleared away then too. */
export function nodePodSource(api: PodSource, files: PodSource | undefined, mirrors: MirrorPods): PodSource {
  return {
    run: async (handlers, onReady, signal) => {
      let waiting = files === undefined ? 1 : 2;
      const ready = (): void => {
        waiting--;
        if (waiting > 0) return;
        mirrors.markReady();
        onReady();
      };
      const ofApi = {
        onChange: (pod: Pod): void => (isMirrorPod(pod) ? mirrors.setMirror(pod) : handlers.onChange(pod)),
        onRemove: (pod: Pod): void => (isMirrorPod(pod) ? mirrors.removeMirror(pod) : handlers.onRemove(pod)),
      };
      const ofFiles = {
        onChange: (pod: Pod): void => {
          handlers.onChange(pod);
          mirrors.setStatic(pod);
        },
        onRemove: (pod: Pod): void => {
          mirrors.removeStatic(pod);
          handlers.onRemove(pod);
        },
      };
      await Promise.all([api.run(ofApi, ready, signal), files?.run(ofFiles, ready, signal)]);
    },
  };
}
