/**
 * Reading of PKCS#10 certificate requests (RFC 2986), as far as their syntax and their own signature go. Who may ask
 * for what is admission's and the signers' business.
 */
import { type KeyObject, constants, createPublicKey, verify } from "node:crypto";
import { type DerElement, readDer, readDerSequence, readOid } from "./der.ts";
import { pemBlocks } from "./pem.ts";

const REQUEST_BLOCK = "CERTIFICATE REQUEST";
const SEQUENCE = 0x30;
const BIT_STRING = 0x03;

/** Signature algorithms that are still trusted: hash, and how the signature is laid out. */
const ALGORITHMS: Readonly<Record<string, { readonly hash: string | null; readonly isPss?: boolean }>> = {
  "1.2.840.113549.1.1.11": { hash: "sha256" },
  "1.2.840.113549.1.1.12": { hash: "sha384" },
  "1.2.840.113549.1.1.13": { hash: "sha512" },
  "1.2.840.10045.4.3.2": { hash: "sha256" },
  "1.2.840.10045.4.3.3": { hash: "sha384" },
  "1.2.840.10045.4.3.4": { hash: "sha512" },
  "1.3.101.112": { hash: null },
};
const RSA_PSS = "1.2.840.113549.1.1.10";
const PSS_HASHES: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};
const PSS_HASH_PREFIX = "2.16.840.1.101.3.4.2.";

/** What is wrong with the base64 of a PEM request, or nothing (`pkg/apis/certificates/helpers.go`). */
export function certificateRequestProblem(base64: string): string | undefined {
  const [block] = pemBlocks(Buffer.from(base64, "base64").toString("latin1"));
  if (block === undefined || block.type !== REQUEST_BLOCK) return `PEM block type must be ${REQUEST_BLOCK}`;
  try {
    return hasValidSignature(block.bytes) ? undefined : "x509: the signature of the request does not match its content";
  } catch (error) {
    return `x509: malformed certificate request: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function hasValidSignature(der: Buffer): boolean {
  const outer = readDer(der, 0);
  if (outer.tag !== SEQUENCE || outer.end !== der.length) throw new Error("not one sequence");
  const [info, algorithm, signature] = readDerSequence(der, outer);
  if (info?.tag !== SEQUENCE || algorithm?.tag !== SEQUENCE || signature?.tag !== BIT_STRING)
    throw new Error("not a request with an algorithm and a signature");
  // The first byte of a bit string counts its unused bits.
  const signed = der.subarray(signature.start + 1, signature.end);
  const { hash, isPss = false } = algorithmOf(der, algorithm);
  const key = publicKeyOf(der, info);
  const padding = isPss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : {};
  return verify(hash, der.subarray(info.offset, info.end), { key, ...padding }, signed);
}

function algorithmOf(der: Buffer, algorithm: DerElement): { hash: string | null; isPss?: boolean } {
  const [oid, parameters] = readDerSequence(der, algorithm);
  const name = oid === undefined ? "" : readOid(der, oid);
  if (name === RSA_PSS && parameters !== undefined) return { hash: pssHash(der, parameters), isPss: true };
  const known = ALGORITHMS[name];
  if (known === undefined) throw new Error(`cannot verify signature: algorithm ${name} unimplemented`);
  return known;
}

/** The hash that the parameters name first. */
function pssHash(der: Buffer, parameters: DerElement): string {
  const [tagged] = readDerSequence(der, parameters);
  const [algorithm] = tagged === undefined ? [] : readDerSequence(der, tagged);
  const [oid] = algorithm === undefined ? [] : readDerSequence(der, algorithm);
  const hash = oid === undefined ? undefined : PSS_HASHES[readOid(der, oid)];
  if (hash === undefined) throw new Error(`cannot verify signature: hash outside ${PSS_HASH_PREFIX}`);
  return hash;
}

/** Version, subject, key, attributes: the third. */
function publicKeyOf(der: Buffer, info: DerElement): KeyObject {
  const [, , key] = readDerSequence(der, info);
  if (key === undefined) throw new Error("no public key");
  return createPublicKey({ key: Buffer.from(der.subarray(key.offset, key.end)), format: "der", type: "spki" });
}
