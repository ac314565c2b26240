/** Which rights let a kubelet's request for a client certificate be approved (upstream: `pkg/controller/certificates/approver/sarapprove.go`). */
import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import type { RequestedNames } from "../../../shared/process/certificate-signer.ts";
import { kubeletClientProblem } from "../../certificates/kubelet-requests.ts";
import { conditionsOfType, isIssued } from "../../certificates/request-state.ts";

export interface Approval {
  /** Who may create that subresource of requests gets the certificate. */
  readonly subresource: "selfnodeclient" | "nodeclient";
  readonly message: string;
}

const SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";

/** Whether somebody has to decide, and that could be us. */
export function isToDecide(request: CertificateSigningRequest): boolean {
  const isDecided = ["Approved", "Denied"].some((type) => conditionsOfType(request, type).length > 0);
  return request.spec.signerName === SIGNER && !isDecided && !isIssued(request);
}

/** In the order in which they are tried; none for what is no request of a kubelet. */
export function possibleApprovals(request: CertificateSigningRequest, names: RequestedNames): Approval[] {
  if (kubeletClientProblem(names, request.spec.usages ?? []) !== undefined) return [];
  const isOwn = request.spec.username === names.commonName;
  return [
    ...(isOwn
      ? [
          {
            subresource: "selfnodeclient",
            message: "Auto approving self kubelet client certificate after SubjectAccessReview.",
          } as const,
        ]
      : []),
    { subresource: "nodeclient", message: "Auto approving kubelet client certificate after SubjectAccessReview." },
  ];
}
