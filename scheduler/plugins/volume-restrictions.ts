/** Claims that one pod may have (upstream: `plugins/volumerestrictions`). */
import type { PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import { definePlugin, type Plugin } from "../framework/plugin.ts";
import type { VolumeWorld } from "../framework/volume-world.ts";
import { podClaims } from "./pod-claims.ts";

const IN_USE = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";

const isForOnePod = ({ spec }: PersistentVolumeClaim): boolean =>
  spec.accessModes?.includes("ReadWriteOncePod") === true;

export const volumeRestrictions = (world: VolumeWorld): Plugin =>
  definePlugin<{ readonly holder: string }>({
    name: "VolumeRestrictions",
    wakesOn: ["AssignedPodDeleted", "PersistentVolumeClaimChanged"],
    prepare: (pod) => {
      const found = podClaims(pod, world);
      if (found === undefined || found.kind === "refused") return undefined;
      for (const claim of found.claims.filter(isForOnePod)) {
        const { namespace = "", name } = claim.metadata;
        const holder = world.placedPodsUsing(namespace, name).find(({ metadata }) => metadata.uid !== pod.metadata.uid);
        if (holder !== undefined) return { holder: holder.metadata.name };
      }
      return undefined;
    },
    filter: (_wanted, _nodes, candidates) => candidates.clear(),
    explain: ({ holder }) => ({ reasons: [IN_USE], isResolvable: true, numbers: { "used by": holder } }),
  });
