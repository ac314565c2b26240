/**
 * The cluster's own certificates (D15): one certificate authority, leaf certificates for servers and clients, and
 * the key that signs ServiceAccount tokens. Everything goes in and out as PEM text; who keeps it where is the
 * caller's business.
 *
 * Keys are ECDSA P-256, which kubeadm also offers: made in a millisecond, where RSA would cost `up` half a second.
 * Only the ServiceAccount key is RSA 2048, because every relying party of OpenID Connect must understand RS256.
 */
import "reflect-metadata";
import { generateKeyPair, webcrypto, X509Certificate } from "node:crypto";
import { isIPv6 } from "node:net";
import { promisify } from "node:util";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate as Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate with its private key, both PEM. */
export interface CertificateKeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface ServiceAccountKey {
  readonly privateKey: string;
  readonly publicKey: string;
}

export type CertificateUsage = "server" | "client";

export interface LeafOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly CertificateUsage[];
  /** Default: one year, as kubeadm. */
  readonly lifetimeMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** kubeadm's: ten years for the authority, one for what it signs. */
const CA_LIFETIME_MS = 3650 * DAY_MS;
const LEAF_LIFETIME_MS = 365 * DAY_MS;
/** Certificates are valid from a little earlier, for machines whose clocks differ. */
const CLOCK_SKEW_MS = 5 * 60 * 1000;
/** `up` signs anew what expires within this time. */
export const RENEW_BEFORE_EXPIRY_MS = 60 * DAY_MS;

const EC_KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { ...EC_KEY, hash: "SHA-256" } as const;

const EXTENDED_USAGES: Readonly<Record<CertificateUsage, ExtendedKeyUsage>> = {
  server: ExtendedKeyUsage.serverAuth,
  client: ExtendedKeyUsage.clientAuth,
};

type Name = Record<string, string[]>[];

/** A random positive serial number of 16 octets. */
export function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(EC_KEY, true, ["sign", "verify"]);
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = PemConverter.decode(pem);
  if (der === undefined) throw new Error("no private key in the PEM text");
  return await webcrypto.subtle.importKey("pkcs8", der, EC_KEY, false, ["sign"]);
}

function validity(lifetimeMs: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - CLOCK_SKEW_MS), notAfter: new Date(now + lifetimeMs) };
}

/** Makes a self-signed certificate authority. */
export async function createCertificateAuthority(commonName: string): Promise<CertificateKeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: [{ CN: [commonName] }],
      ...validity(CA_LIFETIME_MS),
      keys,
      signingAlgorithm: SIGNING,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(
          KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
          true,
        ),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate: `${certificate.toString("pem")}\n`, key: await keyPem(keys.privateKey) };
}

function alternativeNames(options: LeafOptions): Extension[] {
  const names = [
    ...(options.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(options.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)];
}

/** Signs a leaf certificate with a new key. Organizations are the Kubernetes groups of a client, its CN the user. */
export async function issueCertificate(ca: CertificateKeyPair, options: LeafOptions): Promise<CertificateKeyPair> {
  const authority = new Certificate(ca.certificate);
  const keys = await newKeys();
  const subject: Name = [
    ...(options.organizations ?? []).map((organization) => ({ O: [organization] })),
    { CN: [options.commonName] },
  ];
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject,
      issuer: authority.subject,
      ...validity(options.lifetimeMs ?? LEAF_LIFETIME_MS),
      publicKey: keys.publicKey,
      signingKey: await importKey(ca.key),
      signingAlgorithm: SIGNING,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
        new ExtendedKeyUsageExtension(options.usages.map((usage) => EXTENDED_USAGES[usage])),
        await AuthorityKeyIdentifierExtension.create(authority.publicKey, false, webcrypto),
        ...alternativeNames(options),
      ],
    },
    webcrypto,
  );
  return { certificate: `${certificate.toString("pem")}\n`, key: await keyPem(keys.privateKey) };
}

/** Makes the key pair for ServiceAccount tokens: PKCS #8 and SPKI, as upstream's flags accept them. */
export async function createServiceAccountKey(): Promise<ServiceAccountKey> {
  return await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

/** When a certificate ends, in milliseconds since the epoch. Throws on text that is not a certificate. */
export function certificateExpiryMs(pem: string): number {
  return new X509Certificate(pem).validToDate.getTime();
}

/** True for a certificate that is signed by the authority, does not end soon, and names all the given hosts. */
export function isCertificateUsable(pem: string, caPem: string, hosts: readonly string[], nowMs: number): boolean {
  const certificate = new X509Certificate(pem);
  return (
    certificate.verify(new X509Certificate(caPem).publicKey) &&
    certificate.validToDate.getTime() - nowMs > RENEW_BEFORE_EXPIRY_MS &&
    hosts.every((host) => isNamed(certificate, host))
  );
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  const isAddress = isIPv6(host) || /^[\d.]+$/.test(host);
  return (isAddress ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
}
