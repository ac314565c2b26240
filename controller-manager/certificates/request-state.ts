/** How far the decision about a certificate request is. Pure. */
import type { CertificateSigningRequest } from "../../shared/api/generated/certificates/v1.ts";

export function conditionsOfType({ status }: CertificateSigningRequest, type: string) {
  return (status?.conditions ?? []).filter((condition) => condition.type === type);
}

export function hasCondition(request: CertificateSigningRequest, type: string): boolean {
  return conditionsOfType(request, type).some(({ status }) => status === "True");
}

export function isIssued({ status }: CertificateSigningRequest): boolean {
  return (status?.certificate ?? "") !== "";
}

/** Approved, and not denied nor failed. */
export function isReadyToSign(request: CertificateSigningRequest): boolean {
  const isApproved = hasCondition(request, "Approved") && !hasCondition(request, "Denied");
  return isApproved && !hasCondition(request, "Failed") && !isIssued(request);
}
