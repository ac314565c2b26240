/** Compact JSON Web Signatures (RFC 7515), for components that only sign. */
import { createHmac, sign as signBytes } from "node:crypto";
import type { SigningKey } from "./signing-keys.ts";

const HASHES: Readonly<Record<SigningKey["algorithm"], string>> = {
  RS256: "sha256",
  ES256: "sha256",
  ES384: "sha384",
  ES512: "sha512",
};

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT with these claims. */
export function signJwt(claims: object, { id, algorithm, privateKey }: SigningKey): string {
  const input = `${encoded({ alg: algorithm, kid: id })}.${encoded(claims)}`;
  const key = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
  return `${input}.${signBytes(HASHES[algorithm], Buffer.from(input), key).toString("base64url")}`;
}

/** The signature of a content that is carried elsewhere: its middle part is empty. */
export function detachedHmacSignature(content: string, keyId: string, secret: string): string {
  const header = encoded({ alg: "HS256", kid: keyId });
  const input = `${header}.${Buffer.from(content).toString("base64url")}`;
  return `${header}..${createHmac("sha256", secret).update(input).digest("base64url")}`;
}
