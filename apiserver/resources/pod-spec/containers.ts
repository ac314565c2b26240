/** Rules of containers: what all of them have to keep, then what main, init and ephemeral ones have of their own. */
import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  ContainerRestartRule,
  EphemeralContainer,
  PodSpec,
  Volume,
} from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addChoiceErrors, addInvalid, addNameErrors, isGiven } from "../../validation/error-list.ts";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  notSupportedInOrder,
  required,
  tooMany,
} from "../../validation/field-errors.ts";
import { dnsLabelProblems, portNameProblems, portNumberProblems } from "../../validation/names.ts";
import { addEnvErrors, addEnvFromErrors } from "./environment.ts";
import { addPullPolicyErrors } from "./file-volume.ts";
import { addDeviceErrors, addMountErrors } from "./mounts.ts";
import { addLifecycleErrors, addProbeErrors } from "./probes.ts";
import { addContainerResourceErrors } from "./resources.ts";
import { addSecurityContextErrors } from "./security-context.ts";

/** What a container's rules need to know of the pod around it. */
export interface PodFacts {
  readonly isPod: boolean;
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly claimNames: ReadonlySet<string>;
  readonly graceSeconds: number | undefined;
  readonly hostUsers: boolean;
}

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"];
const RESTART_POLICIES = ["Always", "Never", "OnFailure"];
const RESTART_RULES_MAX = 20;
const RESTART_ACTIONS = ["Restart", "RestartAllContainers"];
const EXIT_CODE_OPERATORS = ["In", "NotIn"];
const EXIT_CODES_MAX = 255;
const RESIZE_RESOURCES = ["cpu", "memory"];
const RESIZE_POLICIES = ["NotRequired", "RestartContainer"];
const ONLY_SIDECARS = "may not be set for init containers without restartPolicy=Always";

export function isSidecar(container: Pick<Container, "restartPolicy">): boolean {
  return container.restartPolicy === "Always";
}

export function addContainersErrors(spec: PodSpec, facts: PodFacts, field: string, errors: FieldError[]): void {
  const at = `${field}.containers`;
  if (spec.containers.length === 0) errors.push(required(at));
  const names = new Set<string>();
  spec.containers.forEach((container, index) =>
    addMainErrors(container, names, spec, facts, `${at}[${index}]`, errors),
  );
  addHostPortConflicts(spec.containers, at, errors);
  spec.initContainers?.forEach((container, index) => {
    addInitErrors(container, names, spec, facts, `${field}.initContainers[${index}]`, errors);
    // Init containers run one by one: each has the host's ports for itself, and upstream shows no index.
    addHostPortConflicts([container], `${field}.initContainers`, errors);
  });
  if (spec.ephemeralContainers !== undefined)
    addEphemeralErrors(spec.ephemeralContainers, spec, facts, `${field}.ephemeralContainers`, errors);
}

function addUniqueNameErrors(name: string, names: Set<string>, field: string, errors: FieldError[]): void {
  if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
  else names.add(name);
}

function addMainErrors(
  container: Container,
  names: Set<string>,
  spec: PodSpec,
  facts: PodFacts,
  field: string,
  errors: FieldError[],
): void {
  addCommonErrors(container, spec, facts, field, errors);
  addUniqueNameErrors(container.name, names, field, errors);
  addRunningErrors(container, spec, facts, field, errors);
  addRestartErrors(container.restartPolicy, container.restartPolicyRules, field, errors);
}

/** Hooks and probes: of containers that stay. */
function addRunningErrors(
  container: Container,
  spec: PodSpec,
  facts: PodFacts,
  field: string,
  errors: FieldError[],
): void {
  addLifecycleErrors(container.lifecycle, facts.graceSeconds, spec.os?.name, `${field}.lifecycle`, errors);
  addProbeErrors(container, facts.graceSeconds, field, errors);
}

