/**
 * Rules of the volume sources that pods and PersistentVolumes have in common, and of those of vendors, which are
 * still part of the API (`pkg/apis/core/validation`: validate…VolumeSource). Each adds what is wrong to `errors`.
 */
import type {
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  GlusterfsVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import {
  addInvalid,
  addNameErrors,
  addOptionalChoiceErrors,
  inclusiveRange,
  isGiven,
} from "../../validation/error-list.ts";
import { invalidValue, notSupported, required, tooLong } from "../../validation/field-errors.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../../validation/names.ts";
import { addBackstepErrors } from "./local-path.ts";

const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

export function addHostPathErrors(source: HostPathVolumeSource, field: string, errors: FieldError[]): void {
  if (!isGiven(errors, `${field}.path`, source.path)) return;
  addBackstepErrors(errors, `${field}.path`, source.path);
  addOptionalChoiceErrors(errors, `${field}.type`, source.type, HOST_PATH_TYPES);
}

export function addNfsErrors(source: NFSVolumeSource, field: string, errors: FieldError[]): void {
  isGiven(errors, `${field}.server`, source.server);
  isGiven(errors, `${field}.path`, source.path);
  if (!source.path.startsWith("/")) errors.push(invalidValue(`${field}.path`, source.path, "must be an absolute path"));
}

/** The fields that a source cannot do without; each is checked for being there, nothing more. */
export function addMissingErrors(
  values: Readonly<Record<string, string | readonly string[] | undefined>>,
  field: string,
  errors: FieldError[],
): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value.length === 0) errors.push(required(`${field}.${name}`));
  }
}

/** Numbers of partitions, and of logical units: one byte. */
const BYTE_MAX = 255;
const ISCSI_PORTAL_MAX = 64;
const ISCSI_PORTAL_RULE =
  "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
const ISCSI_FORMS: readonly (readonly [string, RegExp])[] = [
  ["iqn", /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/],
  ["eui", /^eui.[A-Za-z0-9]{16}$/],
  ["naa", /^naa.[A-Za-z0-9]{32}$/],
];

function addIqnErrors(name: string, field: string, unknownRule: string, errors: FieldError[]): void {
  const form = ISCSI_FORMS.find(([prefix]) => name.startsWith(prefix))?.[1];
  if (form === undefined) errors.push(invalidValue(field, name, unknownRule));
  else if (!form.test(name)) errors.push(invalidValue(field, name, "must be valid format"));
}

function isByte(number: number): boolean {
  return number >= 0 && number <= BYTE_MAX;
}

export function addPartitionErrors(partition: number | undefined, field: string, errors: FieldError[]): void {
  if (!isByte(partition ?? 0)) errors.push(invalidValue(`${field}.partition`, partition, inclusiveRange(1, BYTE_MAX)));
}

export interface IscsiPlace {
  /** Name of the volume, which is part of a device's name. */
  readonly volumeName: string;
  /** Where its being too long is reported, and with which value. */
  readonly nameField: string;
  readonly nameValue: string;
  readonly unknownRule: string;
}

export function addIscsiErrors(
  source: Omit<ISCSIVolumeSource, "secretRef">,
  hasSecret: boolean,
  place: IscsiPlace,
  field: string,
  errors: FieldError[],
): void {
  const { targetPortal, iqn, lun, initiatorName } = source;
  isGiven(errors, `${field}.targetPortal`, targetPortal);
  if (isGiven(errors, `${field}.iqn`, iqn)) addIqnErrors(iqn, `${field}.iqn`, place.unknownRule, errors);
  if (!isByte(lun)) errors.push(invalidValue(`${field}.lun`, lun, inclusiveRange(0, BYTE_MAX)));
  const needsSecret = source.chapAuthDiscovery === true || source.chapAuthSession === true;
  if (needsSecret && !hasSecret) errors.push(required(`${field}.secretRef`));
  if (initiatorName === undefined) return;
  addIqnErrors(initiatorName, `${field}.initiatorname`, place.unknownRule, errors);
  if (`${place.volumeName}:${targetPortal}`.length > ISCSI_PORTAL_MAX)
    errors.push(invalidValue(place.nameField, place.nameValue, ISCSI_PORTAL_RULE));
}

export function addFibreChannelErrors(source: FCVolumeSource, field: string, errors: FieldError[]): void {
  const targets = source.targetWWNs ?? [];
  const ids = source.wwids ?? [];
  if (targets.length === 0 && ids.length === 0)
    errors.push(required(`${field}.targetWWNs`, "must specify either targetWWNs or wwids, but not both"));
  if (targets.length > 0 && ids.length > 0)
    errors.push(
      invalidValue(`${field}.targetWWNs`, targets, "targetWWNs and wwids can not be specified simultaneously"),
    );
  if (targets.length === 0) return;
  if (source.lun === undefined) errors.push(required(`${field}.lun`, "lun is required if targetWWNs is specified"));
  else if (!isByte(source.lun)) errors.push(invalidValue(`${field}.lun`, source.lun, inclusiveRange(0, BYTE_MAX)));
}

