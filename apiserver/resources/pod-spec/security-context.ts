/** Rules of `securityContext`, of pods and of containers (`ValidateSecurityContext`). */
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addOptionalChoiceErrors, inclusiveRange, isGiven } from "../../validation/error-list.ts";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  notSupportedInOrder,
  required,
  tooLong,
} from "../../validation/field-errors.ts";
import { addDescendingPathErrors } from "./local-path.ts";
import { addWindowsOptionErrors } from "./windows-options.ts";

const ID_MAX = 2 ** 31 - 1;
const ID_RULE = inclusiveRange(0, ID_MAX);
const PROFILE_TYPES = ["Localhost", "RuntimeDefault", "Unconfined"];
const PROC_MOUNTS = ["Default", "Unmasked"];
/** One less than the longest path of Linux. */
const PROFILE_PATH_MAX = 4095;

function addIdErrors(id: number | undefined, field: string, errors: FieldError[]): void {
  if (id !== undefined && (Number(id) < 0 || Number(id) > ID_MAX)) errors.push(invalidValue(field, id, ID_RULE));
}

function addSeccompErrors(profile: SeccompProfile | undefined, field: string, errors: FieldError[]): void {
  if (profile === undefined) return;
  const { type, localhostProfile } = profile;
  if (type === "") errors.push(required(`${field}.type`, "type is required when seccompProfile is set"));
  else if (!PROFILE_TYPES.includes(type)) errors.push(notSupported(`${field}.type`, type, PROFILE_TYPES));
  if (type !== "Localhost") {
    if (localhostProfile !== undefined)
      errors.push(invalidValue(`${field}.localhostProfile`, profile, "can only be set when seccomp type is Localhost"));
  } else if (localhostProfile === undefined) {
    errors.push(required(`${field}.localhostProfile`, "must be set when seccomp type is Localhost"));
  } else {
    addDescendingPathErrors(errors, `${field}.localhostProfile`, localhostProfile);
  }
}

/** What is wrong with an AppArmor profile; also asked before an old annotation is taken over. */
export function addAppArmorErrors(profile: AppArmorProfile | undefined, field: string, errors: FieldError[]): void {
  if (profile === undefined) return;
  const { type, localhostProfile: path } = profile;
  const at = `${field}.localhostProfile`;
  if (type === "") errors.push(required(`${field}.type`, "type is required when appArmorProfile is set"));
  else if (!PROFILE_TYPES.includes(type)) errors.push(notSupported(`${field}.type`, type, PROFILE_TYPES));
  else if (type !== "Localhost") {
    if (path !== undefined) errors.push(invalidValue(at, path, "can only be set when AppArmor type is Localhost"));
  } else if (path === undefined || path === "") {
    errors.push(required(at, "must be set when AppArmor type is Localhost"));
  } else {
    if (path.trim() !== path) errors.push(invalidValue(at, path, "must not be padded with whitespace"));
    if (path.length > PROFILE_PATH_MAX) errors.push(tooLong(at, PROFILE_PATH_MAX));
  }
}

export function addSecurityContextErrors(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  field: string,
  errors: FieldError[],
): void {
  if (context === undefined) return;
  const { procMount } = context;
  addIdErrors(context.runAsUser, `${field}.runAsUser`, errors);
  addIdErrors(context.runAsGroup, `${field}.runAsGroup`, errors);
  if (procMount !== undefined) {
    if (!PROC_MOUNTS.includes(procMount))
      errors.push(notSupportedInOrder(`${field}.procMount`, procMount, PROC_MOUNTS));
    if (hostUsers && procMount === "Unmasked")
      errors.push(invalidValue(`${field}.procMount`, procMount, "`hostUsers` must be false to use `Unmasked`"));
  }
  addSeccompErrors(context.seccompProfile, `${field}.seccompProfile`, errors);
  if (context.allowPrivilegeEscalation === false) {
    const refuse = (what: string): void => {
      errors.push(invalidValue(field, context, `cannot set \`allowPrivilegeEscalation\` to false and ${what}`));
    };
    if (context.privileged === true) refuse("`privileged` to true");
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN") === true) refuse("`capabilities.Add` CAP_SYS_ADMIN");
  }
  addWindowsOptionErrors(context.windowsOptions, `${field}.windowsOptions`, errors);
  addAppArmorErrors(context.appArmorProfile, `${field}.appArmorProfile`, errors);
}