function addInitErrors(
  container: Container,
  names: Set<string>,
  spec: PodSpec,
  facts: PodFacts,
  field: string,
  errors: FieldError[],
): void {
  addCommonErrors(container, spec, facts, field, errors);
  addRestartErrors(container.restartPolicy, container.restartPolicyRules, field, errors);
  if (container.name !== "" || names.has("")) addUniqueNameErrors(container.name, names, field, errors);
  if (isSidecar(container)) {
    addRunningErrors(container, spec, facts, field, errors);
    return;
  }
  for (const name of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const)
    if (container[name] !== undefined) errors.push(forbiddenField(`${field}.${name}`, ONLY_SIDECARS));
  container.resizePolicy?.forEach(({ restartPolicy }, index) => {
    if (restartPolicy === "RestartContainer")
      errors.push(
        invalidValue(
          `${field}.resizePolicy[${index}].restartPolicy`,
          restartPolicy,
          "must not be set to 'RestartContainer' for non-sidecar initContainers",
        ),
      );
  });
}

/** Fields that a container added for a look may have. */
const EPHEMERAL_FIELDS = new Set([
  "name",
  "image",
  "command",
  "args",
  "workingDir",
  "envFrom",
  "env",
  "volumeMounts",
  "volumeDevices",
  "terminationMessagePath",
  "terminationMessagePolicy",
  "imagePullPolicy",
  "securityContext",
  "stdin",
  "stdinOnce",
  "tty",
  "targetContainerName",
]);
const NOT_EPHEMERAL = "cannot be set for an Ephemeral Container";

function isSet(value: unknown): boolean {
  if (value === undefined) return false;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}

