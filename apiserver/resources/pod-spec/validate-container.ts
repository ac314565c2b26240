/** Rules of containers: main, init and ephemeral ones. */
import type { Container, ContainerPort, EnvVar, PodSpec, VolumeMount } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import {
  duplicate,
  forbiddenField,
  invalidFor,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from "../../validation/field-errors.ts";
import { dnsLabelProblems, envNameProblems, portNameProblems, portNumberProblems } from "../../validation/names.ts";
import { validateLifecycle, validateProbe } from "./validate-probe.ts";
import { validateResources } from "./validate-resources.ts";

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const MESSAGE_POLICIES = ["FallbackToLogsOnError", "File"];

export function validateContainers(spec: PodSpec, field: string): FieldError[] {
  const names = new Set<string>();
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name));
  const errors: FieldError[] = spec.containers.length === 0 ? [required(`${field}.containers`)] : [];
  const groups = { initContainers: spec.initContainers ?? [], containers: spec.containers };
  for (const [group, containers] of Object.entries(groups)) {
    containers.forEach((container, index) => {
      const at = `${field}.${group}[${index}]`;
      if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
      names.add(container.name);
      errors.push(
        ...validateContainer(container, volumes, spec.hostNetwork === true, at),
        ...probeErrors(container, group, at),
      );
    });
  }
  return [...errors, ...hostPortConflicts(spec, field)];
}

function probeErrors(container: Container, group: string, field: string): FieldError[] {
  const isSidecar = group === "initContainers" && container.restartPolicy === "Always";
  const forbidden = group === "initContainers" && !isSidecar;
  const errors: FieldError[] = [];
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    if (container[name] === undefined) continue;
    if (forbidden)
      errors.push(
        forbiddenField(`${field}.${name}`, "may not be set for init containers without restartPolicy=Always"),
      );
    else errors.push(...validateProbe(container[name], name, `${field}.${name}`));
  }
  if (container.lifecycle !== undefined) {
    if (forbidden)
      errors.push(
        forbiddenField(`${field}.lifecycle`, "may not be set for init containers without restartPolicy=Always"),
      );
    else errors.push(...validateLifecycle(container.lifecycle, `${field}.lifecycle`));
  }
  return errors;
}

function validateContainer(
  container: Container,
  volumes: ReadonlySet<string>,
  isHostNetwork: boolean,
  field: string,
): FieldError[] {
  const image = container.image ?? "";
  const policy = container.imagePullPolicy ?? "";
  const messagePolicy = container.terminationMessagePolicy ?? "";
  return [
    ...(container.name === ""
      ? [required(`${field}.name`)]
      : invalidFor(`${field}.name`, container.name, dnsLabelProblems(container.name))),
    ...(image === "" ? [required(`${field}.image`)] : []),
    ...(image !== image.trim()
      ? [invalidValue(`${field}.image`, image, "must not have leading or trailing whitespace")]
      : []),
    ...(PULL_POLICIES.includes(policy) ? [] : [notSupported(`${field}.imagePullPolicy`, policy, PULL_POLICIES)]),
    ...(MESSAGE_POLICIES.includes(messagePolicy)
      ? []
      : [notSupported(`${field}.terminationMessagePolicy`, messagePolicy, MESSAGE_POLICIES)]),
    ...portErrors(container.ports ?? [], isHostNetwork, `${field}.ports`),
    ...(container.env ?? []).flatMap((variable, index) => envErrors(variable, `${field}.env[${index}]`)),
    ...envFromErrors(container, field),
    ...mountErrors(container.volumeMounts ?? [], volumes, `${field}.volumeMounts`),
    ...validateResources(container.resources, `${field}.resources`),
  ];
}

function portErrors(ports: readonly ContainerPort[], isHostNetwork: boolean, field: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (port.name !== undefined && port.name !== "") {
      errors.push(...invalidFor(`${at}.name`, port.name, portNameProblems(port.name)));
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (port.containerPort === 0) errors.push(required(`${at}.containerPort`));
    else errors.push(...invalidFor(`${at}.containerPort`, port.containerPort, portNumberProblems(port.containerPort)));
    const hostPort = port.hostPort ?? 0;
    if (hostPort !== 0) errors.push(...invalidFor(`${at}.hostPort`, hostPort, portNumberProblems(hostPort)));
    if (isHostNetwork && hostPort !== 0 && hostPort !== port.containerPort)
      errors.push(
        invalidValue(`${at}.containerPort`, port.containerPort, "must match `hostPort` when `hostNetwork` is true"),
      );
    if (!PROTOCOLS.includes(port.protocol ?? ""))
      errors.push(notSupported(`${at}.protocol`, port.protocol ?? "", PROTOCOLS));
    return errors;
  });
}

