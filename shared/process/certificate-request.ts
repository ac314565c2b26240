/** Makes PKCS#10 requests with a new key, as kubelets send them in a CertificateSigningRequest. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { PemConverter, Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from "@peculiar/x509";

export interface RequestSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

const EC_KEY = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Both are PEM; the key never leaves this machine. */
export async function createCertificateRequest(
  subject: RequestSubject,
): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(EC_KEY, true, ["sign", "verify"]);
  const names = [
    ...(subject.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(subject.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: [...subject.organizations.map((name) => ({ O: [name] })), { CN: [subject.commonName] }],
      keys,
      signingAlgorithm: { ...EC_KEY, hash: "SHA-256" },
      extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
    },
    webcrypto,
  );
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { request: `${request.toString("pem")}\n`, key: `${PemConverter.encode(der, "PRIVATE KEY")}\n` };
}
