/** Rules of volumes made of files that the API server knows: secret, configMap, downwardAPI, projected. */
import type {
  ClusterTrustBundleProjection,
  ConfigMapVolumeSource,
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  KeyToPath,
  PodCertificateProjection,
  ProjectedVolumeSource,
  SecretVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addInvalid, isGiven } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupportedInOrder, required } from "../../validation/field-errors.ts";
import { validateLabelSelector } from "../../validation/label-selector.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { addFieldRefErrors, addResourceFieldErrors, VOLUME_FIELD_PATHS } from "./field-references.ts";
import { addLocalPathErrors } from "./local-path.ts";

const MODE_MAX = 0o777;
const MODE_RULE = "must be a number between 0 and 0777 (octal), both inclusive";
const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const CERTIFICATE_SECONDS_MIN = 3600;
/** 91 days; a day when the signer is one of Kubernetes' own. */
const CERTIFICATE_SECONDS_MAX = 7_862_400;
const OWN_CERTIFICATE_SECONDS_MAX = 86_400;
const KEY_TYPES = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];

function addModeErrors(mode: number | undefined, field: string, errors: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > MODE_MAX)) errors.push(invalidValue(field, mode, MODE_RULE));
}

function addItemErrors(items: readonly KeyToPath[] | undefined, field: string, errors: FieldError[]): void {
  items?.forEach((item, index) => {
    const at = `${field}[${index}]`;
    isGiven(errors, `${at}.key`, item.key);
    isGiven(errors, `${at}.path`, item.path);
    addLocalPathErrors(errors, `${at}.path`, item.path);
    addModeErrors(item.mode, `${at}.mode`, errors);
  });
}

export function addSecretErrors(source: SecretVolumeSource, field: string, errors: FieldError[]): void {
  isGiven(errors, `${field}.secretName`, source.secretName);
  addModeErrors(source.defaultMode, `${field}.defaultMode`, errors);
  addItemErrors(source.items, `${field}.items`, errors);
}

export function addConfigMapErrors(source: ConfigMapVolumeSource, field: string, errors: FieldError[]): void {
  isGiven(errors, `${field}.name`, source.name);
  addModeErrors(source.defaultMode, `${field}.defaultMode`, errors);
  addItemErrors(source.items, `${field}.items`, errors);
}