const REGISTRY_RULE = "must be a host:port pair or multiple pairs separated by commas";
const HOST_PORT = /^(\[[^\]]*\]|[^:[\]]*):[^:]*$/;

export function addQuobyteErrors(source: QuobyteVolumeSource, field: string, errors: FieldError[]): void {
  const { registry, tenant = "", volume } = source;
  if (registry === "") errors.push(required(`${field}.registry`, REGISTRY_RULE));
  else if (tenant.length >= 65)
    errors.push(required(`${field}.tenant`, "must be a UUID and may not exceed a length of 64 characters"));
  else {
    for (const pair of registry.split(","))
      if (!HOST_PORT.test(pair)) errors.push(invalidValue(`${field}.registry`, registry, REGISTRY_RULE));
  }
  isGiven(errors, `${field}.volume`, volume);
}

export function addGlusterErrors(source: GlusterfsVolumeSource, field: string, errors: FieldError[]): void {
  addMissingErrors({ endpoints: source.endpoints, path: source.path }, field, errors);
}

export function addFlockerErrors(source: FlockerVolumeSource, field: string, errors: FieldError[]): void {
  const { datasetName = "", datasetUUID = "" } = source;
  if (datasetName === "" && datasetUUID === "")
    errors.push(required(field, "one of datasetName and datasetUUID is required"));
  if (datasetName !== "" && datasetUUID !== "")
    errors.push(invalidValue(field, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
  if (datasetName.includes("/")) errors.push(invalidValue(`${field}.datasetName`, datasetName, "must not contain '/'"));
}

/** Options of flex volumes are the driver's; names of the project's own domains are kept back. */
export function addFlexErrors(
  source: { readonly driver: string; readonly options?: Readonly<Record<string, string>> | undefined },
  field: string,
  errors: FieldError[],
): void {
  isGiven(errors, `${field}.driver`, source.driver);
  for (const key of Object.keys(source.options ?? {})) {
    const domain = `.${(key.includes("/") ? key.slice(0, key.indexOf("/")) : key).toLowerCase()}`;
    if (domain.endsWith(".kubernetes.io") || domain.endsWith(".k8s.io"))
      errors.push(invalidValue(`${field}.options[${key}]`, key, "kubernetes.io and k8s.io namespaces are reserved"));
  }
}

export function addAzureFileErrors(source: AzureFileVolumeSource, field: string, errors: FieldError[]): void {
  addMissingErrors({ secretName: source.secretName, shareName: source.shareName }, field, errors);
}

const CACHING_MODES = ["None", "ReadOnly", "ReadWrite"];
const DISK_KINDS = ["Dedicated", "Managed", "Shared"];
const MANAGED_URI = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
const BLOB_URI = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";

export function addAzureDiskErrors(source: AzureDiskVolumeSource, field: string, errors: FieldError[]): void {
  const { diskName, diskURI, kind } = source;
  addMissingErrors({ diskName, diskURI }, field, errors);
  addOptionalChoiceErrors(errors, `${field}.cachingMode`, source.cachingMode, CACHING_MODES);
  addOptionalChoiceErrors(errors, `${field}.kind`, kind, DISK_KINDS);
  if (kind === undefined) return;
  const [prefix, form] = kind === "Managed" ? ["/subscriptions/", MANAGED_URI] : ["https://", BLOB_URI];
  if (!diskURI.startsWith(prefix)) errors.push(notSupported(`${field}.diskURI`, diskURI, [form]));
}

export function addStorageOsErrors(
  source: { readonly volumeName?: string | undefined; readonly volumeNamespace?: string | undefined },
  field: string,
  errors: FieldError[],
): void {
  addNameErrors(errors, `${field}.volumeName`, source.volumeName, dnsLabelProblems);
  const namespace = source.volumeNamespace ?? "";
  if (namespace !== "") addInvalid(errors, `${field}.volumeNamespace`, namespace, dnsLabelProblems(namespace));
}

export function addScaleIoErrors(
  source: { readonly gateway: string; readonly system: string; readonly volumeName?: string | undefined },
  field: string,
  errors: FieldError[],
): void {
  addMissingErrors({ gateway: source.gateway, system: source.system, volumeName: source.volumeName }, field, errors);
}

const CSI_DRIVER_MAX = 63;

/** Names of CSI drivers: a DNS subdomain whose case does not matter. */
export function addCsiDriverErrors(driver: string, field: string, errors: FieldError[]): void {
  isGiven(errors, field, driver);
  if (driver.length > CSI_DRIVER_MAX) errors.push(tooLong(field, CSI_DRIVER_MAX));
  addInvalid(errors, field, driver, dnsSubdomainProblems(driver.toLowerCase()));
}

/** A reference to a Secret: named, and in a namespace where the reference can name one. */
export function addSecretRefErrors(
  ref: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined,
  needsNamespace: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (ref === undefined) return;
  isGiven(errors, `${field}.name`, ref.name);
  if (needsNamespace) isGiven(errors, `${field}.namespace`, ref.namespace);
}
