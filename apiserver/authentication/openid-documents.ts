/**
 * The documents by which others check our ServiceAccount tokens (upstream: `pkg/serviceaccount/openidmetadata.go`):
 * `/.well-known/openid-configuration` and `/openid/v1/jwks`.
 */
import type { PublicKey } from "./signing-keys.ts";

export const OPENID_CONFIGURATION_PATH = "/.well-known/openid-configuration";
export const JWKS_PATH = "/openid/v1/jwks";
export const JWKS_CONTENT_TYPE = "application/jwk-set+json";

export interface OpenidConfiguration {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly response_types_supported: readonly string[];
  readonly subject_types_supported: readonly string[];
  readonly id_token_signing_alg_values_supported: readonly string[];
}

/** `jwksUri` is where the second document is found from outside: `https://HOST:PORT/openid/v1/jwks`. */
export function openidConfiguration(issuer: string, jwksUri: string, keys: readonly PublicKey[]): OpenidConfiguration {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [...new Set(keys.map((key) => key.algorithm))].sort(),
  };
}

/** The public keys, each once. */
export function jsonWebKeySet(keys: readonly PublicKey[]): { readonly keys: readonly Record<string, unknown>[] } {
  const unique = new Map(keys.map((key) => [key.id, key]));
  return {
    keys: [...unique.values()].map(({ id, algorithm, key }) => ({
      use: "sig",
      kid: id,
      alg: algorithm,
      ...key.export({ format: "jwk" }),
    })),
  };
}
