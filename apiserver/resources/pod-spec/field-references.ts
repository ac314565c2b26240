/** References to fields of the pod, its containers and to keys elsewhere: in environments and in downward API volumes. */
import type {
  FileKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { addInvalid, addNameErrors, isGiven } from "../../validation/error-list.ts";
import { invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { configKeyProblems, dnsLabelProblems, dnsSubdomainProblems, envNameProblems } from "../../validation/names.ts";
import { addBackstepErrors } from "./local-path.ts";

export const ENV_FIELD_PATHS: readonly string[] = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
export const VOLUME_FIELD_PATHS: readonly string[] = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];
/** Paths that mean something, though not everywhere. */
const KNOWN_PATHS: ReadonlySet<string> = new Set([
  ...ENV_FIELD_PATHS,
  ...VOLUME_FIELD_PATHS,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
]);
/** Spelling of clients before v1. */
const OLD_PATHS: Readonly<Record<string, string>> = { "spec.host": "spec.nodeName" };
const SUBSCRIPTED = /^(.*)\['(.*)'\]$/;

export function addFieldRefErrors(
  ref: ObjectFieldSelector,
  allowed: readonly string[],
  field: string,
  errors: FieldError[],
): void {
  const version = ref.apiVersion ?? "";
  const path = ref.fieldPath;
  if (!isGiven(errors, `${field}.apiVersion`, version) || !isGiven(errors, `${field}.fieldPath`, path)) return;
  const refuse = (why: string): void => {
    errors.push(invalidValue(`${field}.fieldPath`, path, `error converting fieldPath: ${why}`));
  };
  if (version !== "v1") return refuse(`unsupported pod version: ${version}`);
  const [, base, subscript] = SUBSCRIPTED.exec(path) ?? [];
  if (base !== undefined && subscript !== undefined) {
    if (base === "metadata.annotations") addInvalid(errors, field, subscript, annotationKeyProblems(subscript));
    else if (base === "metadata.labels") addInvalid(errors, field, subscript, qualifiedNameProblems(subscript));
    else refuse(`field label does not support subscript: ${path}`);
    return;
  }
  const known = OLD_PATHS[path] ?? path;
  if (!KNOWN_PATHS.has(known)) return refuse(`field label not supported: ${path}`);
  if (!allowed.includes(known)) errors.push(notSupported(`${field}.fieldPath`, known, allowed));
}

function annotationKeyProblems(key: string): string[] {
  return qualifiedNameProblems(key.toLowerCase());
}

const RESOURCES = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const HUGE_PAGES = /^(limits|requests)\.hugepages-/;
const BYTE_DIVISORS = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
/** By the word behind the dot: what may divide it, and what it is called. */
const DIVISORS: Readonly<Record<string, { readonly allowed: readonly string[]; readonly called: string }>> = {
  cpu: { allowed: ["1m", "1"], called: "cpu" },
  memory: { allowed: BYTE_DIVISORS, called: "memory" },
  "ephemeral-storage": { allowed: BYTE_DIVISORS, called: "local ephemeral storage" },
  hugepages: { allowed: BYTE_DIVISORS, called: "hugepages" },
};

/** A volume is shared by all containers: there the container must be named. */
export function addResourceFieldErrors(
  ref: ResourceFieldSelector,
  needsContainer: boolean,
  field: string,
  errors: FieldError[],
): void {
  const { resource, divisor = "0" } = ref;
  const isHugePages = HUGE_PAGES.test(resource);
  if (needsContainer && (ref.containerName ?? "") === "") errors.push(required(`${field}.containerName`));
  else if (resource === "") errors.push(required(`${field}.resource`));
  else if (!RESOURCES.includes(resource) && !isHugePages)
    errors.push(notSupported(`${field}.resource`, resource, RESOURCES));
  if (divisor === "0") return;
  const rule = isHugePages
    ? DIVISORS["hugepages"]
    : RESOURCES.includes(resource)
      ? DIVISORS[resource.slice(resource.indexOf(".") + 1)]
      : undefined;
  if (rule === undefined || rule.allowed.includes(divisor)) return;
  const list = rule.allowed.length === 2 ? rule.allowed.join(" and ") : rule.allowed.join(", ");
  errors.push(
    invalidValue(
      `${field}.divisor`,
      resource,
      `only divisor's values ${list} are supported with the ${rule.called} resource`,
    ),
  );
}

/** A key of a ConfigMap or a Secret. */
export function addKeyRefErrors(
  ref: { readonly name?: string | undefined; readonly key: string },
  field: string,
  errors: FieldError[],
): void {
  const name = ref.name ?? "";
  addInvalid(errors, `${field}.name`, name, dnsSubdomainProblems(name));
  addNameErrors(errors, `${field}.key`, ref.key, configKeyProblems);
}

/** A key of a file that another container wrote into a volume. */
export function addFileKeyErrors(ref: FileKeySelector, field: string, errors: FieldError[]): void {
  addNameErrors(errors, `${field}.key`, ref.key, envNameProblems);
  addNameErrors(errors, `${field}.volumeName`, ref.volumeName, dnsLabelProblems);
  if (isGiven(errors, `${field}.path`, ref.path)) addBackstepErrors(errors, `${field}.path`, ref.path);
}
