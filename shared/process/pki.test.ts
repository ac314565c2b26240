import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, connect } from "node:tls";
import {
  certificateExpiryMs,
  createCertificateAuthority,
  createServiceAccountKey,
  isCertificateUsable,
  issueCertificate,
} from "./pki.ts";

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

describe("the cluster's certificates", () => {
  it("signs leaf certificates whose organizations are the user's groups", async () => {
    const ca = await createCertificateAuthority("kubernetes");
    const leaf = await issueCertificate(ca, {
      commonName: "system:node:one",
      organizations: ["system:nodes"],
      usages: ["client"],
    });
    const certificate = new X509Certificate(leaf.certificate);
    expect(certificate.subject).toBe("O=system:nodes\nCN=system:node:one");
    expect(certificate.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(leaf.key))).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(new X509Certificate(ca.certificate).ca).toBe(true);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  });

  it("carries a TLS connection with mutual authentication", async () => {
    const ca = await createCertificateAuthority("kubernetes");
    const server = await issueCertificate(ca, {
      commonName: "kube-apiserver",
      dnsNames: ["localhost", "kubernetes.default.svc"],
      ipAddresses: ["127.0.0.1", "10.96.0.1", "::1"],
      usages: ["server"],
    });
    const client = await issueCertificate(ca, {
      commonName: "kubernetes-admin",
      organizations: ["system:masters"],
      usages: ["client"],
    });
    const listener = createServer({
      cert: server.certificate,
      key: server.key,
      ca: ca.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    });
    listener.on("secureConnection", (socket) => {
      socket.on("error", () => undefined);
      socket.end(socket.getPeerCertificate().subject.CN as string);
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const address = listener.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const socket = connect({
      host: "127.0.0.1",
      port: address.port,
      ca: ca.certificate,
      cert: client.certificate,
      key: client.key,
    });
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
    });
    await once(socket, "close");
    listener.close();
    expect(answer).toBe("kubernetes-admin");
  });

  it("knows when a certificate must be signed anew", async () => {
    const ca = await createCertificateAuthority("kubernetes");
    const other = await createCertificateAuthority("kubernetes");
    const leaf = await issueCertificate(ca, {
      commonName: "kube-apiserver",
      dnsNames: ["localhost"],
      ipAddresses: ["10.0.0.1", "::1"],
      usages: ["server"],
    });
    const nowMs = Date.now();
    expect(Math.abs(certificateExpiryMs(leaf.certificate) - nowMs - YEAR_MS)).toBeLessThan(60_000);
    const usable = (hosts: string[], atMs: number, authority = ca): boolean =>
      isCertificateUsable(leaf.certificate, authority.certificate, hosts, atMs);
    expect(usable(["localhost", "10.0.0.1", "::1"], nowMs)).toBe(true);
    expect(usable(["localhost", "10.0.0.2"], nowMs)).toBe(false);
    expect(usable(["localhost"], nowMs + 0.9 * YEAR_MS)).toBe(false);
    expect(usable(["localhost"], nowMs, other)).toBe(false);
  });

  it("makes a key pair for ServiceAccount tokens", async () => {
    const key = await createServiceAccountKey();
    expect(createPrivateKey(key.privateKey).asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
    expect(createPublicKey(key.privateKey).export({ type: "spki", format: "pem" })).toBe(key.publicKey);
  });
});