const SYSCTL_MAX = 253;
const SYSCTL_PART = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SYSCTL_FORM = `^(${SYSCTL_PART}[\\./])*${SYSCTL_PART}$`;
const SYSCTL = new RegExp(SYSCTL_FORM);
const SYSCTL_RULE = `must have at most ${SYSCTL_MAX} characters and match regex ${SYSCTL_FORM}`;
/** Settings that a pod shares with its host when it shares that namespace. */
const NETWORK_SYSCTL = /^net[./]/;
const IPC_SYSCTL = /^(kernel[./](shm|msg|sem)|fs[./]mqueue[./])/;

function addSysctlErrors(sysctls: readonly Sysctl[], spec: PodSpec, field: string, errors: FieldError[]): void {
  const names = new Set<string>();
  sysctls.forEach(({ name }, index) => {
    const at = `${field}[${index}].name`;
    if (isGiven(errors, at, name)) {
      if (name.length > SYSCTL_MAX || !SYSCTL.test(name)) errors.push(invalidValue(at, name, SYSCTL_RULE));
      else if (names.has(name)) errors.push(duplicate(at, name));
    }
    if (spec.hostNetwork === true && NETWORK_SYSCTL.test(name))
      errors.push(invalidValue(at, name, "may not be specified when 'hostNetwork' is true"));
    else if (spec.hostIPC === true && IPC_SYSCTL.test(name))
      errors.push(invalidValue(at, name, "may not be specified when 'hostIPC' is true"));
    names.add(name);
  });
}

/** `field` is the pod spec's. */
export function addPodSecurityContextErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  const at = `${field}.securityContext`;
  const context: PodSecurityContext = spec.securityContext ?? {};
  addIdErrors(context.fsGroup, `${at}.fsGroup`, errors);
  addIdErrors(context.runAsUser, `${at}.runAsUser`, errors);
  addIdErrors(context.runAsGroup, `${at}.runAsGroup`, errors);
  context.supplementalGroups?.forEach((id, index) => addIdErrors(id, `${at}.supplementalGroups[${index}]`, errors));
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    errors.push(
      invalidValue(`${at}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled"),
    );
  addSysctlErrors(context.sysctls ?? [], spec, `${at}.sysctls`, errors);
  const { fsGroupChangePolicy, supplementalGroupsPolicy, seLinuxChangePolicy } = context;
  addOptionalChoiceErrors(errors, `${at}.fsGroupChangePolicy`, fsGroupChangePolicy, ["Always", "OnRootMismatch"]);
  addSeccompErrors(context.seccompProfile, `${at}.seccompProfile`, errors);
  addWindowsOptionErrors(context.windowsOptions, `${at}.windowsOptions`, errors);
  addAppArmorErrors(context.appArmorProfile, `${at}.appArmorProfile`, errors);
  addOptionalChoiceErrors(errors, `${at}.supplementalGroupsPolicy`, supplementalGroupsPolicy, ["Merge", "Strict"]);
  addOptionalChoiceErrors(errors, `${at}.seLinuxChangePolicy`, seLinuxChangePolicy, ["MountOption", "Recursive"]);
}

/** Pods with users of their own may not share the host's other namespaces. */
export function addHostUsersErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  if (spec.hostUsers !== false) return;
  const refuse = (name: string): void => {
    errors.push(forbiddenField(`${field}.${name}`, "when `hostUsers` is false"));
  };
  if (spec.hostNetwork === true) refuse("hostNetwork");
  if (spec.hostPID === true) refuse("HostPID");
  if (spec.hostIPC === true) refuse("HostIPC");
  for (const group of ["initContainers", "containers", "ephemeralContainers"] as const) {
    spec[group]?.forEach(({ volumeDevices = [] }, index) => {
      if (volumeDevices.length > 0) refuse(`${group}[${index}].volumeDevices`);
    });
  }
}
