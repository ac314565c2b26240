/** Certificates, tokens in Secrets and bootstrap tokens, with the real controllers against a real API in this process. */
import "reflect-metadata";
import { generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { type RunningControllerManager, run } from "../../controller-manager/run.ts";
import { DEFAULT_SETTINGS } from "../../controller-manager/settings.ts";
import type { CertificateSigningRequest } from "../../shared/api/generated/certificates/v1.ts";
import type { Secret } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { createApiClient } from "../../shared/client/http-client.ts";
import { isNotFound } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { createLogger } from "../../shared/process/logger.ts";
import {
  certificateSigningRequests,
  clusterRoleBindings,
  configMaps,
  namespaces,
  secrets,
  serviceAccounts,
} from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { until as untilTrue } from "../support/until.ts";

const PATIENCE_MS = 20_000;

/** Looks until there is something; what never comes is a failure that names it. */
async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const found: T[] = [];
  const hasFound = async (): Promise<boolean> => {
    const result = await look();
    if (result !== undefined) found.push(result);
    return result !== undefined;
  };
  await untilTrue(hasFound, PATIENCE_MS);
  const [first] = found;
  if (first === undefined) throw new Error(`did not come: ${what}`);
  return first;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

let api: TestApiServer;
let manager: RunningControllerManager;
let client: ApiClient;

beforeAll(async () => {
  api = await startTestApiServer({
    areBootstrapTokensAllowed: true,
    serviceAccounts: {
      issuers: ["https://kubernetes.default.svc.cluster.local"],
      audiences: [],
      verificationKeys: [publicKey],
      signingKey: privateKey,
    },
  });
  client = api.client;
  manager = await run({
    access: await api.accessOf("system:kube-controller-manager"),
    settings: {
      ...DEFAULT_SETTINGS,
      rootCa: api.authority.certificate,
      signing: { authority: api.authority, maxLifetimeMs: 365 * 86_400_000 },
      tokens: { signingKey: privateKey, rootCa: api.authority.certificate },
    },
    clock: systemClock,
    logger: createLogger("test", process.env["LOG"] ?? "silent"),
    leaderElect: false,
    identity: "test",
  });
});
afterAll(async () => {
  await manager.stop();
  await api.stop();
});

interface Asked {
  readonly name: string;
  readonly subject: Record<string, string[]>[];
  readonly signerName: string;
  readonly usages?: string[];
  readonly by?: ApiClient;
}

/** Posts a request; gives the private key that belongs to it. */
async function ask({ name, subject, signerName, usages = ["client auth"], by = client }: Asked): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const pem = await Pkcs10CertificateRequestGenerator.create(
    { name: subject, keys, signingAlgorithm: algorithm },
    webcrypto,
  );
  const spec = { request: base64(pem.toString("pem")), signerName, usages };
  await by.create(certificateSigningRequests, { metadata: { name }, spec });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/(.{64})/gu, "$1\n")}\n-----END PRIVATE KEY-----\n`;
}

async function approve(name: string): Promise<void> {
  const request = await client.get(certificateSigningRequests, { name });
  const conditions = [{ type: "Approved", status: "True", reason: "Test", message: "" }];
  const body = { ...request, status: { conditions } };
  await client.writeSubresource(certificateSigningRequests, { name }, "approval", "PUT", body);
}

const issued = (name: string): Promise<string> =>
  until(`a certificate for ${name}`, async () => {
    const { status } = await client.get(certificateSigningRequests, { name });
    return status?.certificate === undefined ? undefined : Buffer.from(status.certificate, "base64").toString();
  });

const as = (cert: string, key: string): ApiClient =>
  createApiClient(
    { server: api.url, ca: api.authority.certificate, clientCertificate: { cert, key } },
    { userAgent: "test", clock: systemClock },
  );
const withToken = (token: string): ApiClient =>
  createApiClient({ server: api.url, ca: api.authority.certificate, token }, { userAgent: "test", clock: systemClock });

async function whoIs(someone: ApiClient): Promise<string> {
  const body = JSON.stringify({ kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1" });
  const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  const answer = await someone.raw({ method: "POST", path, headers: { "content-type": "application/json" }, body });
  await someone.close();
  if (answer.status !== 201) return String(answer.status);
  const { status } = JSON.parse(answer.body.toString()) as { status: { userInfo: { username: string } } };
  return status.userInfo.username;
}

describe("a certificate request", () => {
  const subject = [{ O: ["ops"] }, { CN: ["alice"] }];
  const signerName = "kubernetes.io/kube-apiserver-client";

  it("becomes a certificate that its asker can use, once it is approved", async () => {
    const key = await ask({ name: "alice", subject, signerName });
    await approve("alice");
    const pem = await issued("alice");
    expect(new X509Certificate(pem).subject).toBe("O=ops\nCN=alice");
    expect(await whoIs(as(pem, key))).toBe("alice");
  });

  it("is refused for a client of system:masters", async () => {
    const masters = [{ O: ["system:masters"] }, { CN: ["root"] }];
    await expect(ask({ name: "root", subject: masters, signerName })).rejects.toThrow(
      "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
    );
  });

  it("that its signer does not accept fails, and says why", async () => {
    await ask({ name: "wrong", subject, signerName, usages: ["server auth"] });
    await approve("wrong");
    const condition = await until("the failure", async () => {
      const { status } = await client.get(certificateSigningRequests, { name: "wrong" });
      return status?.conditions?.find(({ type }) => type === "Failed");
    });
    expect(condition).toMatchObject({
      reason: "SignerValidationFailure",
      message: "invalid usage for client certificate: server auth",
    });
  });
});

describe("a certificate request of somebody else's signer", () => {
  const BASE = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  const SIGNER = "example.com/lifecycle";

  async function send(method: string, path: string, body?: unknown): Promise<CertificateSigningRequest> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = { "content-type": type };
    const answer = await client.raw({ method, path, headers, body: body === undefined ? "" : JSON.stringify(body) });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.body.toString()}`);
    return JSON.parse(answer.body.toString()) as CertificateSigningRequest;
  }

  it("goes through its whole life, with approval and status on their own", async () => {
    await ask({ name: "life", subject: [{ CN: ["e2e"] }], signerName: SIGNER });
    const path = `${BASE}/life`;
    const labelled = await send("PATCH", path, {
      metadata: { labels: { of: "life" }, annotations: { patched: "true" } },
    });
    const { items } = await client.list(certificateSigningRequests, { labelSelector: "of=life" });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["life"]);
    const annotations = { ...labelled.metadata.annotations, updated: "true" };
    const updated = await send("PUT", path, { ...labelled, metadata: { ...labelled.metadata, annotations } });
    expect(updated.metadata.annotations).toEqual({ patched: "true", updated: "true" });

    expect(await send("GET", `${path}/approval`)).toMatchObject({ metadata: { name: "life" } });
    const condition = (type: string, status = "True") => ({ type, status, reason: "Set", message: "by the test" });
    const patched = await send("PATCH", `${path}/approval`, {
      metadata: { annotations: { patchedApproval: "true" } },
      status: { conditions: [condition("ApprovalPatch")] },
    });
    expect(patched.status?.conditions?.map(({ type }) => type)).toEqual(["ApprovalPatch"]);
    expect(patched.metadata.annotations?.["patchedApproval"]).toBe("true");
    const both = [...(patched.status?.conditions ?? []), condition("Approved"), condition("ApprovalUpdate")];
    const approved = await send("PUT", `${path}/approval`, { ...patched, status: { conditions: both } });
    expect(approved.status?.conditions?.map(({ type }) => type)).toEqual([
      "ApprovalPatch",
      "Approved",
      "ApprovalUpdate",
    ]);

    expect(await send("GET", `${path}/status`)).toMatchObject({ metadata: { name: "life" } });
    const certificate = base64(api.authority.certificate);
    const signed = await send("PATCH", `${path}/status`, { status: { certificate } });
    expect(signed.status?.certificate).toBe(certificate);
    const more = [...(signed.status?.conditions ?? []), condition("StatusUpdate")];
    const last = await send("PUT", `${path}/status`, { ...signed, status: { ...signed.status, conditions: more } });
    expect(last.status?.conditions?.map(({ type }) => type)).toContain("StatusUpdate");
    // What was issued stays.
    await expect(
      send("PATCH", `${path}/status`, { status: { certificate: base64(api.admin.certificate) } }),
    ).rejects.toThrow("updates may not modify existing certificate content");

    await send("DELETE", path);
    await ask({ name: "life-2", subject: [{ CN: ["e2e"] }], signerName: SIGNER });
    await client.deleteCollection(certificateSigningRequests, { fieldSelector: `spec.signerName=${SIGNER}` });
    const left = await client.list(certificateSigningRequests, { fieldSelector: `spec.signerName=${SIGNER}` });
    expect(left.items).toEqual([]);
  });
});

