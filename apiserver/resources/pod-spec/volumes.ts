/** Rules of `spec.volumes`: names, and exactly one source each (`ValidateVolumes`). */
import type { Volume } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { parseQuantity } from "../../../shared/machinery/quantity.ts";
import { addNameErrors, isGiven } from "../../validation/error-list.ts";
import { duplicate, forbiddenField, invalidValue, required } from "../../validation/field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";
import { addClaimTemplateErrors } from "../core/claim-spec.ts";
import {
  addConfigMapErrors,
  addDownwardErrors,
  addImageErrors,
  addProjectedErrors,
  addSecretErrors,
  addSecretNameErrors,
} from "./file-volume.ts";
import { addDescendingPathErrors } from "./local-path.ts";
import {
  addAzureDiskErrors,
  addAzureFileErrors,
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
} from "./volume-source.ts";

/** The pod around the volumes. A template has no name, and need not be complete. */
export interface VolumeOwner {
  readonly isPod: boolean;
  readonly podName: string;
}

type SourceKind = Exclude<keyof Volume, "name">;
type Source<K extends SourceKind> = NonNullable<Volume[K]>;
type Rule<K extends SourceKind> = (
  source: Source<K>,
  field: string,
  errors: FieldError[],
  volume: Volume,
  owner: VolumeOwner,
) => void;

type Rules = { readonly [K in SourceKind]: Rule<K> };

/** Upstream's order: of several sources the first counts, and the others are refused. */
const RULES: Rules = {
  emptyDir: ({ sizeLimit }, field, errors) => {
    if (sizeLimit !== undefined && parseQuantity(sizeLimit).nanos < 0n)
      errors.push(forbiddenField(`${field}.sizeLimit`, "SizeLimit field must be a valid resource quantity"));
  },
  hostPath: addHostPathErrors,
  gitRepo: ({ repository, directory = "" }, field, errors) => {
    isGiven(errors, `${field}.repository`, repository);
    addDescendingPathErrors(errors, `${field}.directory`, directory);
  },
  gcePersistentDisk: ({ pdName, partition }, field, errors) => {
    isGiven(errors, `${field}.pdName`, pdName);
    addPartitionErrors(partition, field, errors);
  },
  awsElasticBlockStore: ({ volumeID, partition }, field, errors) => {
    isGiven(errors, `${field}.volumeID`, volumeID);
    addPartitionErrors(partition, field, errors);
  },
  secret: addSecretErrors,
  nfs: addNfsErrors,
  iscsi: (source, field, errors, { name }) => {
    const nameField = `${field.slice(0, field.lastIndexOf("."))}.name`;
    const unknownRule = "must be valid format starting with iqn, eui, or naa";
    const place = { volumeName: name, nameField, nameValue: name, unknownRule };
    addIscsiErrors(source, source.secretRef !== undefined, place, field, errors);
  },
  glusterfs: addGlusterErrors,
  flocker: addFlockerErrors,
  persistentVolumeClaim: ({ claimName }, field, errors) => {
    isGiven(errors, `${field}.claimName`, claimName);
  },
  rbd: ({ monitors, image }, field, errors) => addMissingErrors({ monitors, image }, field, errors),
  cinder: ({ volumeID, secretRef }, field, errors) => {
    isGiven(errors, `${field}.volumeID`, volumeID);
    addSecretRefErrors(secretRef, false, `${field}.secretRef`, errors);
  },
  cephfs: ({ monitors }, field, errors) => addMissingErrors({ monitors }, field, errors),
  quobyte: addQuobyteErrors,
  downwardAPI: addDownwardErrors,
  fc: addFibreChannelErrors,
  flexVolume: addFlexErrors,
  configMap: addConfigMapErrors,
  azureFile: addAzureFileErrors,
  vsphereVolume: ({ volumePath }, field, errors) => {
    isGiven(errors, `${field}.volumePath`, volumePath);
  },
  photonPersistentDisk: ({ pdID }, field, errors) => {
    isGiven(errors, `${field}.pdID`, pdID);
  },
  portworxVolume: ({ volumeID }, field, errors) => {
    isGiven(errors, `${field}.volumeID`, volumeID);
  },
  azureDisk: addAzureDiskErrors,
  storageos: (source, field, errors) => {
    addStorageOsErrors(source, field, errors);
    addSecretRefErrors(source.secretRef, false, `${field}.secretRef`, errors);
  },
  projected: addProjectedErrors,
  scaleIO: addScaleIoErrors,
  csi: ({ driver, nodePublishSecretRef: ref }, field, errors) => {
    addCsiDriverErrors(driver, `${field}.driver`, errors);
    if (ref === undefined) return;
    if (isGiven(errors, `${field}.nodePublishSecretRef.name`, ref.name))
      addSecretNameErrors(ref.name, `${field}.name`, errors);
  },
  ephemeral: ({ volumeClaimTemplate }, field, errors, { name }, { podName }) => {
    if (volumeClaimTemplate === undefined) errors.push(required(`${field}.volumeClaimTemplate`));
    else addClaimTemplateErrors(volumeClaimTemplate, `${field}.volumeClaimTemplate`, errors);
    if (podName === "" || name === "") return;
    const claim = `${podName}-${name}`;
    const nameField = `${field.slice(0, field.lastIndexOf("."))}.name`;
    for (const problem of dnsSubdomainProblems(claim))
      errors.push(invalidValue(nameField, name, `PVC name ${JSON.stringify(claim)}: ${problem}`));
  },
  image: (source, field, errors, _, { isPod }) => addImageErrors(source, isPod, field, errors),
};

