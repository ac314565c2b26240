/**
 * Has the volumes of a pod bound, or made, before the pod is bound (upstream: `BindPodVolumes` of
 * `plugins/volumebinding/binder.go`): writes our half, and waits for the controllers to do theirs.
 */
import type { PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { isFullyBound, SELECTED_NODE } from "../../shared/machinery/claims.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { persistentVolumeClaims, persistentVolumes } from "../../shared/resources/catalog.ts";
import { compareRevisions, type Reservation, type VolumeSnapshot } from "../snapshot/volume-snapshot.ts";

export interface BindVolumesOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly volumes: VolumeSnapshot;
  /** The pod is not there any more. */
  isGone(): boolean;
  readonly signal: AbortSignal;
}

/** Upstream: `bindTimeoutSeconds` of the plugin's arguments. */
const TIMEOUT_MS = 600_000;
/** How often to look whether the pod is still there. */
const LOOK_MS = 1000;

/** Rejects when the pod must be tried again; its volumes may then be bound all the same. */
export async function bindVolumes(
  options: BindVolumesOptions,
  reservation: Reservation,
  nodeName: string,
): Promise<void> {
  const { clock, volumes, signal, isGone } = options;
  await write(options, reservation);
  const untilMs = clock.monotonicMs() + TIMEOUT_MS;
  for (;;) {
    const change = volumes.nextChange();
    if (areBound(volumes, reservation, nodeName)) return;
    signal.throwIfAborted();
    if (isGone()) throw new Error("pod does not exist any more");
    const leftMs = untilMs - clock.monotonicMs();
    if (leftMs <= 0) throw new Error("context deadline exceeded");
    const waited = new AbortController();
    await Promise.race([change, clock.sleep(Math.min(LOOK_MS, leftMs), waited.signal)]);
    waited.abort();
  }
}

async function write({ client, volumes, signal }: BindVolumesOptions, reservation: Reservation): Promise<void> {
  for (const binding of reservation.bindings) {
    const stored = volumes.storedVolume(binding.volume.metadata.name);
    if (stored?.spec.claimRef?.uid === binding.claim.metadata.uid) continue;
    binding.volume = await client.update(persistentVolumes, binding.volume, { signal });
    volumes.keep(reservation);
  }
  for (const [index, claim] of reservation.provisions.entries()) {
    const stored = volumes.storedClaim(claim);
    if (stored?.metadata.annotations?.[SELECTED_NODE] === claim.metadata.annotations?.[SELECTED_NODE]) continue;
    reservation.provisions[index] = await client.update(persistentVolumeClaims, claim, { signal });
    volumes.keep(reservation);
  }
}

/** True when all is bound; throws when it will not be. */
function areBound(volumes: VolumeSnapshot, { bindings, provisions }: Reservation, nodeName: string): boolean {
  const states = [
    ...bindings.map(({ claim, volume }) => {
      const stored = volumes.storedVolume(volume.metadata.name);
      if (stored === undefined)
        throw new Error(`failed to check binding: pv ${JSON.stringify(volume.metadata.name)} not found`);
      if (compareRevisions(stored.metadata.resourceVersion, volume.metadata.resourceVersion) < 0) return false;
      if ((stored.spec.claimRef?.uid ?? "") === "") {
        throw new Error(`ClaimRef got reset for pv ${JSON.stringify(stored.metadata.name)}`);
      }
      return isFullyBound(storedClaim(volumes, claim));
    }),
    ...provisions.map((claim) => {
      const stored = storedClaim(volumes, claim);
      if (compareRevisions(stored.metadata.resourceVersion, claim.metadata.resourceVersion) < 0) return false;
      if (stored.metadata.annotations?.[SELECTED_NODE] !== nodeName) {
        throw new Error(`provisioning failed for PVC ${JSON.stringify(claim.metadata.name)}`);
      }
      return isFullyBound(stored);
    }),
  ];
  return states.every(Boolean);
}

function storedClaim(volumes: VolumeSnapshot, claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const stored = volumes.storedClaim(claim);
  if (stored === undefined || stored.metadata.uid !== claim.metadata.uid) {
    throw new Error(`failed to check binding: persistentvolumeclaim ${JSON.stringify(claim.metadata.name)} not found`);
  }
  return stored;
}
