/** Rules of probes and lifecycle hooks. */
import type { Container, Lifecycle, LifecycleHandler, Probe } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { addInvalid, addNegativeErrors, isGiven } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { httpHeaderProblems, portProblems } from "../../validation/names.ts";
import { LINUX_SIGNALS, WINDOWS_SIGNALS } from "./stop-signals.ts";

type ProbeName = "livenessProbe" | "readinessProbe" | "startupProbe";
type Handler = Pick<Probe, "grpc"> & LifecycleHandler;

/** Upstream's order: of several handlers the first counts, and the others are refused. */
const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;
const COUNTS = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;
const SCHEMES = ["HTTP", "HTTPS"];
const PROBES: readonly ProbeName[] = ["livenessProbe", "readinessProbe", "startupProbe"];

export function addProbeErrors(
  container: Pick<Container, ProbeName>,
  graceSeconds: number | undefined,
  field: string,
  errors: FieldError[],
): void {
  for (const name of PROBES) {
    const probe = container[name];
    if (probe !== undefined) addOneProbeErrors(probe, name, graceSeconds, `${field}.${name}`, errors);
  }
}

function addOneProbeErrors(
  probe: Probe,
  name: ProbeName,
  graceSeconds: number | undefined,
  field: string,
  errors: FieldError[],
): void {
  addHandlerErrors(probe, graceSeconds, field, errors);
  for (const count of COUNTS) addNegativeErrors(errors, `${field}.${count}`, probe[count]);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && Number(grace) <= 0)
    errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
  if (name !== "readinessProbe") {
    if (probe.successThreshold !== 1)
      errors.push(invalidValue(`${field}.successThreshold`, probe.successThreshold ?? 0, "must be 1"));
  } else if (grace !== undefined) {
    errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, "must not be set for readinessProbes"));
  }
}

export function addLifecycleErrors(
  lifecycle: Lifecycle | undefined,
  graceSeconds: number | undefined,
  osName: string | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (lifecycle === undefined) return;
  const { postStart, preStop, stopSignal } = lifecycle;
  if (postStart !== undefined) addHandlerErrors(postStart, graceSeconds, `${field}.postStart`, errors);
  if (preStop !== undefined) addHandlerErrors(preStop, graceSeconds, `${field}.preStop`, errors);
  if (stopSignal !== undefined) addStopSignalErrors(stopSignal, osName, `${field}.stopSignal`, errors);
}

function addStopSignalErrors(signal: string, osName: string | undefined, field: string, errors: FieldError[]): void {
  if (osName === undefined) {
    errors.push(forbiddenField(field, "may not be set for containers with empty `spec.os.name`"));
    return;
  }
  const known = osName === "windows" ? WINDOWS_SIGNALS : osName === "linux" ? LINUX_SIGNALS : undefined;
  if (known !== undefined && !known.includes(signal)) errors.push(notSupported(field, signal, known));
}

function addHandlerErrors(
  handler: Handler,
  graceSeconds: number | undefined,
  field: string,
  errors: FieldError[],
): void {
  const [first, ...others] = HANDLERS.filter((kind) => handler[kind] !== undefined);
  if (first === undefined) {
    errors.push(required(field, "must specify a handler type"));
    return;
  }
  addKindErrors(handler, first, graceSeconds, `${field}.${first}`, errors);
  for (const kind of others)
    errors.push(forbiddenField(`${field}.${kind}`, "may not specify more than 1 handler type"));
}

function addKindErrors(
  handler: Handler,
  kind: (typeof HANDLERS)[number],
  graceSeconds: number | undefined,
  field: string,
  errors: FieldError[],
): void {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (kind === "exec" && (exec?.command ?? []).length === 0) errors.push(required(`${field}.command`));
  if (kind === "httpGet" && httpGet !== undefined) {
    isGiven(errors, `${field}.path`, httpGet.path);
    addInvalid(errors, `${field}.port`, httpGet.port, portProblems(httpGet.port));
    const scheme = httpGet.scheme ?? "";
    if (!SCHEMES.includes(scheme)) errors.push(notSupported(`${field}.scheme`, scheme, SCHEMES));
    for (const { name } of httpGet.httpHeaders ?? [])
      addInvalid(errors, `${field}.httpHeaders`, name, httpHeaderProblems(name));
  }
  if (kind === "tcpSocket" && tcpSocket !== undefined)
    addInvalid(errors, `${field}.port`, tcpSocket.port, portProblems(tcpSocket.port));
  if (kind === "grpc" && grpc !== undefined) addInvalid(errors, `${field}.port`, grpc.port, portProblems(grpc.port));
  if (kind === "sleep" && sleep !== undefined && graceSeconds !== undefined) {
    const seconds = Number(sleep.seconds);
    if (seconds >= 0 && seconds <= graceSeconds) return;
    const rule = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
    errors.push(invalidValue(field, sleep.seconds, rule));
  }
}