const KINDS = Object.keys(RULES) as SourceKind[];

/** Fields that upstream spells in another way than the API does. */
const CHECKED_AT: Partial<Record<SourceKind, string>> = { gcePersistentDisk: "persistentDisk" };
const REFUSED_AT: Partial<Record<SourceKind, string>> = { cephfs: "cephFS", downwardAPI: "downwarAPI" };

function applyRule<K extends SourceKind>(
  kind: K,
  volume: Volume,
  owner: VolumeOwner,
  field: string,
  errors: FieldError[],
): void {
  const source: Volume[K] = volume[kind];
  const rule: Rules[K] = RULES[kind];
  if (source !== undefined) rule(source, `${field}.${CHECKED_AT[kind] ?? kind}`, errors, volume, owner);
}

function addSourceErrors(volume: Volume, owner: VolumeOwner, field: string, errors: FieldError[]): void {
  let isFirst = true;
  for (const kind of KINDS) {
    if (volume[kind] === undefined) continue;
    if (isFirst) applyRule(kind, volume, owner, field, errors);
    else errors.push(forbiddenField(`${field}.${REFUSED_AT[kind] ?? kind}`, "may not specify more than 1 volume type"));
    isFirst = false;
  }
  if (isFirst) errors.push(required(field, "must specify a volume type"));
}

/** Claims that the pod's ephemeral volumes will make. */
function createdClaims(volumes: readonly Volume[], podName: string): ReadonlySet<string> {
  if (podName === "") return new Set();
  return new Set(volumes.flatMap(({ name, ephemeral }) => (ephemeral === undefined ? [] : [`${podName}-${name}`])));
}

/** The volumes that may be mounted: those without errors, by name. */
export function addVolumeErrors(
  volumes: readonly Volume[],
  owner: VolumeOwner,
  field: string,
  errors: FieldError[],
): ReadonlyMap<string, Volume> {
  const good = new Map<string, Volume>();
  if (volumes.length === 0) return good;
  const created = createdClaims(volumes, owner.podName);
  volumes.forEach((volume, index) => {
    const at = `${field}[${index}]`;
    const before = errors.length;
    addSourceErrors(volume, owner, at, errors);
    addNameErrors(errors, `${at}.name`, volume.name, dnsLabelProblems);
    if (good.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
    if (errors.length === before) good.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.has(claim))
      errors.push(
        invalidValue(
          `${at}.persistentVolumeClaim.claimName`,
          claim,
          "must not reference a PVC that gets created for an ephemeral volume",
        ),
      );
  });
  return good;
}
