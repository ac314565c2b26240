/**
 * Who may decide about certificate requests: CertificateApproval, CertificateSigning and CertificateSubjectRestriction
 * (upstream: `plugin/pkg/admission/certificates`).
 */
import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { certificateSigningRequests } from "../../../shared/resources/catalog.ts";
import { SUPERUSER_GROUP, type UserInfo } from "../../authentication/user.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { isAbout, refuse } from "../refusal.ts";
import { requestSubject } from "./request-subject.ts";

const CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";

/** The right to a signer, or to all of its domain. */
function maySigner(authorizer: Authorizer, user: UserInfo, verb: "approve" | "sign", signerName: string): boolean {
  const [domain = ""] = signerName.split("/");
  const asked = {
    kind: "resource",
    verb,
    group: certificateSigningRequests.group,
    version: "*",
    resource: "signers",
    subresource: "",
    namespace: "",
  } as const;
  return [signerName, `${domain}/*`].some((name) => authorizer.authorize(user, { ...asked, name }).isAllowed);
}

/** The stored request that a write of that subresource changes. */
function changedBy(request: AdmissionRequest, subresource: string): CertificateSigningRequest | undefined {
  const isChange = request.operation === "UPDATE" && request.subresource === subresource;
  return isChange && isAbout(request, certificateSigningRequests)
    ? (request.oldObject as CertificateSigningRequest | undefined)
    : undefined;
}

export function certificateApproval({ authorizer }: { readonly authorizer: Authorizer }): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    validate: (request) => {
      const signerName = changedBy(request, "approval")?.spec.signerName;
      if (signerName === undefined || maySigner(authorizer, request.user, "approve", signerName)) return;
      throw refuse(request, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`);
    },
  };
}

export function certificateSigning({ authorizer }: { readonly authorizer: Authorizer }): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    validate: (request) => {
      const before = changedBy(request, "status");
      if (before === undefined) return;
      const next = request.object as CertificateSigningRequest;
      const isSame =
        (next.status?.certificate ?? "") === (before.status?.certificate ?? "") &&
        deepEqual(next.status?.conditions ?? [], before.status?.conditions ?? []);
      const { signerName } = before.spec;
      if (isSame || maySigner(authorizer, request.user, "sign", signerName)) return;
      throw refuse(request, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`);
    },
  };
}

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  validate: (request) => {
    const isNew = request.operation === "CREATE" && request.subresource === "";
    if (!isNew || !isAbout(request, certificateSigningRequests)) return;
    const { spec } = request.object as CertificateSigningRequest;
    if (spec.signerName !== CLIENT_SIGNER) return;
    if (!requestSubject(spec.request).organizations.includes(SUPERUSER_GROUP)) return;
    throw refuse(request, `use of ${CLIENT_SIGNER} signer with ${SUPERUSER_GROUP} group is not allowed`);
  },
};
