/** Makes volumes as large as their claims ask (upstream: external-resizer with `RecoverVolumeExpansionFailure`). */
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimStatus,
} from "../../shared/api/generated/core/v1.ts";
import type { EventRecorder } from "../../shared/events/event-recorder.ts";
import { capacityOf, isFullyBound, requestOf } from "../../shared/machinery/claims.ts";
import { compareQuantities, value } from "../../shared/machinery/quantity.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import { persistentVolumeClaims, persistentVolumes } from "../../shared/resources/catalog.ts";
import { isHere } from "./deleter.ts";
import { quantityOf } from "./provision-plan.ts";
import { keepDoing, type SidecarContext } from "./sidecar.ts";

const RESIZING = ["Resizing", "FileSystemResizePending"];

export function wantsToGrow(claim: PersistentVolumeClaim): boolean {
  const { phase, capacity, allocatedResourceStatuses } = claim.status ?? {};
  if (!isFullyBound(claim) || phase !== "Bound" || claim.metadata.deletionTimestamp !== undefined) return false;
  // From here on it is the node's turn.
  if (allocatedResourceStatuses?.["storage"]?.startsWith("NodeResize") === true) return false;
  return compareQuantities(requestOf(claim), capacity?.["storage"] ?? "0") > 0;
}

/** The status while and after the driver works; `now` is the time of a condition that begins. */
export function resizingStatus(
  claim: PersistentVolumeClaim,
  step: "begun" | "nodeToDo" | "done",
  now: string,
  size = requestOf(claim),
): PersistentVolumeClaimStatus {
  const { allocatedResourceStatuses, conditions = [], ...status } = claim.status ?? {};
  const { storage: _state, ...states } = allocatedResourceStatuses ?? {};
  const others = conditions.filter(({ type }) => !RESIZING.includes(type));
  const condition = (type: string) => ({ type, status: "True", lastTransitionTime: now });
  const allocatedResources = { ...status.allocatedResources, storage: size };
  switch (step) {
    case "begun":
      return {
        ...status,
        allocatedResources,
        allocatedResourceStatuses: { ...states, storage: "ControllerResizeInProgress" },
        conditions: [...others, condition("Resizing")],
      };
    case "nodeToDo":
      return {
        ...status,
        allocatedResources,
        allocatedResourceStatuses: { ...states, storage: "NodeResizePending" },
        conditions: [...others, condition("FileSystemResizePending")],
      };
    case "done":
      return {
        ...status,
        allocatedResources,
        capacity: { ...status.capacity, storage: size },
        ...(Object.keys(states).length === 0 ? {} : { allocatedResourceStatuses: states }),
        ...(others.length === 0 ? {} : { conditions: others }),
      };
    default:
      return step satisfies never;
  }
}

export async function runResizer(context: SidecarContext, recorder: EventRecorder): Promise<void> {
  const { claims, volumes, driverName, nodeName } = context;
  const volumeOf = (claim: PersistentVolumeClaim): PersistentVolume | undefined => {
    const volume = volumes.lister.get(undefined, claim.spec.volumeName ?? "");
    const isOurs = volume?.spec.claimRef?.uid === claim.metadata.uid;
    return volume !== undefined && isOurs && isHere(volume, driverName, nodeName) ? volume : undefined;
  };
  await keepDoing(
    context,
    "resizing",
    claims,
    (claim) => wantsToGrow(claim) && volumeOf(claim) !== undefined,
    async (claim) => {
      const volume = volumeOf(claim);
      if (volume !== undefined) await resize(context, recorder, claim, volume);
    },
  );
}

async function resize(
  { client, clock, driver, driverName, signal }: SidecarContext,
  recorder: EventRecorder,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<void> {
  const { name } = volume.metadata;
  const now = rfc3339(clock.nowMs());
  const begun = await client.updateStatus(
    persistentVolumeClaims,
    { ...claim, status: resizingStatus(claim, "begun", now) },
    { signal },
  );
  recorder.event(claim, "Normal", "Resizing", `External resizer is resizing volume ${name}`);
  try {
    const capacityRange = { requiredBytes: value(requestOf(claim)), limitBytes: 0 };
    const volumeId = volume.spec.csi?.volumeHandle ?? "";
    const made = await driver.call("ControllerExpandVolume", { volumeId, capacityRange }, { signal });
    const size = quantityOf(made.capacityBytes);
    if (compareQuantities(capacityOf(volume), size) < 0) {
      const spec = { ...volume.spec, capacity: { ...volume.spec.capacity, storage: size } };
      await client.update(persistentVolumes, { ...volume, spec }, { signal });
    }
    const step = made.nodeExpansionRequired ? "nodeToDo" : "done";
    const status = resizingStatus(begun, step, now, size);
    await client.updateStatus(persistentVolumeClaims, { ...begun, status }, { signal });
    if (step === "done") recorder.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded");
    else recorder.event(claim, "Normal", "FileSystemResizeRequired", "Require file system resize of volume on node");
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err);
    const message = `resize volume ${JSON.stringify(name)} by resizer ${JSON.stringify(driverName)} failed: ${why}`;
    if (!signal.aborted) recorder.event(claim, "Warning", "VolumeResizeFailed", message);
    throw err;
  }
}
