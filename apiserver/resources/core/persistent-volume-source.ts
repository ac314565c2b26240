/** Rules of what a PersistentVolume is made of: one source of the many (`ValidatePersistentVolumeSpec`). */
import type {
  AzureFilePersistentVolumeSource,
  CSIPersistentVolumeSource,
  GlusterfsPersistentVolumeSource,
  LocalVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addInvalid, addNameErrors, isGiven } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, required } from "../../validation/field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";
import { addBackstepErrors } from "../pod-spec/local-path.ts";
import {
  addAzureDiskErrors,
  addCsiDriverErrors,
  addFibreChannelErrors,
  addFlexErrors,
  addFlockerErrors,
  addGlusterErrors,
  addHostPathErrors,
  addIscsiErrors,
  addMissingErrors,
  addNfsErrors,
  addPartitionErrors,
  addQuobyteErrors,
  addScaleIoErrors,
  addSecretRefErrors,
  addStorageOsErrors,
} from "../pod-spec/volume-source.ts";

/** Name of the volume, for the device names that carry it. */
type Rule<N extends SourceName> = (
  source: NonNullable<Sources[N]>,
  field: string,
  errors: FieldError[],
  volumeName: string,
) => void;
type Rules = { readonly [N in SourceName]: Rule<N> };
type Sources = Omit<
  PersistentVolumeSpec,
  | "accessModes"
  | "capacity"
  | "claimRef"
  | "mountOptions"
  | "nodeAffinity"
  | "persistentVolumeReclaimPolicy"
  | "storageClassName"
  | "volumeAttributesClassName"
  | "volumeMode"
>;
export type SourceName = keyof Sources;

const named = (field: string, name: string | undefined, errors: FieldError[]): void => {
  isGiven(errors, field, name);
};

/** In the order in which upstream asks; a volume that has two sources is refused for the later one. */
const RULES: Rules = {
  hostPath: addHostPathErrors,
  gcePersistentDisk: ({ pdName, partition }, field, errors) => {
    const at = field.replace(/gcePersistentDisk$/u, "persistentDisk");
    named(`${at}.pdName`, pdName, errors);
    addPartitionErrors(partition, at, errors);
  },
  awsElasticBlockStore: ({ volumeID, partition }, field, errors) => {
    named(`${field}.volumeID`, volumeID, errors);
    addPartitionErrors(partition, field, errors);
  },
  glusterfs: addGlusterVolumeErrors,
  flocker: addFlockerErrors,
  nfs: addNfsErrors,
  rbd: ({ monitors, image }, field, errors) => addMissingErrors({ monitors, image }, field, errors),
  quobyte: addQuobyteErrors,
  cephfs: ({ monitors }, field, errors) => addMissingErrors({ monitors }, field, errors),
  iscsi: (source, field, errors, volumeName) => {
    const { secretRef, targetPortal } = source;
    const nameField = `${field}.targetportal`;
    const place = { volumeName, nameField, nameValue: targetPortal, unknownRule: "must be valid format" };
    addIscsiErrors(source, secretRef !== undefined, place, field, errors);
    addSecretRefErrors(secretRef, false, `${field}.secretRef`, errors);
  },
  cinder: ({ volumeID, secretRef }, field, errors) => {
    named(`${field}.volumeID`, volumeID, errors);
    addSecretRefErrors(secretRef, true, `${field}.secretRef`, errors);
  },
  fc: addFibreChannelErrors,
  flexVolume: addFlexErrors,
  azureFile: addAzureFileVolumeErrors,
  vsphereVolume: ({ volumePath }, field, errors) => named(`${field}.volumePath`, volumePath, errors),
  photonPersistentDisk: ({ pdID }, field, errors) => named(`${field}.pdID`, pdID, errors),
  portworxVolume: ({ volumeID }, field, errors) => named(`${field}.volumeID`, volumeID, errors),
  azureDisk: addAzureDiskErrors,
  scaleIO: addScaleIoErrors,
  local: addLocalErrors,
  storageos: (source, field, errors) => {
    addStorageOsErrors(source, field, errors);
    addSecretRefErrors(source.secretRef, true, `${field}.secretRef`, errors);
  },
  csi: addCsiErrors,
};

export const SOURCE_NAMES = Object.keys(RULES) as SourceName[];

function applyRule<N extends SourceName>(
  name: N,
  sources: Sources,
  volumeName: string,
  field: string,
  errors: FieldError[],
): void {
  const source: Sources[N] = sources[name];
  const rule: Rules[N] = RULES[name];
  if (source !== undefined) rule(source, `${field}.${name}`, errors, volumeName);
}

/** Exactly one source, and what is wrong with it. */
export function addVolumeSourceErrors(
  spec: PersistentVolumeSpec,
  volumeName: string,
  field: string,
  errors: FieldError[],
): void {
  let isFirst = true;
  for (const name of SOURCE_NAMES) {
    if (spec[name] === undefined) continue;
    // Flex volumes are never refused for being the second.
    if (isFirst || name === "flexVolume") applyRule(name, spec, volumeName, field, errors);
    else
      errors.push(
        forbiddenField(`${field}.${name === "cephfs" ? "cephFS" : name}`, "may not specify more than 1 volume type"),
      );
    isFirst = false;
  }
  if (isFirst) errors.push(required(field, "must specify a volume type"));
}

function addGlusterVolumeErrors(source: GlusterfsPersistentVolumeSource, field: string, errors: FieldError[]): void {
  addGlusterErrors(source, field, errors);
  const namespace = source.endpointsNamespace;
  const at = `${field}.endpointsNamespace`;
  if (namespace === "")
    errors.push(invalidValue(at, namespace, "if the endpointnamespace is set, it must be a valid namespace name"));
  else if (namespace !== undefined) addInvalid(errors, at, namespace, dnsLabelProblems(namespace));
}

function addAzureFileVolumeErrors(source: AzureFilePersistentVolumeSource, field: string, errors: FieldError[]): void {
  const { secretName, shareName, secretNamespace } = source;
  addMissingErrors({ secretName, shareName }, field, errors);
  if (secretNamespace === "") errors.push(required(`${field}.secretNamespace`));
}

function addLocalErrors({ path }: LocalVolumeSource, field: string, errors: FieldError[]): void {
  if (isGiven(errors, `${field}.path`, path)) addBackstepErrors(errors, `${field}.path`, path);
}

function addCsiErrors(source: CSIPersistentVolumeSource, field: string, errors: FieldError[]): void {
  if (source.driver === "") errors.push(required(`${field}.driver`));
  else addCsiDriverErrors(source.driver, `${field}.driver`, errors);
  named(`${field}.volumeHandle`, source.volumeHandle, errors);
  for (const name of [
    "controllerPublishSecretRef",
    "controllerExpandSecretRef",
    "nodePublishSecretRef",
    "nodeExpandSecretRef",
  ] as const)
    addSecretErrors(source[name], `${field}.${name}`, errors);
}

function addSecretErrors(ref: SecretReference | undefined, field: string, errors: FieldError[]): void {
  if (ref === undefined) return;
  addNameErrors(errors, `${field}.name`, ref.name, dnsSubdomainProblems);
  addNameErrors(errors, `${field}.namespace`, ref.namespace, dnsLabelProblems);
}
