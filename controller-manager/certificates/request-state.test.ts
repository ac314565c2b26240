import type { CertificateSigningRequest } from "../../shared/api/generated/certificates/v1.ts";
import { isToDecide } from "../controllers/certificate-approving/plan.ts";
import { isReadyToSign } from "./request-state.ts";

const SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";

/** Conditions are `Type` or `Type=Status`. */
function request(conditions: string[], certificate?: string, signerName = SIGNER): CertificateSigningRequest {
  const status = {
    conditions: conditions.map((text) => {
      const [type = "", value = "True"] = text.split("=");
      return { type, status: value };
    }),
    ...(certificate === undefined ? {} : { certificate }),
  };
  return { metadata: { name: "csr" }, spec: { request: "", signerName }, status };
}

describe("a certificate request", () => {
  it.each<[string, CertificateSigningRequest, boolean, boolean]>([
    ["that is new waits for a decision", request([]), true, false],
    ["that is new and another signer's is none of ours", request([], undefined, "example.com/a"), false, false],
    ["that is approved is signed", request(["Approved"]), false, true],
    ["that is denied is not", request(["Denied"]), false, false],
    ["that is approved and denied is not", request(["Approved", "Denied"]), false, false],
    ["that failed is not tried again", request(["Approved", "Failed"]), false, false],
    ["whose approval is not true is not signed", request(["Approved=False"]), false, false],
    ["that has its certificate is done", request(["Approved"], "PEM"), false, false],
    ["that somebody signed without a decision is done", request([], "PEM"), false, false],
  ])("%s", (_, one, toDecide, readyToSign) => {
    expect([isToDecide(one), isReadyToSign(one)]).toEqual([toDecide, readyToSign]);
  });
});
