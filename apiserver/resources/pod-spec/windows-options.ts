/** Rules of `windowsOptions`, and of what belongs to one operating system only (`validateLinux`, `validateWindows`). */
import type { PodSpec, SecurityContext, WindowsSecurityContextOptions } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addInvalid } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";

const CREDENTIAL_SPEC_KIB_MAX = 64;
const DOMAIN_MAX = 256;
const USER_MAX = 104;
const CONTROL = /\p{Cc}/u;
const NET_BIOS_NAME = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_PART = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const DNS_NAME = new RegExp(`^${DNS_PART}(?:\\.${DNS_PART})*$`);
const DOTS_AND_SPACES = /^[. ]+$/;
const NOT_IN_USERS = /["/\\:;|=,+*?<>@[\]]/;

function userNameProblems(user: string): string[] {
  const problems: string[] = [];
  if (user === "") problems.push("runAsUserName's User cannot be empty");
  if (user.length > USER_MAX)
    problems.push(`runAsUserName's User length must not be longer than ${USER_MAX} characters`);
  if (DOTS_AND_SPACES.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces");
  if (NOT_IN_USERS.test(user))
    problems.push("runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
  return problems;
}

/** `USER`, or `DOMAIN\USER`. */
function runAsProblems(name: string): string[] {
  if (name === "") return ["runAsUserName cannot be an empty string"];
  if (CONTROL.test(name)) return ["runAsUserName cannot contain control characters"];
  const parts = name.split("\\");
  if (parts.length > 2) return ["runAsUserName cannot contain more than one backslash"];
  const problems: string[] = [];
  const [domain = ""] = parts.length === 2 ? parts : [];
  if (domain.length >= DOMAIN_MAX)
    problems.push(`runAsUserName's Domain length must be under ${DOMAIN_MAX} characters`);
  if (parts.length === 2 && !NET_BIOS_NAME.test(domain) && !DNS_NAME.test(domain))
    problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  return [...problems, ...userNameProblems(parts.at(-1) ?? "")];
}

function credentialSpecProblems(spec: string): string[] {
  if (spec === "") return ["gmsaCredentialSpec cannot be an empty string"];
  return Buffer.byteLength(spec) > CREDENTIAL_SPEC_KIB_MAX * 1024
    ? [`gmsaCredentialSpec size must be under ${CREDENTIAL_SPEC_KIB_MAX} KiB`]
    : [];
}

export function addWindowsOptionErrors(
  options: WindowsSecurityContextOptions | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (options === undefined) return;
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (specName !== undefined)
    addInvalid(errors, `${field}.gmsaCredentialSpecName`, specName, dnsSubdomainProblems(specName));
  if (spec !== undefined) addInvalid(errors, `${field}.gmsaCredentialSpec`, spec, credentialSpecProblems(spec));
  if (user !== undefined) addInvalid(errors, `${field}.runAsUserName`, user, runAsProblems(user));
}

interface PlacedContext {
  readonly context: SecurityContext | undefined;
  /** Of the container. */
  readonly field: string;
}

function containerContexts(spec: PodSpec, field: string): PlacedContext[] {
  return (["initContainers", "containers", "ephemeralContainers"] as const).flatMap((group) =>
    (spec[group] ?? []).map(({ securityContext }, index) => ({
      context: securityContext,
      field: `${field}.${group}[${index}]`,
    })),
  );
}

/** Containers that run as processes of the host: all of a pod, and on its network. */
export function addHostProcessErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = containerContexts(spec, field);
  let count = 0;
  for (const { context, field: at } of containers) {
    const own = context?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && own !== ofPod)
      errors.push(
        invalidValue(
          `${at}.securityContext.windowsOptions.hostProcess`,
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
        ),
      );
    if (own ?? ofPod === true) count++;
  }
  if (count === 0) return;
  if (count !== containers.length)
    errors.push(
      invalidValue(
        field,
        "",
        "If pod contains any hostProcess containers then all containers must be HostProcess containers",
      ),
    );
  if (spec.hostNetwork !== true)
    errors.push(
      invalidValue(
        `${field}.hostNetwork`,
        false,
        "hostNetwork must be true if pod contains any hostProcess containers",
      ),
    );
}

const LINUX_POD_FIELDS = ["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"] as const;
const LINUX_POD_CONTEXT = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "fsGroup",
  "fsGroupChangePolicy",
  "sysctls",
  "runAsUser",
  "runAsGroup",
  "supplementalGroups",
  "supplementalGroupsPolicy",
  "seLinuxChangePolicy",
] as const;
const LINUX_CONTEXT = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
] as const;

function addWindowsPodErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  const refuse = (name: string): void => {
    errors.push(forbiddenField(name, "cannot be set for a windows pod"));
  };
  for (const name of LINUX_POD_FIELDS) {
    const value = spec[name];
    // The host's namespaces are plain switches: off means not set.
    const isSet = name === "hostPID" || name === "hostIPC" ? value === true : value !== undefined;
    if (isSet) refuse(`${field}.${name}`);
  }
  for (const name of LINUX_POD_CONTEXT)
    if (spec.securityContext?.[name] !== undefined) refuse(`${field}.securityContext.${name}`);
  for (const { context, field: at } of containerContexts(spec, field)) {
    for (const name of LINUX_CONTEXT) if (context?.[name] !== undefined) refuse(`${at}.securityContext.${name}`);
  }
}

function addLinuxPodErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  const pod = { context: spec.securityContext, field };
  for (const { context, field: at } of [pod, ...containerContexts(spec, field)]) {
    if (context?.windowsOptions !== undefined)
      errors.push(
        forbiddenField(`${at}.securityContext.windowsOptions`, "windows options cannot be set for a linux pod"),
      );
  }
}

/** What the named operating system does not know may not be set. */
export function addOsErrors(spec: PodSpec, field: string, errors: FieldError[]): void {
  if (spec.os === undefined) return;
  const { name } = spec.os;
  if (name === "") errors.push(required(`${field}.os.name`));
  else if (name === "linux") addLinuxPodErrors(spec, field, errors);
  else if (name === "windows") addWindowsPodErrors(spec, field, errors);
  else errors.push(notSupported(`${field}.os`, name, ["linux", "windows"]));
}
