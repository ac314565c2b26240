/** Defaults of volume sources that pods and PersistentVolumes have in common (`pkg/apis/core/v1/defaults.go`). In place. */
import type {
  AzureDiskVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  RBDVolumeSource,
  ScaleIOVolumeSource,
} from "../../../shared/api/generated/core/v1.ts";

/** The sources that have defaults, of either kind of volume. */
export interface DefaultedSources {
  readonly azureDisk?: AzureDiskVolumeSource | undefined;
  readonly hostPath?: HostPathVolumeSource | undefined;
  readonly iscsi?: Pick<ISCSIVolumeSource, "iscsiInterface"> | undefined;
  readonly rbd?: Pick<RBDVolumeSource, "pool" | "user" | "keyring"> | undefined;
  readonly scaleIO?: Pick<ScaleIOVolumeSource, "storageMode" | "fsType"> | undefined;
}

const orElse = (text: string | undefined, standard: string): string =>
  text === undefined || text === "" ? standard : text;

export function defaultSources({ azureDisk, hostPath, iscsi, rbd, scaleIO }: DefaultedSources): void {
  if (hostPath !== undefined) hostPath.type ??= "";
  if (iscsi !== undefined) iscsi.iscsiInterface = orElse(iscsi.iscsiInterface, "default");
  if (rbd !== undefined) {
    rbd.pool = orElse(rbd.pool, "rbd");
    rbd.user = orElse(rbd.user, "admin");
    rbd.keyring = orElse(rbd.keyring, "/etc/ceph/keyring");
  }
  if (azureDisk !== undefined) {
    azureDisk.cachingMode ??= "ReadWrite";
    azureDisk.kind ??= "Shared";
    azureDisk.fsType ??= "ext4";
    azureDisk.readOnly ??= false;
  }
  if (scaleIO !== undefined) {
    scaleIO.storageMode = orElse(scaleIO.storageMode, "ThinProvisioned");
    scaleIO.fsType = orElse(scaleIO.fsType, "xfs");
  }
}
