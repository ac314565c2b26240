/**
 * Reads and signs PKCS#10 requests (upstream: `pkg/controller/certificates/authority`). Whether a request may be
 * signed is for the caller to decide: nothing of it is taken over but names, key and alternative names.
 */
import "reflect-metadata";
import { createPrivateKey, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type GeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509Certificate as Certificate,
  X509CertificateGenerator,
  AuthorityKeyIdentifierExtension,
} from "@peculiar/x509";
import { type CertificateKeyPair, serialNumber } from "./pki.ts";

/** What a request asks for. */
export interface RequestedNames {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export interface SigningTerms {
  /** Names of the API: `client auth`, `digital signature`, … */
  readonly usages: readonly string[];
  readonly lifetimeMs: number;
  readonly nowMs: number;
}

const MINUTE_MS = 60_000;
/** Certificates are valid from a little earlier, for machines whose clocks differ. */
const BACKDATE_MS = 5 * MINUTE_MS;
/** The end of shorter ones is not moved with their beginning. */
const SHORT_LIFETIME_MS = 8 * 60 * MINUTE_MS;

const KEY_USAGES: Readonly<Record<string, KeyUsageFlags>> = {
  signing: KeyUsageFlags.digitalSignature,
  "digital signature": KeyUsageFlags.digitalSignature,
  "content commitment": KeyUsageFlags.nonRepudiation,
  "key encipherment": KeyUsageFlags.keyEncipherment,
  "key agreement": KeyUsageFlags.keyAgreement,
  "data encipherment": KeyUsageFlags.dataEncipherment,
  "cert sign": KeyUsageFlags.keyCertSign,
  "crl sign": KeyUsageFlags.cRLSign,
  "encipher only": KeyUsageFlags.encipherOnly,
  "decipher only": KeyUsageFlags.decipherOnly,
};
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: "2.5.29.37.0",
  "server auth": ExtendedKeyUsage.serverAuth,
  "client auth": ExtendedKeyUsage.clientAuth,
  "code signing": ExtendedKeyUsage.codeSigning,
  "email protection": ExtendedKeyUsage.emailProtection,
  "s/mime": ExtendedKeyUsage.emailProtection,
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: ExtendedKeyUsage.timeStamping,
  "ocsp signing": ExtendedKeyUsage.ocspSigning,
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
};

function readRequest(base64: string): Pkcs10CertificateRequest {
  return new Pkcs10CertificateRequest(Buffer.from(base64, "base64").toString("latin1"));
}

function alternativeNames(request: Pkcs10CertificateRequest): readonly GeneralName[] {
  const extension = request.extensions.find((one) => one instanceof SubjectAlternativeNameExtension);
  return extension?.names.items ?? [];
}

/** `base64` is `spec.request`. Throws for what is no request. */
export function requestedNames(base64: string): RequestedNames {
  const request = readRequest(base64);
  const names = alternativeNames(request);
  const valuesOf = (type: string): string[] => names.flatMap((name) => (name.type === type ? [name.value] : []));
  return {
    commonName: request.subjectName.getField("CN").at(-1) ?? "",
    organizations: request.subjectName.getField("O"),
    dnsNames: valuesOf("dns"),
    ipAddresses: valuesOf("ip"),
    emailAddresses: valuesOf("email"),
    uris: valuesOf("url"),
  };
}

interface AuthorityKey {
  readonly key: webcrypto.CryptoKey;
  readonly algorithm: { readonly name: string; readonly namedCurve?: string; readonly hash: string };
}

const CURVES: Readonly<Record<string, { namedCurve: string; hash: string }>> = {
  prime256v1: { namedCurve: "P-256", hash: "SHA-256" },
  secp384r1: { namedCurve: "P-384", hash: "SHA-384" },
  secp521r1: { namedCurve: "P-521", hash: "SHA-512" },
};

/** RSA or ECDSA, in any PEM form. */
async function authorityKey(pem: string): Promise<AuthorityKey> {
  const key = createPrivateKey(pem);
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (key.asymmetricKeyType !== "rsa" && curve === undefined)
    throw new Error("the signing key is neither RSA nor ECDSA");
  const algorithm = curve === undefined ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } : { name: "ECDSA", ...curve };
  const der = key.export({ type: "pkcs8", format: "der" });
  return { algorithm, key: await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]) };
}

function validity(authority: Certificate, { lifetimeMs, nowMs }: SigningTerms): { notBefore: Date; notAfter: Date } {
  const endMs = nowMs + lifetimeMs - (lifetimeMs < SHORT_LIFETIME_MS ? 0 : BACKDATE_MS);
  return {
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(Math.min(endMs, authority.notAfter.getTime())),
  };
}

/** Throws for a usage that no certificate has. */
function usageExtensions(usages: readonly string[]): Extension[] {
  const unknown = usages.filter((usage) => KEY_USAGES[usage] === undefined && EXTENDED_USAGES[usage] === undefined);
  if (unknown.length > 0) throw new Error(`unrecognized usage values: [${unknown.join(" ")}]`);
  const flags = usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0);
  const extended = [...new Set(usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []))];
  return [
    ...(flags === 0 ? [] : [new KeyUsagesExtension(flags, true)]),
    ...(extended.length === 0 ? [] : [new ExtendedKeyUsageExtension(extended)]),
  ];
}

/** The signed certificate as PEM. `base64` is `spec.request`. */
export async function signCertificateRequest(
  ca: CertificateKeyPair,
  base64: string,
  terms: SigningTerms,
): Promise<string> {
  const [request, authority] = [readRequest(base64), new Certificate(ca.certificate)];
  const { key, algorithm } = await authorityKey(ca.key);
  const names = alternativeNames(request);
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: request.subjectName,
      issuer: authority.subjectName,
      ...validity(authority, terms),
      publicKey: request.publicKey,
      signingKey: key,
      signingAlgorithm: algorithm,
      extensions: [
        ...usageExtensions(terms.usages),
        new BasicConstraintsExtension(false, undefined, true),
        await AuthorityKeyIdentifierExtension.create(authority.publicKey, false, webcrypto),
        ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension([...names])]),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString("pem")}\n`;
}
