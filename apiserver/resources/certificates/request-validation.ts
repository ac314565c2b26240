/**
 * Rules of certificate requests (`pkg/apis/certificates/validation/validation.go`). What a stored request does wrong
 * already is let pass on updates: nobody could decide about it otherwise.
 */
import { X509Certificate } from "node:crypto";
import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { duplicate, forbiddenField, invalidValue, notSupported, required } from "../../validation/field-errors.ts";
import { pemBlocks } from "./pem.ts";
import { certificateRequestProblem } from "./pkcs10.ts";
import { conditionsOf, conditionsOfType } from "./request-conditions.ts";
import { signerNameErrors } from "./signer-name.ts";

const USAGES = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];
const LEGACY_SIGNER = "kubernetes.io/legacy-unknown";
const EXPIRATION_SECONDS_MIN = 600;
/** Conditions that are true or absent. */
const DECISIONS = ["Approved", "Denied", "Failed"];
const STATUSES = ["False", "True", "Unknown"];

export function requestErrors(request: CertificateSigningRequest, previous?: CertificateSigningRequest): FieldError[] {
  const { spec } = request;
  const { signerName, expirationSeconds } = spec;
  const problem = certificateRequestProblem(spec.request || "");
  return [
    ...(problem === undefined ? [] : [invalidValue("spec.request", spec.request || null, problem)]),
    ...usageErrors(spec.usages ?? [], previous?.spec.usages ?? []),
    ...(signerName === LEGACY_SIGNER && previous?.spec.signerName !== LEGACY_SIGNER
      ? [invalidValue("spec.signerName", signerName, "the legacy signerName is not allowed via this API version")]
      : signerNameErrors(signerName, "spec.signerName")),
    ...(expirationSeconds !== undefined && expirationSeconds < EXPIRATION_SECONDS_MIN
      ? [
          invalidValue(
            "spec.expirationSeconds",
            expirationSeconds,
            "may not specify a duration less than 600 seconds (10 minutes)",
          ),
        ]
      : []),
    ...conditionErrors(request, previous),
    ...certificateErrors(request, previous),
  ];
}

function usageErrors(usages: readonly string[], before: readonly string[]): FieldError[] {
  if (usages.length === 0) return [required("spec.usages")];
  const errors: FieldError[] = [];
  const at = (index: number): string => `spec.usages[${index}]`;
  if (before.every((usage) => USAGES.includes(usage))) {
    for (const [index, usage] of usages.entries())
      if (!USAGES.includes(usage)) errors.push(notSupported(at(index), usage, USAGES));
  }
  if (new Set(before).size === before.length) {
    for (const [index, usage] of usages.entries())
      if (usages.indexOf(usage) < index) errors.push(duplicate(at(index), usage));
  }
  return errors;
}

function conditionErrors(
  request: CertificateSigningRequest,
  previous: CertificateSigningRequest | undefined,
): FieldError[] {
  const before = conditionsOf(previous).map(({ type }) => type);
  const mayContradict = before.includes("Approved") && before.includes("Denied");
  const mayRepeat = new Set(before).size < before.length;
  const seen = new Set<string>();
  return conditionsOf(request).flatMap(({ type, status }, index) => {
    const at = `status.conditions[${index}]`;
    const errors = type === "" && !before.includes("") ? [required(`${at}.type`)] : [];
    const allowed = DECISIONS.includes(type) ? ["True"] : STATUSES;
    if (status === "") errors.push(required(`${at}.status`));
    else if (!allowed.includes(status)) errors.push(notSupported(`${at}.status`, status, allowed));
    const opposite = type === "Approved" ? "Denied" : type === "Denied" ? "Approved" : undefined;
    if (opposite !== undefined && seen.has(opposite) && !mayContradict)
      errors.push(invalidValue(`${at}.type`, type, "Approved and Denied conditions are mutually exclusive"));
    if (seen.has(type) && !mayRepeat) errors.push(duplicate(`${at}.type`, type));
    seen.add(type);
    return errors;
  });
}

function certificateErrors(
  { status }: CertificateSigningRequest,
  previous: CertificateSigningRequest | undefined,
): FieldError[] {
  const certificate = status?.certificate ?? "";
  const before = previous?.status?.certificate ?? "";
  const isKept = previous !== undefined && certificate === before;
  if (isKept || certificateProblem(before) !== undefined) return [];
  const problem = certificateProblem(certificate);
  return problem === undefined ? [] : [invalidValue("status.certificate", "<certificate data>", problem)];
}

/** What is wrong with the base64 of a chain of PEM certificates; nothing when there is none at all. */
function certificateProblem(base64: string): string | undefined {
  if (base64 === "") return undefined;
  const blocks = pemBlocks(Buffer.from(base64, "base64").toString("latin1"));
  if (blocks.length === 0) return "must contain at least one CERTIFICATE PEM block";
  for (const { type, hasHeaders, bytes } of blocks) {
    if (type !== "CERTIFICATE") return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (hasHeaders) return "no PEM block headers are permitted";
    if (bytes.length === 0) return "found CERTIFICATE PEM block containing 0 certificates";
    try {
      new X509Certificate(bytes);
    } catch (error) {
      return `x509: malformed certificate: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return undefined;
}

export interface AllowedChanges {
  /** Through `/approval`. */
  readonly mayDecide?: boolean;
  /** Through `/status`. */
  readonly maySetCertificate?: boolean;
}

/** On top of `requestErrors`. */
export function requestUpdateErrors(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  { mayDecide = false, maySetCertificate = false }: AllowedChanges,
): FieldError[] {
  const errors: FieldError[] = [];
  const forbid = (what: string): void => void errors.push(forbiddenField("status.conditions", what));
  for (const type of DECISIONS) {
    const [before, after] = [conditionsOfType(previous, type), conditionsOfType(next, type)];
    const quoted = JSON.stringify(type);
    if (after.length < before.length) forbid(`updates may not remove a condition of type ${quoted}`);
    else if (mayDecide || type === "Failed") continue;
    else if (after.length > before.length) forbid(`updates may not add a condition of type ${quoted}`);
    else if (!deepEqual(after, before)) forbid(`updates may not modify a condition of type ${quoted}`);
  }
  const [before, after] = [previous.status?.certificate ?? "", next.status?.certificate ?? ""];
  if (before === after) return errors;
  if (!maySetCertificate) errors.push(forbiddenField("status.certificate", "updates may not set certificate content"));
  else if (before !== "")
    errors.push(forbiddenField("status.certificate", "updates may not modify existing certificate content"));
  return errors;
}
