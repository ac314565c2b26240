/** What a volume says about its CSI driver, whether it stands in the pod or in a persistent volume: pure. */
import { createHash } from "node:crypto";
import type { SecretReference } from "../../../shared/api/generated/core/v1.ts";
import type { AccessModeName, VolumeCapability } from "../../../shared/csi/csi-wire.ts";
import type { VolumeSpec } from "../volume-spec.ts";

export interface CsiSource {
  readonly driver: string;
  readonly handle: string;
  readonly lifecycle: "Persistent" | "Ephemeral";
  readonly isReadOnly: boolean;
  readonly fsType: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly accessModes: readonly string[];
  readonly mountOptions: readonly string[];
  readonly stageSecret?: SecretReference | undefined;
  readonly publishSecret?: SecretReference | undefined;
  readonly expandSecret?: SecretReference | undefined;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Throws for a volume that is not CSI's. */
export function csiSource(podUid: string, namespace: string, spec: VolumeSpec): CsiSource {
  const persistent = spec.persistentVolume?.spec;
  if (persistent?.csi !== undefined) {
    const { csi } = persistent;
    return {
      driver: csi.driver,
      handle: csi.volumeHandle,
      lifecycle: "Persistent",
      isReadOnly: spec.isReadOnly,
      fsType: csi.fsType ?? "",
      attributes: csi.volumeAttributes ?? {},
      accessModes: persistent.accessModes ?? [],
      mountOptions: persistent.mountOptions ?? [],
      stageSecret: csi.nodeStageSecretRef,
      publishSecret: csi.nodePublishSecretRef,
      expandSecret: csi.nodeExpandSecretRef,
    };
  }
  const inline = spec.volume.csi;
  if (inline === undefined) throw new Error("volume source not found in volume.Spec");
  const secret = inline.nodePublishSecretRef;
  return {
    driver: inline.driver,
    handle: `csi-${sha256(`${podUid}${spec.name}`)}`,
    lifecycle: "Ephemeral",
    isReadOnly: inline.readOnly === true,
    fsType: inline.fsType ?? "",
    attributes: inline.volumeAttributes ?? {},
    accessModes: [],
    mountOptions: [],
    publishSecret: secret === undefined ? undefined : { namespace, name: secret.name ?? "" },
  };
}

/** Name of the VolumeAttachment of a volume on a node. */
export function attachmentName({ driver, handle }: Pick<CsiSource, "driver" | "handle">, nodeName: string): string {
  return `csi-${sha256(`${handle}${driver}${nodeName}`)}`;
}

/** As `volumesInUse` and `volumesAttached` of a node name the volume. */
export function uniqueVolumeName({ driver, handle }: Pick<CsiSource, "driver" | "handle">): string {
  return `kubernetes.io/csi/${driver}^${handle}`;
}

export function handleHash(handle: string): string {
  return sha256(handle);
}

function accessMode(mode: string | undefined, capabilities: ReadonlySet<string>): AccessModeName {
  const isPrecise = capabilities.has("SINGLE_NODE_MULTI_WRITER");
  if (mode === "ReadOnlyMany") return "MULTI_NODE_READER_ONLY";
  if (mode === "ReadWriteMany") return "MULTI_NODE_MULTI_WRITER";
  if (!isPrecise) return "SINGLE_NODE_WRITER";
  return mode === "ReadWriteOncePod" ? "SINGLE_NODE_SINGLE_WRITER" : "SINGLE_NODE_MULTI_WRITER";
}

/** How the volume shall be used; `group` when the driver itself gives it to one. */
export function volumeCapability(
  source: CsiSource,
  mode: VolumeSpec["mode"],
  capabilities: ReadonlySet<string>,
  group?: number,
): VolumeCapability {
  const access = { mode: accessMode(source.accessModes[0], capabilities) };
  if (mode === "Block") return { block: {}, accessMode: access };
  const mount = {
    fsType: source.fsType,
    mountFlags: source.mountOptions,
    volumeMountGroup: group === undefined ? "" : String(group),
  };
  return { mount, accessMode: access };
}
