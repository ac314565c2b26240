/** Rules of `spec.volumes`. */
import type { Volume } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import {
  duplicate,
  forbiddenField,
  invalidFor,
  invalidValue,
  notSupported,
  required,
} from "../../validation/field-errors.ts";
import { dnsLabelProblems } from "../../validation/names.ts";

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
const MODE_RULE = "must be a number between 0 and 0777 (octal), both inclusive";
const TOKEN_SECONDS_MIN = 600;

export function validateVolumes(volumes: readonly Volume[], field: string): FieldError[] {
  const seen = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const at = `${field}[${index}]`;
    const errors = sourceErrors(volume, at);
    if (volume.name === "") errors.push(required(`${at}.name`));
    else errors.push(...invalidFor(`${at}.name`, volume.name, dnsLabelProblems(volume.name)));
    if (seen.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
    seen.add(volume.name);
    return errors;
  });
}

function sourceErrors(volume: Volume, field: string): FieldError[] {
  const sources = Object.keys(volume).filter((key) => key !== "name");
  const [first, ...others] = sources;
  if (first === undefined) return [required(field, "must specify a volume type")];
  return [
    ...others.map((source) => forbiddenField(`${field}.${source}`, "may not specify more than 1 volume type")),
    ...hostPathErrors(volume, field),
    ...modeErrors(volume, field),
    ...namedSourceErrors(volume, field),
    ...tokenErrors(volume, field),
  ];
}

function hostPathErrors(volume: Volume, field: string): FieldError[] {
  const { hostPath } = volume;
  if (hostPath === undefined) return [];
  const errors: FieldError[] = [];
  if (hostPath.path === "") errors.push(required(`${field}.hostPath.path`));
  else if (hostPath.path.split("/").includes(".."))
    errors.push(invalidValue(`${field}.hostPath.path`, hostPath.path, "must not contain '..'"));
  if (!HOST_PATH_TYPES.includes(hostPath.type ?? ""))
    errors.push(notSupported(`${field}.hostPath.type`, hostPath.type, HOST_PATH_TYPES));
  return errors;
}

function modeErrors(volume: Volume, field: string): FieldError[] {
  const sources = {
    secret: volume.secret,
    configMap: volume.configMap,
    downwardAPI: volume.downwardAPI,
    projected: volume.projected,
  };
  return Object.entries(sources).flatMap(([name, source]) => {
    const mode = source?.defaultMode;
    return mode !== undefined && (mode < 0 || mode > 0o777)
      ? [invalidValue(`${field}.${name}.defaultMode`, mode, MODE_RULE)]
      : [];
  });
}

function namedSourceErrors(volume: Volume, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (volume.secret !== undefined && (volume.secret.secretName ?? "") === "")
    errors.push(required(`${field}.secret.secretName`));
  if (volume.configMap !== undefined && (volume.configMap.name ?? "") === "")
    errors.push(required(`${field}.configMap.name`));
  const claim = volume.persistentVolumeClaim;
  if (claim !== undefined && claim.claimName === "") errors.push(required(`${field}.persistentVolumeClaim.claimName`));
  const items = [
    ...(volume.secret?.items ?? []).map((item, index) => ({ item, at: `${field}.secret.items[${index}]` })),
    ...(volume.configMap?.items ?? []).map((item, index) => ({ item, at: `${field}.configMap.items[${index}]` })),
  ];
  for (const { item, at } of items) {
    if (item.key === "") errors.push(required(`${at}.key`));
    errors.push(...localPathErrors(item.path, `${at}.path`));
  }
  return errors;
}

/** A path inside a volume: relative, and never upwards. */
export function localPathErrors(path: string, field: string): FieldError[] {
  if (path === "") return [required(field)];
  if (path.startsWith("/")) return [invalidValue(field, path, "must be a relative path")];
  if (path.split("/").includes("..")) return [invalidValue(field, path, "must not contain '..'")];
  return path.startsWith("..") ? [invalidValue(field, path, "must not start with '..'")] : [];
}

function tokenErrors(volume: Volume, field: string): FieldError[] {
  return (volume.projected?.sources ?? []).flatMap((source, index) => {
    const token = source.serviceAccountToken;
    if (token === undefined) return [];
    const at = `${field}.projected.sources[${index}].serviceAccountToken`;
    const seconds = Number(token.expirationSeconds ?? TOKEN_SECONDS_MIN);
    return [
      ...(seconds < TOKEN_SECONDS_MIN
        ? [invalidValue(`${at}.expirationSeconds`, seconds, "may not specify a duration less than 10 minutes")]
        : []),
      ...(seconds > 2 ** 32
        ? [invalidValue(`${at}.expirationSeconds`, seconds, "may not specify a duration larger than 2^32 seconds")]
        : []),
      ...(token.path === "" ? [required(`${at}.path`)] : localPathErrors(token.path, `${at}.path`)),
    ];
  });
}
