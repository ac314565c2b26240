/** Which plugins place a pod, in the order in which they filter, with upstream's default weights of their scores. */
import type { Profile } from "./framework/plugin.ts";
import { NO_VOLUMES, type VolumeWorld } from "./framework/volume-world.ts";
import { nodeAffinity } from "./plugins/node-affinity.ts";
import { nodeName } from "./plugins/node-name.ts";
import { nodePorts } from "./plugins/node-ports.ts";
import { nodeResourcesBalancedAllocation } from "./plugins/node-resources-balanced-allocation.ts";
import { nodeResourcesFit } from "./plugins/node-resources-fit.ts";
import { nodeUnschedulable } from "./plugins/node-unschedulable.ts";
import { nodeVolumeLimits } from "./plugins/node-volume-limits.ts";
import { taintToleration } from "./plugins/taint-toleration.ts";
import { volumeBinding } from "./plugins/volume-binding.ts";
import { volumeRestrictions } from "./plugins/volume-restrictions.ts";
import { volumeZone } from "./plugins/volume-zone.ts";

export const profileWith = (volumes: VolumeWorld): Profile => ({
  plugins: [
    { plugin: nodeUnschedulable, weight: 0 },
    { plugin: nodeName, weight: 0 },
    { plugin: taintToleration, weight: 3 },
    { plugin: nodeAffinity, weight: 2 },
    { plugin: nodePorts, weight: 0 },
    { plugin: nodeResourcesFit, weight: 1 },
    { plugin: volumeRestrictions(volumes), weight: 0 },
    { plugin: nodeVolumeLimits(volumes), weight: 0 },
    { plugin: volumeBinding(volumes), weight: 0 },
    { plugin: volumeZone(volumes), weight: 0 },
    { plugin: nodeResourcesBalancedAllocation, weight: 1 },
  ],
});

/** For a cluster without volumes. */
export const defaultProfile: Profile = profileWith(NO_VOLUMES);
