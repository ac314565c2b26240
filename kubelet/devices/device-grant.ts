/** What a container gets of its devices. */
import type { ContainerSpec, DeviceSpec, MountSpec } from "../runtime/runtime.ts";

export interface DeviceGrant {
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly MountSpec[];
  readonly devices: readonly DeviceSpec[];
  readonly annotations: Readonly<Record<string, string>>;
}

export function joinGrants(grants: readonly DeviceGrant[]): DeviceGrant {
  return {
    env: Object.assign({}, ...grants.map(({ env }) => env)) as Record<string, string>,
    mounts: grants.flatMap(({ mounts }) => mounts),
    devices: grants.flatMap(({ devices }) => devices),
    annotations: Object.assign({}, ...grants.map(({ annotations }) => annotations)) as Record<string, string>,
  };
}

/** The pod's own words win over the plugin's in environment and mounts. */
export function withGrant(spec: ContainerSpec, grant: DeviceGrant): ContainerSpec {
  const taken = new Set(spec.env.map(({ name }) => name));
  const paths = new Set(spec.mounts.map(({ containerPath }) => containerPath));
  const env = Object.entries(grant.env).flatMap(([name, value]) => (taken.has(name) ? [] : [{ name, value }]));
  return {
    ...spec,
    env: [...spec.env, ...env],
    mounts: [...spec.mounts, ...grant.mounts.filter(({ containerPath }) => !paths.has(containerPath))],
    devices: [...spec.devices, ...grant.devices],
    annotations: { ...grant.annotations, ...spec.annotations },
  };
}
