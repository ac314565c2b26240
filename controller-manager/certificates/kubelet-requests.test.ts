import type { RequestedNames } from "../../shared/process/certificate-signer.ts";
import { possibleApprovals } from "../controllers/certificate-approving/plan.ts";
import { lifetimeMs, signingProblem } from "../controllers/certificate-signing/plan.ts";
import { kubeletClientProblem, kubeletServingProblem } from "./kubelet-requests.ts";

const names: RequestedNames = {
  commonName: "system:node:n1",
  organizations: ["system:nodes"],
  dnsNames: [],
  ipAddresses: [],
  emailAddresses: [],
  uris: [],
};
const CLIENT = ["digital signature", "key encipherment", "client auth"];
const SERVING = ["digital signature", "server auth"];

describe("a kubelet's request", () => {
  it.each<[string, Partial<RequestedNames>, string[], string | undefined]>([
    ["as it should be", {}, CLIENT, undefined],
    ["without encipherment", {}, ["client auth", "digital signature"], undefined],
    ["of another group", { organizations: ["ops"] }, CLIENT, "subject organization is not system:nodes"],
    [
      "of two groups",
      { organizations: ["system:nodes", "system:masters"] },
      CLIENT,
      "subject organization is not system:nodes",
    ],
    ["of no node", { commonName: "n1" }, CLIENT, "subject common name does not begin with system:node:"],
    ["with a DNS name", { dnsNames: ["a"] }, CLIENT, "DNS subjectAltNames are not allowed"],
    ["with an address", { ipAddresses: ["10.0.0.1"] }, CLIENT, "IP subjectAltNames are not allowed"],
    [
      "to serve as well",
      {},
      [...CLIENT, "server auth"],
      "usages did not match [digital signature key encipherment client auth]",
    ],
    [
      "that signs nothing",
      {},
      ["client auth"],
      "usages did not match [digital signature key encipherment client auth]",
    ],
  ])("for a client certificate, %s", (_, more, usages, expected) => {
    expect(kubeletClientProblem({ ...names, ...more }, usages)).toBe(expected);
  });

  it.each<[string, Partial<RequestedNames>, string[], string | undefined]>([
    ["as it should be", { ipAddresses: ["10.0.0.1"] }, SERVING, undefined],
    ["without a host", {}, SERVING, "DNS or IP subjectAltName is required"],
    ["with a URI", { dnsNames: ["a"], uris: ["x:y"] }, SERVING, "URI subjectAltNames are not allowed"],
    [
      "with an e-mail address",
      { dnsNames: ["a"], emailAddresses: ["a@b"] },
      SERVING,
      "Email subjectAltNames are not allowed",
    ],
    [
      "as a client",
      { dnsNames: ["a"] },
      CLIENT,
      "usages did not match [digital signature key encipherment server auth]",
    ],
    ["of another group", { dnsNames: ["a"], organizations: [] }, SERVING, "subject organization is not system:nodes"],
  ])("for a serving certificate, %s", (_, more, usages, expected) => {
    expect(kubeletServingProblem({ ...names, ...more }, usages)).toBe(expected);
  });

  it("is approved for the node itself first, then for anybody who may ask for nodes", () => {
    const request = (username: string) => ({
      metadata: { name: "csr" },
      spec: { request: "", signerName: "kubernetes.io/kube-apiserver-client-kubelet", usages: CLIENT, username },
    });
    const tried = (username: string, of = names) =>
      possibleApprovals(request(username), of).map((one) => one.subresource);
    expect(tried("system:node:n1")).toEqual(["selfnodeclient", "nodeclient"]);
    expect(tried("system:bootstrap:abcdef")).toEqual(["nodeclient"]);
    expect(tried("system:node:n1", { ...names, organizations: [] })).toEqual([]);
  });
});

describe("the cluster's signers", () => {
  const request = (signerName: string, usages: string[], expirationSeconds?: number) => ({
    metadata: { name: "csr" },
    spec: { request: "", signerName, usages, expirationSeconds },
  });

  it.each([
    ["kubernetes.io/kube-apiserver-client", ["client auth"], undefined],
    [
      "kubernetes.io/kube-apiserver-client",
      ["digital signature"],
      "missing required usage for client certificate: client auth",
    ],
    [
      "kubernetes.io/kube-apiserver-client",
      ["client auth", "server auth"],
      "invalid usage for client certificate: server auth",
    ],
    ["kubernetes.io/kubelet-serving", CLIENT, "DNS or IP subjectAltName is required"],
    ["kubernetes.io/legacy-unknown", ["server auth"], undefined],
  ])("say of %s with usages %j: %s", (signer, usages, expected) => {
    expect(signingProblem(request(signer, usages), names)).toBe(expected);
  });

  it("give the time that was asked for, and no more than the cluster gives", () => {
    expect(lifetimeMs(request("a/b", []), 9_000_000)).toBe(9_000_000);
    expect(lifetimeMs(request("a/b", [], 600), 9_000_000)).toBe(600_000);
    expect(lifetimeMs(request("a/b", [], 86_400), 9_000_000)).toBe(9_000_000);
  });
});
