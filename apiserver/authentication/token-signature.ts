/** The signature of a JWT, checked by the keys that are trusted (upstream: `pkg/serviceaccount/jwt.go`). */
import { type CompactJWSHeaderParameters, compactVerify, decodeJwt, decodeProtectedHeader } from "jose";
import type { PublicKey } from "../../shared/process/signing-keys.ts";

/** Larger ones are no tokens of ours, and not worth hashing. */
const TOKEN_LENGTH_MAX = 16_384;

/** Who claims to have issued it, unchecked; nothing for what is no JWT. */
export function issuerOf(token: string): string | undefined {
  if (token.length > TOKEN_LENGTH_MAX) return undefined;
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function headerOf(token: string): CompactJWSHeaderParameters | undefined {
  try {
    return decodeProtectedHeader(token) as CompactJWSHeaderParameters;
  } catch {
    return undefined;
  }
}

/** The payload of a token that one of the keys signed; nothing otherwise. A key that the token names is asked alone. */
export async function signedPayload(token: string, keys: readonly PublicKey[]): Promise<unknown> {
  const header = headerOf(token);
  if (header === undefined) return undefined;
  const named = keys.filter((key) => key.id === header.kid);
  for (const key of named.length > 0 ? named : keys) {
    if (key.algorithm !== header.alg) continue;
    try {
      const { payload } = await compactVerify(token, key.key, { algorithms: [key.algorithm] });
      return JSON.parse(new TextDecoder().decode(payload)) as unknown;
    } catch (error) {
      // Every failure here is the token's: another key may still fit.
      if (!(error instanceof Error)) throw error;
    }
  }
  return undefined;
}
