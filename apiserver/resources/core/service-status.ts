/** What a load balancer may report in the status of a Service (`ValidateLoadBalancerStatus`). */
import type { LoadBalancerIngress, Service } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { ipProblems, isIp } from "../../validation/addresses.ts";
import { addInvalid } from "../../validation/error-list.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";

const IP_MODES = ["Proxy", "VIP"];

/** An address without a mode is a virtual one. */
export function defaultIngress({ spec, status }: Service): void {
  if (spec.type !== "LoadBalancer") return;
  for (const ingress of status?.loadBalancer?.ingress ?? []) {
    if ((ingress.ip ?? "") !== "") ingress.ipMode ??= "VIP";
  }
}

export function validateServiceStatus(next: Service, previous: Service): FieldError[] {
  const errors: FieldError[] = [];
  const ingress = next.status?.loadBalancer?.ingress ?? [];
  const at = "status.loadBalancer.ingress";
  if (next.spec.type !== "LoadBalancer") {
    if (ingress.length > 0) errors.push(forbiddenField(at, "may only be used when `spec.type` is 'LoadBalancer'"));
    return errors;
  }
  const known = new Set((previous.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip));
  ingress.forEach((one, index) => {
    addIngressErrors(one, known, `${at}[${index}]`, errors);
  });
  return errors;
}

function addIngressErrors(
  { ip = "", ipMode, hostname = "" }: LoadBalancerIngress,
  known: ReadonlySet<string | undefined>,
  field: string,
  errors: FieldError[],
): void {
  if (ip !== "" && !known.has(ip)) addInvalid(errors, `${field}.ip`, ip, ipProblems(ip));
  if (ipMode === undefined) {
    if (ip !== "") errors.push(required(`${field}.ipMode`, "must be specified when `ip` is set"));
  } else if (ip === "") errors.push(forbiddenField(`${field}.ipMode`, "may not be specified when `ip` is not set"));
  else if (!IP_MODES.includes(ipMode)) errors.push(notSupported(`${field}.ipMode`, ipMode, IP_MODES));
  if (hostname === "") return;
  addInvalid(errors, `${field}.hostname`, hostname, dnsSubdomainProblems(hostname));
  if (isIp(hostname)) errors.push(invalidValue(`${field}.hostname`, hostname, "must be a DNS name, not an IP address"));
}