describe("a new node", () => {
  const TOKEN = "abcdef.0123456789abcdef";
  const tokenSecret = (expiration: string): Secret => ({
    metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    data: {
      "token-id": base64("abcdef"),
      "token-secret": base64("0123456789abcdef"),
      "usage-bootstrap-authentication": base64("true"),
      "usage-bootstrap-signing": base64("true"),
      expiration: base64(expiration),
    },
  });
  const bind = (name: string, group: string) =>
    client.create(clusterRoleBindings, {
      metadata: { name: `test-${name}` },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
    });

  it("gets its certificate by a bootstrap token, and renews it by itself", async () => {
    await client.create(secrets, tokenSecret("2099-01-01T00:00:00Z"));
    await bind("system:node-bootstrapper", "system:bootstrappers");
    await bind("system:certificates.k8s.io:certificatesigningrequests:nodeclient", "system:bootstrappers");
    await bind("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", "system:nodes");
    const request = {
      subject: [{ O: ["system:nodes"] }, { CN: ["system:node:n1"] }],
      signerName: "kubernetes.io/kube-apiserver-client-kubelet",
      usages: ["digital signature", "client auth"],
    };
    const newcomer = withToken(TOKEN);
    const key = await ask({ name: "join", ...request, by: newcomer });
    const pem = await issued("join");
    await newcomer.close();
    expect(await whoIs(as(pem, key))).toBe("system:node:n1");
    const node = as(pem, key);
    const renewedKey = await ask({ name: "renew", ...request, by: node });
    const other = { ...request, subject: [{ O: ["system:nodes"] }, { CN: ["system:node:n2"] }] };
    await expect(ask({ name: "steal", ...other, by: node })).rejects.toThrow("can only create a node CSR with CN=");
    await node.close();
    const approved = await client.get(certificateSigningRequests, { name: "renew" });
    expect(approved.spec.username).toBe("system:node:n1");
    expect(await whoIs(as(await issued("renew"), renewedKey))).toBe("system:node:n1");
    const decision = (await client.get(certificateSigningRequests, { name: "renew" })).status?.conditions?.[0];
    expect(decision).toMatchObject({
      type: "Approved",
      reason: "AutoApproved",
      message: "Auto approving self kubelet client certificate after SubjectAccessReview.",
    });
  });

  it("finds cluster-info signed by its token, until that ends", async () => {
    const at = { namespace: "kube-public", name: "cluster-info" };
    await client.create(configMaps, { metadata: at, data: { kubeconfig: "apiVersion: v1\n" } });
    const map = await until("the signature", async () => {
      const found = await client.get(configMaps, at);
      return found.data?.["jws-kubeconfig-abcdef"] === undefined ? undefined : found;
    });
    expect(map.data?.["jws-kubeconfig-abcdef"]).toMatch(/^[\w-]+\.\.[\w-]+$/u);
    const ended = tokenSecret("2020-01-01T00:00:00Z");
    await client.patch(secrets, ended.metadata, "merge", { data: ended.data });
    await until("the end of the token", async () => {
      const left = await client.get(secrets, ended.metadata).catch((error: unknown) => isNotFound(error) && "gone");
      const data = (await client.get(configMaps, at)).data ?? {};
      return left === "gone" && data["jws-kubeconfig-abcdef"] === undefined ? true : undefined;
    });
    expect(await whoIs(withToken(TOKEN))).toBe("401");
  });
});