function addEphemeralErrors(
  containers: readonly EphemeralContainer[],
  spec: PodSpec,
  facts: PodFacts,
  field: string,
  errors: FieldError[],
): void {
  const others = new Set([...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  containers.forEach((container, index) => {
    const at = `${field}[${index}]`;
    addCommonErrors(container, spec, facts, at, errors);
    if (!facts.isPod) addImagePaddingErrors(container.image ?? "", at, errors);
    addUniqueNameErrors(container.name, names, at, errors);
    const target = container.targetContainerName ?? "";
    if (target !== "" && !others.has(target)) errors.push(notFoundValue(`${at}.targetContainerName`, target));
    for (const [name, value] of Object.entries(container))
      if (!EPHEMERAL_FIELDS.has(name) && isSet(value)) errors.push(forbiddenField(`${at}.${name}`, NOT_EPHEMERAL));
    container.volumeMounts?.forEach((mount, position) => {
      for (const name of ["subPath", "subPathExpr"] as const)
        if ((mount[name] ?? "") !== "")
          errors.push(forbiddenField(`${at}.volumeMounts[${position}].${name}`, NOT_EPHEMERAL));
    });
  });
}

function addImagePaddingErrors(image: string, field: string, errors: FieldError[]): void {
  if (image !== image.trim())
    errors.push(invalidValue(`${field}.image`, image, "must not have leading or trailing whitespace"));
}

function addCommonErrors(
  container: Container,
  spec: PodSpec,
  facts: PodFacts,
  field: string,
  errors: FieldError[],
): void {
  const { image = "", terminationMessagePolicy: messagePolicy = "", securityContext } = container;
  addNameErrors(errors, `${field}.name`, container.name, dnsLabelProblems);
  isGiven(errors, `${field}.image`, image);
  if (facts.isPod) addImagePaddingErrors(image, field, errors);
  if (messagePolicy === "") errors.push(required(`${field}.terminationMessagePolicy`));
  else if (!MESSAGE_POLICIES.includes(messagePolicy))
    errors.push(notSupportedInOrder(`${field}.terminationMessagePolicy`, messagePolicy, MESSAGE_POLICIES));
  addPortErrors(container.ports, `${field}.ports`, errors);
  addEnvErrors(container.env, `${field}.env`, errors);
  addEnvFromErrors(container.envFrom, `${field}.envFrom`, errors);
  const mounting = {
    volumeMounts: container.volumeMounts,
    volumeDevices: container.volumeDevices,
    isPrivileged: securityContext?.privileged === true,
  };
  addMountErrors(mounting, facts.volumes, `${field}.volumeMounts`, errors);
  addDeviceErrors(mounting, facts.volumes, `${field}.volumeDevices`, errors);
  addPullPolicyErrors(container.imagePullPolicy, `${field}.imagePullPolicy`, errors);
  addContainerResourceErrors(container.resources, facts.claimNames, `${field}.resources`, errors);
  addResizePolicyErrors(container.resizePolicy, spec.restartPolicy ?? "", `${field}.resizePolicy`, errors);
  addSecurityContextErrors(securityContext, facts.hostUsers, `${field}.securityContext`, errors);
}

function addPortErrors(ports: readonly ContainerPort[] | undefined, field: string, errors: FieldError[]): void {
  const names = new Set<string>();
  ports?.forEach(({ name = "", containerPort, hostPort = 0, protocol }, index) => {
    const at = `${field}[${index}]`;
    if (name !== "") {
      const problems = portNameProblems(name);
      addInvalid(errors, `${at}.name`, name, problems);
      if (problems.length === 0) addUniqueNameErrors(name, names, at, errors);
    }
    if (containerPort === 0) errors.push(required(`${at}.containerPort`));
    else addInvalid(errors, `${at}.containerPort`, containerPort, portNumberProblems(containerPort));
    if (hostPort !== 0) addInvalid(errors, `${at}.hostPort`, hostPort, portNumberProblems(hostPort));
    addChoiceErrors(errors, `${at}.protocol`, protocol, PROTOCOLS);
  });
}

function addHostPortConflicts(containers: readonly Container[], field: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  containers.forEach((container, index) => {
    container.ports?.forEach(({ hostPort = 0, protocol, hostIP = "" }, position) => {
      if (hostPort === 0) return;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (seen.has(key)) errors.push(duplicate(`${field}[${index}].ports[${position}].hostPort`, key));
      seen.add(key);
    });
  });
}

function addRestartErrors(
  policy: string | undefined,
  rules: readonly ContainerRestartRule[] | undefined,
  field: string,
  errors: FieldError[],
): void {
  const at = `${field}.restartPolicyRules`;
  const count = rules?.length ?? 0;
  if (policy === undefined) {
    if (count > 0)
      errors.push(required(`${field}.restartPolicy`, "must specify restartPolicy when restart rules are used"));
  } else if (!RESTART_POLICIES.includes(policy)) {
    errors.push(notSupported(`${field}.restartPolicy`, policy, RESTART_POLICIES));
  }
  if (count > RESTART_RULES_MAX) errors.push(tooMany(at, count, RESTART_RULES_MAX));
  rules?.forEach(({ action, exitCodes }, index) => {
    if (!RESTART_ACTIONS.includes(action)) errors.push(notSupported(`${at}[${index}].action`, action, RESTART_ACTIONS));
    if (exitCodes === undefined) {
      errors.push(required(`${at}[${index}].exitCodes`, "must be specified"));
      return;
    }
    const codes = `${at}[${index}].exitCodes`;
    if (!EXIT_CODE_OPERATORS.includes(exitCodes.operator))
      errors.push(notSupported(`${codes}.operator`, exitCodes.operator, EXIT_CODE_OPERATORS));
    const values = exitCodes.values?.length ?? 0;
    if (values > EXIT_CODES_MAX) errors.push(tooMany(`${codes}.values`, values, EXIT_CODES_MAX));
  });
}

function addResizePolicyErrors(
  policies: readonly ContainerResizePolicy[] | undefined,
  podRestartPolicy: string,
  field: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  policies?.forEach(({ resourceName, restartPolicy }, index) => {
    if (seen.has(resourceName)) errors.push(duplicate(`${field}[${index}]`, resourceName));
    seen.add(resourceName);
    addChoiceErrors(errors, field, resourceName, RESIZE_RESOURCES);
    addChoiceErrors(errors, field, restartPolicy, RESIZE_POLICIES);
    if (podRestartPolicy === "Never" && restartPolicy !== "NotRequired")
      errors.push(invalidValue(field, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
  });
}
