/** Signs what was approved for the cluster's own signers (upstream: `pkg/controller/certificates/signer`). */
import type {
  CertificateSigningRequest,
  CertificateSigningRequestStatus,
} from "../../../shared/api/generated/certificates/v1.ts";
import type { PolicyRule } from "../../../shared/api/generated/rbac/v1.ts";
import type { CertificateKeyPair } from "../../../shared/process/pki.ts";
import { certificateSigningRequests } from "../../../shared/resources/catalog.ts";
import { isReadyToSign } from "../../certificates/request-state.ts";
import { defineLoop, type LoopContext, workOn } from "../../runtime/define-loop.ts";
import type { RunnableController } from "../../runtime/services.ts";
import { lifetimeMs, SIGNER_NAMES, signingProblem } from "./plan.ts";

type Requests = { readonly requests: typeof certificateSigningRequests };
type Context = LoopContext<Requests, Requests>;

/** `--cluster-signing-cert-file`, `--cluster-signing-key-file`, `--cluster-signing-duration`. */
export interface SigningSettings {
  readonly authority: CertificateKeyPair;
  readonly maxLifetimeMs: number;
}

const RULES: readonly PolicyRule[] = [
  {
    apiGroups: [certificateSigningRequests.group],
    resources: ["signers"],
    resourceNames: [...SIGNER_NAMES],
    verbs: ["sign"],
  },
];

/** What becomes of the request. */
async function decide(
  { authority, maxLifetimeMs }: SigningSettings,
  request: CertificateSigningRequest,
  nowMs: number,
): Promise<CertificateSigningRequestStatus> {
  // Loaded only when needed: the certificate library costs 15 MB of memory.
  const { requestedNames, signCertificateRequest } = await import("../../../shared/process/certificate-signer.ts");
  const problem = signingProblem(request, requestedNames(request.spec.request));
  if (problem !== undefined) {
    const failed = { type: "Failed", status: "True", reason: "SignerValidationFailure", message: problem };
    return { ...request.status, conditions: [...(request.status?.conditions ?? []), failed] };
  }
  const terms = { usages: request.spec.usages ?? [], lifetimeMs: lifetimeMs(request, maxLifetimeMs), nowMs };
  const certificate = await signCertificateRequest(authority, request.spec.request, terms);
  return { ...request.status, certificate: Buffer.from(certificate).toString("base64") };
}

async function sign(settings: SigningSettings, context: Context, name: string): Promise<void> {
  const request = context.informers.requests.lister.get(undefined, name);
  if (request === undefined || !SIGNER_NAMES.includes(request.spec.signerName) || !isReadyToSign(request)) return;
  const status = await decide(settings, request, context.clock.nowMs());
  const outcome = await context.execute([
    { verb: "updateStatus", resource: "requests", object: { ...request, status } },
  ]);
  if (outcome.kind !== "done") throw outcome.error ?? new Error(`request ${name} has changed`);
}

export function certificateSigning(settings: SigningSettings): RunnableController {
  return defineLoop({
    name: "certificatesigningrequest-signing-controller",
    reads: { requests: certificateSigningRequests },
    writes: { requests: certificateSigningRequests },
    rules: RULES,
    run: async (context: Context) => {
      const queue = context.createQueue("certificate-signing");
      const add = ({ metadata }: CertificateSigningRequest): void => queue.add(metadata.name);
      const removeHandlers = context.informers.requests.addHandlers({ onAdd: add, onUpdate: add });
      await workOn(queue, 1, (name) => sign(settings, context, name), context);
      removeHandlers();
    },
  });
}
