/** Which requests the cluster's own signers sign (upstream: `pkg/controller/certificates/signer/signer.go`). */
import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import type { RequestedNames } from "../../../shared/process/certificate-signer.ts";
import { kubeletClientProblem, kubeletServingProblem } from "../../certificates/kubelet-requests.ts";

type Check = (names: RequestedNames, usages: readonly string[]) => string | undefined;

const OPTIONAL_CLIENT_USAGES = ["digital signature", "key encipherment"];

const clientProblem: Check = (_names, usages) => {
  const wrong = usages.find((usage) => usage !== "client auth" && !OPTIONAL_CLIENT_USAGES.includes(usage));
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  return usages.includes("client auth") ? undefined : "missing required usage for client certificate: client auth";
};

/** Signer to what it finds wrong with a request. */
const SIGNERS: ReadonlyMap<string, Check> = new Map([
  ["kubernetes.io/kube-apiserver-client", clientProblem],
  ["kubernetes.io/kube-apiserver-client-kubelet", kubeletClientProblem],
  ["kubernetes.io/kubelet-serving", kubeletServingProblem],
  ["kubernetes.io/legacy-unknown", () => undefined],
] satisfies [string, Check][]);

export const SIGNER_NAMES: readonly string[] = [...SIGNERS.keys()];

/** Why its signer must not sign the request; nothing when it may. */
export function signingProblem({ spec }: CertificateSigningRequest, names: RequestedNames): string | undefined {
  return SIGNERS.get(spec.signerName)?.(names, spec.usages ?? []);
}

/** What was asked for, within what the cluster gives. */
export function lifetimeMs({ spec }: CertificateSigningRequest, maxMs: number): number {
  return spec.expirationSeconds === undefined ? maxMs : Math.min(spec.expirationSeconds * 1000, maxMs);
}
