/** What is asked of a driver for a claim, and the volume object that comes of it (upstream: external-provisioner). */
import type { PersistentVolume, PersistentVolumeClaim } from "../../shared/api/generated/core/v1.ts";
import type { StorageClass } from "../../shared/api/generated/storage/v1.ts";
import type { AccessModeName, CsiRequest, Topology, Volume } from "../../shared/csi/csi-wire.ts";
import { PROVISIONED_BY, requestOf, SELECTED_NODE, STORAGE_PROVISIONER } from "../../shared/machinery/claims.ts";
import { value } from "../../shared/machinery/quantity.ts";
import type { Draft } from "../../shared/resources/resource.ts";
import { topologyKeyOf } from "../driver-name.ts";

/** Keeps a volume object until what it stands for is deleted. */
export const PROVISIONER_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer";
/** Parameters of classes that are for us and not for the driver. */
const RESERVED = "csi.storage.k8s.io/";
const FS_TYPE = `${RESERVED}fstype`;

const ACCESS_MODES: Readonly<Record<string, AccessModeName>> = {
  ReadWriteOnce: "SINGLE_NODE_MULTI_WRITER",
  ReadWriteOncePod: "SINGLE_NODE_SINGLE_WRITER",
  ReadOnlyMany: "MULTI_NODE_READER_ONLY",
  ReadWriteMany: "MULTI_NODE_MULTI_WRITER",
};

/** The same for every attempt, so that the driver makes one volume of them. */
export const volumeNameFor = ({ metadata }: PersistentVolumeClaim): string => `pvc-${metadata.uid ?? ""}`;

/** Whose turn it is: nobody's, ours, or that of whoever writes its node first. */
export function turnOf(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  driverName: string,
  nodeName: string,
): "ours" | "anybody's" | "not ours" {
  const { annotations = {}, deletionTimestamp } = claim.metadata;
  if (annotations[STORAGE_PROVISIONER] !== driverName || (claim.spec.volumeName ?? "") !== "") return "not ours";
  if (storageClass?.provisioner !== driverName || deletionTimestamp !== undefined) return "not ours";
  const selected = annotations[SELECTED_NODE];
  if (selected !== undefined) return selected === nodeName ? "ours" : "not ours";
  const isDelayed = storageClass.volumeBindingMode === "WaitForFirstConsumer";
  return isDelayed || !isAllowedOn(storageClass, driverName, nodeName) ? "not ours" : "anybody's";
}

/** Whether the class lets volumes be made on the node, as far as that is said in our own label. */
function isAllowedOn({ allowedTopologies = [] }: StorageClass, driverName: string, nodeName: string): boolean {
  const ours = topologyKeyOf(driverName);
  const isMet = (expressions: readonly { readonly key: string; readonly values: readonly string[] }[]): boolean =>
    expressions.every(({ key, values }) => key !== ours || values.includes(nodeName));
  const terms = allowedTopologies.map(({ matchLabelExpressions = [] }) => matchLabelExpressions);
  return terms.length === 0 || terms.some(isMet);
}

/** Why nobody can make a volume for the claim, in upstream's words; undefined when somebody can. */
export function whyImpossible(claim: PersistentVolumeClaim): string | undefined {
  const { spec } = claim;
  if (spec.selector !== undefined) return "claim Selector is not supported";
  if (spec.dataSource !== undefined || spec.dataSourceRef !== undefined) return "claim data sources are not supported";
  // Sizes are 64-bit integers in CSI, and exact only so far here: eight pebibytes.
  if (!Number.isSafeInteger(value(requestOf(claim)))) return "claim asks for more storage than there can be";
  return undefined;
}

const fsTypeOf = ({ parameters = {} }: StorageClass): string => parameters[FS_TYPE] ?? "ext4";

export function creationRequest(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  topology: Topology,
): CsiRequest<"CreateVolume"> {
  const parameters = Object.entries(storageClass.parameters ?? {}).filter(([key]) => !key.startsWith(RESERVED));
  const access =
    claim.spec.volumeMode === "Block"
      ? { block: {} }
      : { mount: { fsType: fsTypeOf(storageClass), mountFlags: storageClass.mountOptions ?? [] } };
  return {
    name: volumeNameFor(claim),
    capacityRange: { requiredBytes: value(requestOf(claim)), limitBytes: 0 },
    volumeCapabilities: (claim.spec.accessModes ?? []).map((mode) => ({
      ...access,
      accessMode: { mode: ACCESS_MODES[mode] ?? "UNKNOWN" },
    })),
    parameters: Object.fromEntries(parameters),
    accessibilityRequirements: { requisite: [topology], preferred: [topology] },
  };
}

export function volumeObject(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  driverName: string,
  made: Volume,
): Draft<PersistentVolume> {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const persistentVolumeReclaimPolicy = storageClass.reclaimPolicy ?? "Delete";
  const isBlock = claim.spec.volumeMode === "Block";
  const terms = made.accessibleTopology.map(({ segments }) => ({
    matchExpressions: Object.entries(segments).map(([key, label]) => ({ key, operator: "In", values: [label] })),
  }));
  return {
    metadata: {
      name: volumeNameFor(claim),
      annotations: {
        [PROVISIONED_BY]: driverName,
        "volume.kubernetes.io/provisioner-deletion-secret-name": "",
        "volume.kubernetes.io/provisioner-deletion-secret-namespace": "",
      },
      ...(persistentVolumeReclaimPolicy === "Delete" ? { finalizers: [PROVISIONER_FINALIZER] } : {}),
    },
    spec: {
      persistentVolumeReclaimPolicy,
      accessModes: claim.spec.accessModes,
      capacity: { storage: made.capacityBytes === 0 ? requestOf(claim) : quantityOf(made.capacityBytes) },
      claimRef: { kind: "PersistentVolumeClaim", apiVersion: "v1", namespace, name, uid, resourceVersion },
      csi: {
        driver: driverName,
        volumeHandle: made.volumeId,
        ...(isBlock ? {} : { fsType: fsTypeOf(storageClass) }),
        volumeAttributes: { ...made.volumeContext, "storage.kubernetes.io/csiProvisionerIdentity": driverName },
      },
      storageClassName: storageClass.metadata.name,
      mountOptions: storageClass.mountOptions,
      volumeMode: claim.spec.volumeMode,
      ...(terms.length === 0 ? {} : { nodeAffinity: { required: { nodeSelectorTerms: terms } } }),
    },
  };
}

/** Bytes as people write them: `1Gi`. */
export function quantityOf(bytes: number): string {
  const suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
  let rest = bytes;
  let power = 0;
  while (rest > 0 && rest % 1024 === 0 && power < suffixes.length - 1) {
    rest /= 1024;
    power++;
  }
  return `${rest}${suffixes[power] ?? ""}`;
}