function hostPortConflicts(spec: PodSpec, field: string): FieldError[] {
  const seen = new Set<string>();
  return spec.containers.flatMap((container, at) =>
    (container.ports ?? []).flatMap((port, index) => {
      if ((port.hostPort ?? 0) === 0) return [];
      const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
      const errors = seen.has(key) ? [duplicate(`${field}.containers[${at}].ports[${index}].hostPort`, key)] : [];
      seen.add(key);
      return errors;
    }),
  );
}

const FIELD_PATHS =
  /^(metadata\.(name|namespace|uid|labels(\['.*'\])?|annotations(\['.*'\])?)|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs))$/;

function envErrors(variable: EnvVar, field: string): FieldError[] {
  const errors =
    variable.name === ""
      ? [required(`${field}.name`)]
      : invalidFor(`${field}.name`, variable.name, envNameProblems(variable.name));
  const source = variable.valueFrom;
  if (source === undefined) return errors;
  const at = `${field}.valueFrom`;
  const sources = Object.keys(source);
  if (sources.length === 0)
    errors.push(
      invalidValue(
        at,
        "",
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
      ),
    );
  if (sources.length > 1) errors.push(invalidValue(at, "", "may not have more than one field specified at a time"));
  if ((variable.value ?? "") !== "")
    errors.push(invalidValue(at, "", "may not be specified when `value` is not empty"));
  const path = source.fieldRef?.fieldPath;
  if (path === "") errors.push(required(`${at}.fieldRef.fieldPath`));
  else if (path !== undefined && !FIELD_PATHS.test(path))
    errors.push(
      invalidValue(`${at}.fieldRef.fieldPath`, path, `error converting fieldPath: field label not supported: ${path}`),
    );
  for (const kind of ["configMapKeyRef", "secretKeyRef"] as const) {
    const ref = source[kind];
    if (ref === undefined) continue;
    if ((ref.name ?? "") === "") errors.push(required(`${at}.${kind}.name`));
    if (ref.key === "") errors.push(required(`${at}.${kind}.key`));
  }
  return errors;
}

function envFromErrors(container: Container, field: string): FieldError[] {
  return (container.envFrom ?? []).flatMap((source, index) => {
    const at = `${field}.envFrom[${index}]`;
    if (source.configMapRef === undefined && source.secretRef === undefined)
      return [invalidValue(at, "", "must specify one of: `configMapRef` or `secretRef`")];
    if (source.configMapRef !== undefined && source.secretRef !== undefined)
      return [invalidValue(at, "", "may not have more than one field specified at a time")];
    const name = source.configMapRef?.name ?? source.secretRef?.name ?? "";
    return name === ""
      ? [required(`${at}.${source.configMapRef === undefined ? "secretRef" : "configMapRef"}.name`)]
      : [];
  });
}

function mountErrors(mounts: readonly VolumeMount[], volumes: ReadonlySet<string>, field: string): FieldError[] {
  const paths = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (mount.name === "") errors.push(required(`${at}.name`));
    else if (!volumes.has(mount.name)) errors.push(notFoundValue(`${at}.name`, mount.name));
    if (mount.mountPath === "") errors.push(required(`${at}.mountPath`));
    if (paths.has(mount.mountPath)) errors.push(invalidValue(`${at}.mountPath`, mount.mountPath, "must be unique"));
    paths.add(mount.mountPath);
    const subPath = mount.subPath ?? "";
    if (subPath.startsWith("/")) errors.push(invalidValue(`${at}.subPath`, subPath, "must be a relative path"));
    if (subPath.split("/").includes("..")) errors.push(invalidValue(`${at}.subPath`, subPath, "must not contain '..'"));
    if (subPath !== "" && (mount.subPathExpr ?? "") !== "")
      errors.push(
        invalidValue(`${at}.subPathExpr`, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive"),
      );
    return errors;
  });
}
