/** Annotations of pods with a meaning, most of them from before there were fields (`ValidatePodSpecificAnnotations`). */
import type { AppArmorProfile, PodSpec, SeccompProfile } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { forbiddenField, invalidValue } from "../../validation/field-errors.ts";
import { addDescendingPathErrors } from "./local-path.ts";

type Annotations = Readonly<Record<string, string>>;

export const MIRROR = "kubernetes.io/config.mirror";
const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
export const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
export const SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";
export const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";
const LOCALHOST = "localhost/";
const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const DECIMAL = /^[+-]?\d+$/;

function isInt32(text: string): boolean {
  if (!DECIMAL.test(text) || text.startsWith("+") || (text.startsWith("0") && text !== "0")) return false;
  return Number(text) >= INT32_MIN && Number(text) <= INT32_MAX;
}

function containersOf(
  spec: PodSpec,
): readonly { readonly at: string; readonly name: string; readonly index: number }[] {
  return (["initContainers", "containers", "ephemeralContainers"] as const).flatMap((group) =>
    (spec[group] ?? []).map(({ name }, index) => ({ at: `${group}[${index}]`, name, index })),
  );
}

function addSeccompProfileErrors(profile: string, field: string, errors: FieldError[]): void {
  if (profile === "runtime/default" || profile === "docker/default" || profile === "unconfined") return;
  if (profile.startsWith(LOCALHOST)) addDescendingPathErrors(errors, field, profile.slice(LOCALHOST.length));
  else errors.push(invalidValue(field, profile, "must be a valid seccomp profile"));
}

function isAppArmorProfile(profile: string): boolean {
  return profile === "" || profile === "runtime/default" || profile === "unconfined" || profile.startsWith(LOCALHOST);
}

/** `field` is that of the annotations. */
export function addPodAnnotationErrors(
  annotations: Annotations | undefined,
  spec: PodSpec,
  field: string,
  errors: FieldError[],
): void {
  if (annotations === undefined) return;
  const mirror = annotations[MIRROR];
  if (mirror !== undefined && (spec.nodeName ?? "") === "")
    errors.push(invalidValue(`${field}[${MIRROR}]`, mirror, "must set spec.nodeName if mirror pod annotation is set"));
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && !isInt32(cost))
    errors.push(invalidValue(`${field}[${DELETION_COST}]`, cost, "must be a 32bit integer"));
  for (const [key, value] of Object.entries(annotations)) {
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER))
      addSeccompProfileErrors(value, `${field}.${key}`, errors);
    if (!key.startsWith(APP_ARMOR)) continue;
    const name = key.slice(APP_ARMOR.length);
    if (!containersOf(spec).some((container) => container.name === name))
      errors.push(invalidValue(`${field}[${key}]`, name, "container not found"));
    if (!isAppArmorProfile(value))
      errors.push(invalidValue(`${field}[${key}]`, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`));
  }
}

function addSeccompMatchErrors(
  annotation: string | undefined,
  profile: SeccompProfile | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (annotation === undefined || profile === undefined) return;
  const expected = { Unconfined: ["unconfined"], RuntimeDefault: ["runtime/default", "docker/default"] }[profile.type];
  const isSameType = profile.type === "Localhost" ? annotation.startsWith(LOCALHOST) : expected?.includes(annotation);
  if (isSameType === false)
    errors.push(forbiddenField(`${field}.type`, "seccomp type in annotation and field must match"));
  else if (profile.type === "Localhost" && annotation.slice(LOCALHOST.length) !== profile.localhostProfile)
    errors.push(forbiddenField(`${field}.localhostProfile`, "seccomp profile in annotation and field must match"));
}

function addAppArmorMatchErrors(
  annotation: string | undefined,
  profile: AppArmorProfile | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (annotation === undefined || profile === undefined) return;
  const expected = { Unconfined: "unconfined", RuntimeDefault: "runtime/default" }[profile.type];
  const isSameType =
    profile.type === "Localhost" ? annotation.startsWith(LOCALHOST) : expected === undefined || annotation === expected;
  if (!isSameType) errors.push(forbiddenField(`${field}.type`, "apparmor type in annotation and field must match"));
  else if (profile.type === "Localhost" && annotation.slice(LOCALHOST.length) !== profile.localhostProfile)
    errors.push(forbiddenField(`${field}.localhostProfile`, "apparmor profile in annotation and field must match"));
}

/** Old annotations beside the fields that took their place must say the same. `field` is the spec's. */
export function addProfileMatchErrors(
  annotations: Annotations | undefined,
  spec: PodSpec,
  field: string,
  errors: FieldError[],
): void {
  if (annotations === undefined) return;
  const ofPod = spec.securityContext;
  addSeccompMatchErrors(
    annotations[SECCOMP_POD],
    ofPod?.seccompProfile,
    `${field}.securityContext.seccompProfile`,
    errors,
  );
  for (const group of ["initContainers", "containers", "ephemeralContainers"] as const) {
    spec[group]?.forEach(({ name, securityContext }, index) => {
      const at = `${field}.${group}[${index}].securityContext`;
      const { seccompProfile, appArmorProfile } = securityContext ?? {};
      addSeccompMatchErrors(annotations[`${SECCOMP_CONTAINER}${name}`], seccompProfile, `${at}.seccompProfile`, errors);
      if (spec.os?.name === "windows") return;
      const profile = appArmorProfile ?? ofPod?.appArmorProfile;
      addAppArmorMatchErrors(annotations[`${APP_ARMOR}${name}`], profile, `${at}.appArmorProfile`, errors);
    });
  }
}

/** Annotations that a pod is born with: they may not come, change or go. */
export function addAnnotationUpdateErrors(
  next: Annotations | undefined,
  previous: Annotations | undefined,
  field: string,
  errors: FieldError[],
): void {
  const word = (key: string): string | undefined =>
    key === MIRROR ? "mirror pod annotation" : key.startsWith(APP_ARMOR) ? "AppArmor annotations" : undefined;
  for (const [key, value] of Object.entries(previous ?? {})) {
    const what = word(key);
    if (what !== undefined && next?.[key] !== value)
      errors.push(forbiddenField(`${field}[${key}]`, `may not remove or update ${what}`));
  }
  for (const key of Object.keys(next ?? {})) {
    const what = word(key);
    if (what !== undefined && previous?.[key] === undefined)
      errors.push(forbiddenField(`${field}[${key}]`, `may not add ${what}`));
  }
}
