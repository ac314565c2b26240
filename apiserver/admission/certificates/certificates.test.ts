import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import type { CertificateSigningRequest } from "../../../shared/api/generated/certificates/v1.ts";
import { StatusError } from "../../../shared/errors/status-error.ts";
import { certificateSigningRequests } from "../../../shared/resources/catalog.ts";
import { StaticReader } from "../../../test/support/static-reader.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { nodeRestriction } from "../node-restriction/node-restriction.ts";
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from "./certificates.ts";
import { requestSubject } from "./request-subject.ts";

const user = { name: "alice", uid: "", groups: [], extra: {} };

async function pemRequest(subject: Record<string, string[]>[]): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create(
    { name: subject, keys, signingAlgorithm: algorithm },
    webcrypto,
  );
  return Buffer.from(request.toString("pem")).toString("base64");
}

function csr(spec: Partial<CertificateSigningRequest["spec"]>, status?: CertificateSigningRequest["status"]) {
  return { metadata: { name: "csr" }, spec: { request: "", signerName: "example.com/a", ...spec }, status };
}

async function ask(plugin: AdmissionPlugin, request: Partial<AdmissionRequest>): Promise<string | undefined> {
  try {
    await plugin.validate?.({
      operation: "UPDATE",
      resource: certificateSigningRequests,
      subresource: "",
      namespace: "",
      name: "csr",
      object: undefined,
      oldObject: undefined,
      user,
      isDryRun: false,
      warn: () => undefined,
      ...request,
    });
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error.message.replace(/^.* is forbidden: /u, "");
    throw error;
  }
}

/** Allows these, written as `verb resource name`. */
const allowing = (...allowed: string[]) => ({
  authorizer: {
    authorize: (_: unknown, asked: { verb: string; resource?: string; name?: string }) => ({
      isAllowed: allowed.includes(`${asked.verb} ${asked.resource} ${asked.name}`),
      reason: "",
    }),
  },
});

describe("a certificate request", () => {
  it("is approved by those who may approve for its signer, as it was stored", async () => {
    const approval = {
      subresource: "approval",
      oldObject: csr({}),
      object: csr({ signerName: "example.com/mine" }, { conditions: [{ type: "Approved", status: "True" }] }),
    };
    expect(await ask(certificateApproval(allowing()), approval)).toBe(
      'user not permitted to approve requests with signerName "example.com/a"',
    );
    expect(await ask(certificateApproval(allowing("approve signers example.com/mine")), approval)).toBeDefined();
    expect(await ask(certificateApproval(allowing("approve signers example.com/a")), approval)).toBeUndefined();
    expect(await ask(certificateApproval(allowing("approve signers example.com/*")), approval)).toBeUndefined();
    expect(await ask(certificateApproval(allowing()), { ...approval, subresource: "" })).toBeUndefined();
  });

  it("is signed by those who may sign for its signer", async () => {
    const signing = { subresource: "status", oldObject: csr({}), object: csr({}, { certificate: "x" }) };
    expect(await ask(certificateSigning(allowing("approve signers example.com/a")), signing)).toBe(
      'user not permitted to sign requests with signerName "example.com/a"',
    );
    expect(await ask(certificateSigning(allowing("sign signers example.com/*")), signing)).toBeUndefined();
    const failed = csr({}, { conditions: [{ type: "Failed", status: "True" }] });
    expect(await ask(certificateSigning(allowing()), { ...signing, object: failed })).toBeDefined();
    expect(await ask(certificateSigning(allowing()), { ...signing, object: csr({}) })).toBeUndefined();
  });

  it("cannot ask for a client of system:masters", async () => {
    const masters = await pemRequest([{ O: ["ops"] }, { O: ["system:masters"] }, { CN: ["root"] }]);
    const creation = (request: string, signerName: string) =>
      ask(certificateSubjectRestriction, { operation: "CREATE", object: csr({ request, signerName }) });
    const signer = "kubernetes.io/kube-apiserver-client";
    expect(await creation(masters, signer)).toBe(`use of ${signer} signer with system:masters group is not allowed`);
    expect(await creation(masters, "example.com/a")).toBeUndefined();
    expect(await creation(await pemRequest([{ O: ["ops"] }, { CN: ["root"] }]), signer)).toBeUndefined();
    expect(requestSubject(masters)).toEqual({ commonName: "root", organizations: ["ops", "system:masters"] });
  });

  it("of a kubelet names that kubelet", async () => {
    const plugin = nodeRestriction({ reader: new StaticReader(), ...allowing() });
    const kubelet = { ...user, name: "system:node:n1", groups: ["system:nodes"] };
    const creation = async (commonName: string, signerName: string) =>
      ask(plugin, {
        operation: "CREATE",
        user: kubelet,
        object: csr({ request: await pemRequest([{ CN: [commonName] }]), signerName }),
      });
    expect(await creation("system:node:n2", "kubernetes.io/kubelet-serving")).toBe(
      "can only create a node CSR with CN=system:node:n1",
    );
    expect(await creation("system:node:n1", "kubernetes.io/kube-apiserver-client-kubelet")).toBeUndefined();
    expect(await creation("system:node:n2", "example.com/a")).toBeUndefined();
  });
});
