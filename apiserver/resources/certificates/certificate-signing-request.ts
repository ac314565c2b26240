/** `pkg/registry/certificates/certificates/strategy.go`: who asks is written by the server, the rest never changes. */
import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import { certificateSigningRequests } from "../../../shared/resources/catalog.ts";
import { serve, type WriteOrigin } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, orNone, textColumn } from "../../tables/columns.ts";
import { humanDuration } from "../../tables/human-duration.ts";
import { pathSegmentProblems } from "../../validation/names.ts";
import { EXAMPLE_REQUEST } from "./example-request.ts";
import { conditionsOf, keepConditions, stampConditions } from "./request-conditions.ts";
import { requestErrors, requestUpdateErrors } from "./request-validation.ts";

export const certificateSigningRequestStrategy = serve<CertificateSigningRequest>({
  resource: certificateSigningRequests,
  shortNames: ["csr"],
  storagePrefix: "certificatesigningrequests",
  validateName: pathSegmentProblems,
  prepareForCreate: fillRequester,
  prepareForUpdate: (next, previous) => {
    next.spec = previous.spec;
    next.status = previous.status;
  },
  validate: requestErrors,
  validateUpdate: (next, previous) => requestUpdateErrors(next, previous, {}),
  status: {
    prepareForUpdate: (next, previous, { now }) => {
      next.spec = previous.spec;
      keepConditions(next, previous, ["Approved", "Denied"]);
      stampConditions(next, previous, now);
    },
    validateUpdate: (next, previous) => [
      ...requestErrors(next, previous),
      ...requestUpdateErrors(next, previous, { maySetCertificate: true }),
    ],
  },
  statusSubresources: {
    approval: {
      prepareForUpdate: (next, previous, { now }) => {
        next.spec = previous.spec;
        next.status = { ...previous.status, conditions: next.status?.conditions };
        stampConditions(next, previous, now);
      },
      validateUpdate: (next, previous) => [
        ...requestErrors(next, previous),
        ...requestUpdateErrors(next, previous, { mayDecide: true }),
      ],
    },
  },
  selectableFields: { "spec.signerName": ({ spec }) => spec.signerName },
  columns: [
    nameColumn,
    ageColumn,
    textColumn("SignerName", "Who is asked to sign.", ({ spec }) => orNone(spec.signerName)),
    textColumn("Requestor", "Who asks.", ({ spec }) => spec.username ?? ""),
    textColumn("RequestedDuration", "How long the certificate should be valid.", ({ spec }) =>
      spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
    ),
    textColumn("Condition", "What became of it.", conditionText),
  ],
  example: {
    spec: { request: EXAMPLE_REQUEST, signerName: "example.com/signer", usages: ["client auth"] },
  },
});

function fillRequester(request: CertificateSigningRequest, { user }: WriteOrigin): void {
  const { spec } = request;
  spec.username = user.name;
  spec.uid = user.uid === "" ? undefined : user.uid;
  spec.groups = user.groups.length === 0 ? undefined : [...user.groups];
  const extra = Object.entries(user.extra).map(([key, values]): [string, string[]] => [key, [...values]]);
  spec.extra = extra.length === 0 ? undefined : Object.fromEntries(extra);
  request.status = {};
}

function conditionText(request: CertificateSigningRequest): string {
  const types = conditionsOf(request).map(({ type }) => type);
  const decision = types.includes("Denied") ? "Denied" : types.includes("Approved") ? "Approved" : "Pending";
  return [
    decision,
    ...(types.includes("Failed") ? ["Failed"] : []),
    ...((request.status?.certificate ?? "") === "" ? [] : ["Issued"]),
  ].join(",");
}