/** Errors of a file are reported at its volume: upstream counts no items here. */
function addDownwardFileErrors(file: DownwardAPIVolumeFile, field: string, errors: FieldError[]): void {
  isGiven(errors, `${field}.path`, file.path);
  addLocalPathErrors(errors, `${field}.path`, file.path);
  if (file.fieldRef !== undefined) {
    addFieldRefErrors(file.fieldRef, VOLUME_FIELD_PATHS, `${field}.fieldRef`, errors);
    if (file.resourceFieldRef !== undefined)
      errors.push(invalidValue(field, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
  } else if (file.resourceFieldRef !== undefined) {
    addResourceFieldErrors(file.resourceFieldRef, true, `${field}.resourceFieldRef`, errors);
  } else {
    errors.push(required(field, "one of fieldRef and resourceFieldRef is required"));
  }
  addModeErrors(file.mode, `${field}.mode`, errors);
}

export function addDownwardErrors(source: DownwardAPIVolumeSource, field: string, errors: FieldError[]): void {
  addModeErrors(source.defaultMode, `${field}.defaultMode`, errors);
  for (const file of source.items ?? []) addDownwardFileErrors(file, field, errors);
}

/** Paths that the sources of one volume have taken; each may be taken once. */
class TakenPaths {
  readonly #paths = new Set<string>();
  readonly #field: string;
  readonly #errors: FieldError[];

  constructor(field: string, errors: FieldError[]) {
    this.#field = field;
    this.#errors = errors;
  }

  /** `shown` is what the error names: the source, or the path. */
  take(path: string, shown: string): void {
    if (path === "") return;
    if (this.#paths.has(path)) this.#errors.push(invalidValue(this.#field, shown, "conflicting duplicate paths"));
    this.#paths.add(path);
  }
}

function addTokenErrors(token: ServiceAccountTokenProjection, at: string, volume: string, errors: FieldError[]): void {
  const seconds = Number(token.expirationSeconds ?? TOKEN_SECONDS_MIN);
  const field = `${at}.expirationSeconds`;
  if (seconds < TOKEN_SECONDS_MIN)
    errors.push(invalidValue(field, seconds, "may not specify a duration less than 10 minutes"));
  if (seconds > TOKEN_SECONDS_MAX)
    errors.push(invalidValue(field, seconds, "may not specify a duration larger than 2^32 seconds"));
  if (isGiven(errors, `${volume}.path`, token.path)) addLocalPathErrors(errors, `${volume}.path`, token.path);
}

const SIGNER_RULE = 'must be a fully qualified domain and path of the form "example.com/signer-name"';

function addSignerErrors(signer: string, field: string, errors: FieldError[]): void {
  const slash = signer.indexOf("/");
  if (signer === "") errors.push(required(field));
  else if (slash <= 0 || slash === signer.length - 1 || signer.indexOf("/", slash + 1) >= 0)
    errors.push(invalidValue(field, signer, SIGNER_RULE));
}

function addTrustBundleErrors(
  bundle: ClusterTrustBundleProjection,
  field: string,
  taken: TakenPaths,
  errors: FieldError[],
): void {
  const { name, signerName, labelSelector, path } = bundle;
  if (name !== undefined && signerName !== undefined) {
    errors.push(invalidValue(field, bundle, "only one of name and signerName may be used"));
  } else if (name !== undefined) {
    if (name === "") errors.push(required(`${field}.name`, "must be a valid object name"));
    const plain = name.includes(":") ? name.slice(name.lastIndexOf(":") + 1) : name;
    for (const problem of dnsSubdomainProblems(plain))
      errors.push(invalidValue(`${field}.name`, name, `not a valid clustertrustbundlename: ${problem}`));
    if (labelSelector !== undefined)
      errors.push(
        invalidValue(`${field}.labelSelector`, labelSelector, "labelSelector must be unset if name is specified"),
      );
  } else if (signerName !== undefined) {
    if (signerName === "") errors.push(required(`${field}.signerName`, "must be a valid signer name"));
    addSignerErrors(signerName, `${field}.signerName`, errors);
    errors.push(...validateLabelSelector(labelSelector, `${field}.labelSelector`));
  } else {
    errors.push(required(field, "either name or signerName must be specified"));
  }
  isGiven(errors, `${field}.path`, path);
  addLocalPathErrors(errors, `${field}.path`, path);
  taken.take(path, path);
}

function addCertificateErrors(
  certificate: PodCertificateProjection,
  field: string,
  taken: TakenPaths,
  errors: FieldError[],
): void {
  const { signerName, keyType, maxExpirationSeconds: seconds } = certificate;
  addSignerErrors(signerName, `${field}.signerName`, errors);
  if (!KEY_TYPES.includes(keyType)) errors.push(notSupportedInOrder(`${field}.keyType`, keyType, KEY_TYPES));
  const isOwn = signerName.startsWith("kubernetes.io/");
  const limit = isOwn ? OWN_CERTIFICATE_SECONDS_MAX : CERTIFICATE_SECONDS_MAX;
  const refuse = (sign: string, bound: number): void => {
    const rule = `if provided, maxExpirationSeconds must be ${sign} ${bound}`;
    errors.push(invalidValue(`${field}.maxExpirationSeconds`, seconds, rule));
  };
  if (seconds !== undefined && seconds < CERTIFICATE_SECONDS_MIN) refuse(">=", CERTIFICATE_SECONDS_MIN);
  if (seconds !== undefined && seconds > limit) refuse("<=", limit);
  const paths = (["credentialBundlePath", "keyPath", "certificateChainPath"] as const).filter(
    (name) => (certificate[name] ?? "") !== "",
  );
  for (const name of paths) {
    const path = certificate[name] ?? "";
    addLocalPathErrors(errors, `${field}.${name}`, path);
    taken.take(path, path);
  }
  if (paths.length === 0)
    errors.push(required(field, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"));
}

function addProjectionErrors(
  source: VolumeProjection,
  at: string,
  volume: string,
  taken: TakenPaths,
  errors: FieldError[],
): void {
  for (const kind of ["secret", "configMap"] as const) {
    const projection = source[kind];
    if (projection === undefined) continue;
    isGiven(errors, `${at}.${kind}.name`, projection.name);
    addItemErrors(projection.items, `${at}.${kind}.items`, errors);
    for (const { path } of projection.items ?? []) taken.take(path, projection.name ?? "");
  }
  for (const file of source.downwardAPI?.items ?? []) {
    addDownwardFileErrors(file, `${at}.downwardAPI`, errors);
    taken.take(file.path, file.path);
  }
  const { serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (serviceAccountToken !== undefined)
    addTokenErrors(serviceAccountToken, `${at}.serviceAccountToken`, volume, errors);
  if (clusterTrustBundle !== undefined)
    addTrustBundleErrors(clusterTrustBundle, `${at}.clusterTrustBundle`, taken, errors);
  if (podCertificate !== undefined) addCertificateErrors(podCertificate, `${at}.podCertificate`, taken, errors);
}

export function addProjectedErrors(source: ProjectedVolumeSource, field: string, errors: FieldError[]): void {
  addModeErrors(source.defaultMode, `${field}.defaultMode`, errors);
  const taken = new TakenPaths(field, errors);
  source.sources?.forEach((projection, index) => {
    const at = `${field}.sources[${index}]`;
    addProjectionErrors(projection, at, field, taken, errors);
    const count = Object.values(projection).filter((value) => value !== undefined).length;
    if (count > 1) errors.push(forbiddenField(at, "may not specify more than 1 volume type per source"));
  });
}

/** A pod image that is mounted as a volume. */
export function addImageErrors(
  source: { readonly reference?: string | undefined; readonly pullPolicy?: string | undefined },
  isPod: boolean,
  field: string,
  errors: FieldError[],
): void {
  // A template may leave the image to whoever makes pods of it.
  if (isPod) isGiven(errors, `${field}.reference`, source.reference);
  addPullPolicyErrors(source.pullPolicy, `${field}.pullPolicy`, errors);
}

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];

export function addPullPolicyErrors(policy: string | undefined, field: string, errors: FieldError[]): void {
  if (isGiven(errors, field, policy) && !PULL_POLICIES.includes(policy))
    errors.push(notSupportedInOrder(field, policy, PULL_POLICIES));
}

/** Names of Secrets in places that report the reason at another field than the name's own. */
export function addSecretNameErrors(name: string, field: string, errors: FieldError[]): void {
  addInvalid(errors, field, name, dnsSubdomainProblems(name));
}
