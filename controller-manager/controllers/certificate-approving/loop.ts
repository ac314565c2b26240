/** Approves client certificates of kubelets that have a right to them (upstream: `pkg/controller/certificates/approver`). */
import type { SubjectAccessReview } from "../../../shared/api/generated/authorization/v1.ts";
import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import type { PolicyRule } from "../../../shared/api/generated/rbac/v1.ts";
import { certificateSigningRequests, subjectAccessReviews } from "../../../shared/resources/catalog.ts";
import { defineLoop, type LoopContext, workOn } from "../../runtime/define-loop.ts";
import { type Approval, isToDecide, possibleApprovals } from "./plan.ts";

type Requests = { readonly requests: typeof certificateSigningRequests };
type Context = LoopContext<Requests, Record<never, never>>;

const { group, plural } = certificateSigningRequests;
const RULES: readonly PolicyRule[] = [
  { apiGroups: [group], resources: [`${plural}/approval`], verbs: ["update"] },
  {
    apiGroups: [group],
    resources: ["signers"],
    resourceNames: ["kubernetes.io/kube-apiserver-client-kubelet"],
    verbs: ["approve"],
  },
  { apiGroups: [subjectAccessReviews.group], resources: [subjectAccessReviews.plural], verbs: ["create"] },
];

async function mayHave({ client, signal }: Context, request: CertificateSigningRequest, approval: Approval) {
  const { username, uid, groups, extra } = request.spec;
  const review = {
    spec: {
      user: username,
      uid,
      groups,
      extra,
      resourceAttributes: { group, resource: plural, verb: "create", subresource: approval.subresource, version: "*" },
    },
  };
  // A review is answered, not stored: it has no name.
  const answer: Pick<SubjectAccessReview, "status"> = await client.create(
    subjectAccessReviews,
    review as Parameters<typeof client.create<SubjectAccessReview & { metadata: { name: string } }>>[1],
    { signal },
  );
  return answer.status?.allowed === true;
}

async function approve({ client, signal }: Context, request: CertificateSigningRequest, { message }: Approval) {
  const condition = { type: "Approved", status: "True", reason: "AutoApproved", message };
  const conditions = [...(request.status?.conditions ?? []), condition];
  const body = { ...request, status: { ...request.status, conditions } };
  await client.writeSubresource(certificateSigningRequests, request.metadata, "approval", "PUT", body, { signal });
}

async function decide(context: Context, name: string): Promise<void> {
  const request = context.informers.requests.lister.get(undefined, name);
  if (request === undefined || !isToDecide(request)) return;
  // Loaded only when needed: the certificate library costs 15 MB of memory.
  const { requestedNames } = await import("../../../shared/process/certificate-signer.ts");
  const approvals = possibleApprovals(request, requestedNames(request.spec.request));
  for (const approval of approvals) {
    if (await mayHave(context, request, approval)) return approve(context, request, approval);
  }
  if (approvals.length === 0) return;
  const tried = approvals.map(({ subresource }) => subresource).join(" ");
  throw new Error(`recognized csr "${name}" as [${tried}] but subject access review was not approved`);
}

export const certificateApproving = defineLoop({
  name: "certificatesigningrequest-approving-controller",
  reads: { requests: certificateSigningRequests },
  writes: {},
  rules: RULES,
  run: async (context) => {
    const queue = context.createQueue("certificate");
    const add = ({ metadata }: CertificateSigningRequest): void => queue.add(metadata.name);
    const removeHandlers = context.informers.requests.addHandlers({ onAdd: add, onUpdate: add });
    await workOn(queue, 1, (name) => decide(context, name), context);
    removeHandlers();
  },
});
