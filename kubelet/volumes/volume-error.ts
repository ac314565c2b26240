/** Why a pod has no volumes, in the words of its events. Upstream: `operation_generator.go`, `volume_manager.go`. */

/** The operation that failed, when it is not the volume's set-up itself: `MountVolume.MountDevice`. */
export class VolumeStepError extends Error {
  override readonly name = "VolumeStepError";
  readonly step: string;

  constructor(step: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.step = step;
  }
}

/** The cluster has to do something first: bind the claim, attach the volume. Looked at again soon. */
export class VolumePendingError extends Error {
  override readonly name = "VolumePendingError";
}

/** The claim or what it leads to is not in order. */
export class VolumeSpecError extends Error {
  override readonly name = "VolumeSpecError";
}

/** Not all volumes of a pod could be made; its events were told already. */
export class VolumeError extends Error {
  override readonly name = "VolumeError";
  /** Nothing failed: the cluster is not there yet. */
  readonly isPending: boolean;

  constructor(message: string, isPending: boolean, cause?: unknown) {
    super(message, { cause });
    this.isPending = isPending;
  }
}
