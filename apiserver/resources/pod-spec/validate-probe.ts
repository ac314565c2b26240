/** Rules of probes and lifecycle hooks. */
import type { Lifecycle, LifecycleHandler, Probe } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { forbiddenField, invalidFor, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { portNameProblems, portNumberProblems } from "../../validation/names.ts";

const NOT_NEGATIVE = "must be greater than or equal to 0";
const HANDLERS = ["exec", "grpc", "httpGet", "tcpSocket"] as const;

export function validateProbe(
  probe: Probe,
  name: "livenessProbe" | "readinessProbe" | "startupProbe",
  field: string,
): FieldError[] {
  const errors = handlerErrors(probe, field);
  for (const number of [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ] as const) {
    const value = probe[number] ?? 0;
    if (value < 0) errors.push(invalidValue(`${field}.${number}`, value, NOT_NEGATIVE));
  }
  if (name !== "readinessProbe" && (probe.successThreshold ?? 1) !== 1)
    errors.push(invalidValue(`${field}.successThreshold`, probe.successThreshold, "must be 1"));
  const grace = probe.terminationGracePeriodSeconds;
  if (grace === undefined) return errors;
  if (name === "readinessProbe")
    errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, "must not be set for readinessProbes"));
  else if (Number(grace) <= 0)
    errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
  return errors;
}

export function validateLifecycle(lifecycle: Lifecycle, field: string): FieldError[] {
  return (["postStart", "preStop"] as const).flatMap((hook) => {
    const handler = lifecycle[hook];
    return handler === undefined ? [] : handlerErrors(handler, `${field}.${hook}`);
  });
}

function handlerErrors(handler: Probe & LifecycleHandler, field: string): FieldError[] {
  const set = [...HANDLERS, "sleep" as const].filter((name) => handler[name] !== undefined);
  if (set.length === 0) return [required(field, "must specify a handler type")];
  const errors = set
    .slice(1)
    .map((name) => forbiddenField(`${field}.${name}`, "may not specify more than 1 handler type"));
  if (handler.exec !== undefined && (handler.exec.command ?? []).length === 0)
    errors.push(required(`${field}.exec.command`));
  if (handler.httpGet !== undefined) {
    errors.push(...portErrors(handler.httpGet.port, `${field}.httpGet.port`));
    if ((handler.httpGet.path ?? "") === "") errors.push(required(`${field}.httpGet.path`));
    const scheme = handler.httpGet.scheme ?? "";
    if (scheme !== "HTTP" && scheme !== "HTTPS")
      errors.push(notSupported(`${field}.httpGet.scheme`, scheme, ["HTTP", "HTTPS"]));
  }
  if (handler.tcpSocket !== undefined) errors.push(...portErrors(handler.tcpSocket.port, `${field}.tcpSocket.port`));
  if (handler.grpc !== undefined) errors.push(...portErrors(handler.grpc.port, `${field}.grpc.port`));
  return errors;
}

function portErrors(port: number | string, field: string): FieldError[] {
  return typeof port === "number"
    ? invalidFor(field, port, portNumberProblems(port))
    : invalidFor(field, port, portNameProblems(port));
}