describe("a Secret for a ServiceAccount's token", () => {
  it("is filled with a token that works, and goes with its account", async () => {
    await client.create(namespaces, { metadata: { name: "ci" } });
    const at = { namespace: "ci", name: "builder" };
    await client.create(serviceAccounts, { metadata: at });
    const named = { namespace: "ci", name: "builder-token" };
    await client.create(secrets, {
      metadata: { ...named, annotations: { "kubernetes.io/service-account.name": "builder" } },
      type: "kubernetes.io/service-account-token",
    });
    const { data = {} } = await until("the token", async () => {
      const secret = await client.get(secrets, named);
      return secret.data?.["token"] === undefined ? undefined : secret;
    });
    const read = (key: string): string => Buffer.from(data[key] ?? "", "base64").toString();
    expect([read("namespace"), read("ca.crt")]).toEqual(["ci", api.authority.certificate]);
    expect(await whoIs(withToken(read("token")))).toBe("system:serviceaccount:ci:builder");
    await client.delete(serviceAccounts, at);
    await until("the end of the Secret", () =>
      client.get(secrets, named).then(
        () => undefined,
        (error: unknown) => (isNotFound(error) ? true : undefined),
      ),
    );
    expect(await whoIs(withToken(read("token")))).toBe("401");
  });
});
