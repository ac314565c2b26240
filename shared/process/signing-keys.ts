/** Keys of ServiceAccount tokens, from PEM (upstream: `pkg/serviceaccount/jwt.go`, `openidmetadata.go`). */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

export interface PublicKey {
  /** `kid`: SHA-256 of the DER form, base64url without padding, as upstream. */
  readonly id: string;
  readonly algorithm: "RS256" | "ES256" | "ES384" | "ES512";
  readonly key: KeyObject;
}

export interface SigningKey extends PublicKey {
  readonly privateKey: KeyObject;
}

const PEM_BLOCK = /-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g;
const CURVES: Readonly<Record<string, PublicKey["algorithm"]>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

function describeKey(key: KeyObject): PublicKey {
  const der = key.export({ type: "spki", format: "der" });
  const curve = key.asymmetricKeyDetails?.namedCurve ?? "";
  const algorithm = key.asymmetricKeyType === "rsa" ? "RS256" : CURVES[curve];
  if (algorithm === undefined)
    throw new Error(`unsupported key type ${key.asymmetricKeyType ?? "?"} ${curve}: want RSA or ECDSA`);
  return { id: createHash("sha256").update(der).digest("base64url"), algorithm, key };
}

/** All public keys of a `--service-account-key-file`; a private key stands for its public half. */
export function readPublicKeys(pem: string): PublicKey[] {
  const blocks = [...pem.matchAll(PEM_BLOCK)].map((match) => match[0]);
  const usable = blocks.filter((block) => !block.includes("EC PARAMETERS"));
  if (usable.length === 0) throw new Error("data does not contain any valid RSA or ECDSA public keys");
  return usable.map((block) => describeKey(createPublicKey(block)));
}

/** The key of `--service-account-signing-key-file`. */
export function readSigningKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  return { ...describeKey(createPublicKey(privateKey)), privateKey };
}
