import "reflect-metadata";
import { createHmac, generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { decodeJwt, decodeProtectedHeader, compactVerify } from "jose";
import { requestedNames, signCertificateRequest } from "./certificate-signer.ts";
import { detachedHmacSignature, signJwt } from "./jws.ts";
import { createCertificateAuthority } from "./pki.ts";
import { readSigningKey } from "./signing-keys.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse("2026-01-01T00:00:00Z");

async function requestOf(): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: [{ O: ["ops"] }, { O: ["dev"] }, { CN: ["alice"] }],
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new SubjectAlternativeNameExtension([
          { type: "dns", value: "a.example.org" },
          { type: "ip", value: "10.0.0.1" },
        ]),
      ],
    },
    webcrypto,
  );
  return Buffer.from(request.toString("pem")).toString("base64");
}

describe("signing of a certificate request", () => {
  it("takes over its names and key, and gives it the asked usages and time", async () => {
    const ca = await createCertificateAuthority("test-ca");
    const request = await requestOf();
    expect(requestedNames(request)).toEqual({
      commonName: "alice",
      organizations: ["ops", "dev"],
      dnsNames: ["a.example.org"],
      ipAddresses: ["10.0.0.1"],
      emailAddresses: [],
      uris: [],
    });
    const terms = { usages: ["digital signature", "client auth"], lifetimeMs: HOUR_MS, nowMs: NOW_MS };
    const certificate = new X509Certificate(await signCertificateRequest(ca, request, terms));
    expect(certificate.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
    expect(certificate.subject).toBe("O=ops\nO=dev\nCN=alice");
    expect(certificate.subjectAltName).toBe("DNS:a.example.org, IP Address:10.0.0.1");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(certificate.ca).toBe(false);
    expect(certificate.validToDate.getTime()).toBe(NOW_MS + HOUR_MS);
    expect(certificate.validFromDate.getTime()).toBe(NOW_MS - 5 * 60_000);
    const long = await signCertificateRequest(ca, request, { ...terms, lifetimeMs: 24 * HOUR_MS });
    expect(new X509Certificate(long).validToDate.getTime()).toBe(NOW_MS + 24 * HOUR_MS - 5 * 60_000);
    const endless = await signCertificateRequest(ca, request, { ...terms, lifetimeMs: 1e15 });
    expect(new X509Certificate(endless).validTo).toBe(new X509Certificate(ca.certificate).validTo);
    await expect(signCertificateRequest(ca, request, { ...terms, usages: ["flying"] })).rejects.toThrow(
      "unrecognized usage values: [flying]",
    );
  });
});

describe("a compact signature", () => {
  it.each([
    ["rsa", { modulusLength: 2048 }, "RS256"],
    ["ec", { namedCurve: "P-256" }, "ES256"],
  ] as const)("of an %s key is what others can check", async (type, options, algorithm) => {
    const { privateKey } = generateKeyPairSync(type as "rsa", options as { modulusLength: number });
    const key = readSigningKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const token = signJwt({ sub: "x" }, key);
    expect(decodeProtectedHeader(token)).toEqual({ alg: algorithm, kid: key.id });
    expect(decodeJwt(token)).toEqual({ sub: "x" });
    await expect(compactVerify(token, key.key)).resolves.toBeDefined();
  });

  it("by a token leaves its content out", () => {
    const [header = "", body, signature] = detachedHmacSignature("content", "abcdef", "0123456789abcdef").split(".");
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({ alg: "HS256", kid: "abcdef" });
    expect(body).toBe("");
    const input = `${header}.${Buffer.from("content").toString("base64url")}`;
    expect(signature).toBe(createHmac("sha256", "0123456789abcdef").update(input).digest("base64url"));
  });
});
