/** Rules of `volumeMounts` and `volumeDevices`: what they name is there, and no path is used twice. */
import type { Volume, VolumeDevice, VolumeMount } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addOptionalChoiceErrors, isGiven } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notFoundValue, notSupported } from "../../validation/field-errors.ts";
import { addDescendingPathErrors, hasBackstep } from "./local-path.ts";

type Volumes = ReadonlyMap<string, Volume>;

export interface Mounting {
  readonly volumeMounts?: readonly VolumeMount[] | undefined;
  readonly volumeDevices?: readonly VolumeDevice[] | undefined;
  readonly isPrivileged: boolean;
}

const PROPAGATIONS = ["Bidirectional", "HostToContainer", "None"];
const RECURSIVE_MODES = ["Disabled", "Enabled", "IfPossible"];

function addPropagationErrors(
  mode: string | undefined,
  isPrivileged: boolean,
  field: string,
  errors: FieldError[],
): void {
  addOptionalChoiceErrors(errors, field, mode, PROPAGATIONS);
  if (mode === "Bidirectional" && !isPrivileged)
    errors.push(forbiddenField(field, "Bidirectional mount propagation is available only to privileged containers"));
}

function addRecursiveErrors(mount: VolumeMount, field: string, errors: FieldError[]): void {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === "Disabled") return;
  if (!RECURSIVE_MODES.includes(mode)) {
    errors.push(notSupported(field, mode, RECURSIVE_MODES));
    return;
  }
  if (mount.readOnly !== true) errors.push(forbiddenField(field, "may only be specified when readOnly is true"));
  if ((mount.mountPropagation ?? "None") !== "None")
    errors.push(forbiddenField(field, "may only be specified when mountPropagation is None or not specified"));
}

/** `field` is the list: upstream reports what is about sub-paths there, without an index. */
function addSubPathErrors(mount: VolumeMount, at: string, field: string, errors: FieldError[]): void {
  const { subPath = "", subPathExpr = "" } = mount;
  if (subPath !== "") addDescendingPathErrors(errors, `${field}.subPath`, subPath);
  if (subPathExpr === "") return;
  if (subPath !== "")
    errors.push(invalidValue(`${at}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive"));
  addDescendingPathErrors(errors, `${field}.subPathExpr`, subPathExpr);
}

export function addMountErrors(container: Mounting, volumes: Volumes, field: string, errors: FieldError[]): void {
  const devices = container.volumeDevices ?? [];
  const paths = new Set<string>();
  container.volumeMounts?.forEach((mount, index) => {
    const at = `${field}[${index}]`;
    const { name, mountPath } = mount;
    isGiven(errors, `${at}.name`, name);
    if (!volumes.has(name)) errors.push(notFoundValue(`${at}.name`, name));
    isGiven(errors, `${at}.mountPath`, mountPath);
    if (paths.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, "must be unique"));
    paths.add(mountPath);
    if (devices.some((device) => device.name === name))
      errors.push(invalidValue(`${at}.name`, name, "must not already exist in volumeDevices"));
    if (devices.some((device) => device.devicePath === mountPath))
      errors.push(invalidValue(`${at}.mountPath`, mountPath, "must not already exist as a path in volumeDevices"));
    addSubPathErrors(mount, at, field, errors);
    addPropagationErrors(mount.mountPropagation, container.isPrivileged, `${field}.mountPropagation`, errors);
    addRecursiveErrors(mount, `${field}.recursiveReadOnly`, errors);
  });
}

/** Block devices come from claims only. */
export function addDeviceErrors(container: Mounting, volumes: Volumes, field: string, errors: FieldError[]): void {
  const mounts = container.volumeMounts ?? [];
  const names = new Set<string>();
  const paths = new Set<string>();
  container.volumeDevices?.forEach(({ name, devicePath }, index) => {
    const at = `${field}[${index}]`;
    const volume = volumes.get(name);
    isGiven(errors, `${at}.name`, name);
    if (names.has(name)) errors.push(invalidValue(`${at}.name`, name, "must be unique"));
    if (volume === undefined) errors.push(notFoundValue(`${at}.name`, name));
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined)
      errors.push(
        invalidValue(
          `${at}.name`,
          name,
          "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
        ),
      );
    isGiven(errors, `${at}.devicePath`, devicePath);
    if (paths.has(devicePath)) errors.push(invalidValue(`${at}.devicePath`, devicePath, "must be unique"));
    if (hasBackstep(devicePath))
      errors.push(invalidValue(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name))
      errors.push(invalidValue(`${at}.name`, name, "must not already exist in volumeMounts"));
    if (mounts.some((mount) => mount.mountPath === devicePath))
      errors.push(invalidValue(`${at}.devicePath`, devicePath, "must not already exist as a path in volumeMounts"));
    if (name !== "") names.add(name);
  });
}
