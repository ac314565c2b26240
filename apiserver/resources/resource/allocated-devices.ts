import type { ResourceClaim } from "../../../shared/api/generated/resource/v1.ts";

/** What tells one allocated device from the others, as upstream prints it. */
export function deviceId(device: {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
  readonly shareID?: string | undefined;
}): string {
  const id = `${device.driver}/${device.pool}/${device.device}`;
  return device.shareID === undefined ? id : `${id}/${device.shareID}`;
}

export function allocatedDevices({ status }: ResourceClaim): ReadonlySet<string> {
  return new Set((status?.allocation?.devices?.results ?? []).map(deviceId));
}

/** Takes out the status of devices that are given back by this update, in place. */
export function dropFreedDevices(next: ResourceClaim, previous: ResourceClaim): void {
  const kept = allocatedDevices(next);
  const freed = new Set([...allocatedDevices(previous)].filter((id) => !kept.has(id)));
  if (next.status?.devices === undefined || freed.size === 0) return;
  const devices = next.status.devices.filter((device) => !freed.has(deviceId(device)));
  next.status.devices = devices.length === 0 ? undefined : devices;
}
