/**
 * The documents by which others check our ServiceAccount tokens (upstream: `pkg/serviceaccount/openidmetadata.go`,
 * `pkg/routes/openidmetadata.go`): `/.well-known/openid-configuration` and `/openid/v1/jwks`.
 */
import { onePath, type PathServer } from "../discovery/paths.ts";
import type { RequestContext } from "../http/request-context.ts";
import { sendBytes } from "../http/respond.ts";
import type { PublicKey } from "../../shared/process/signing-keys.ts";

const OPENID_CONFIGURATION_PATH = "/.well-known/openid-configuration";
const JWKS_PATH = "/openid/v1/jwks";
const JWKS_CONTENT_TYPE = "application/jwk-set+json";
/** Keys are rotated seldom: whoever checks tokens may remember them for an hour. */
const CACHE_CONTROL = "public, max-age=3600";

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

export interface OpenidIssuer {
  readonly issuer: string;
  readonly keys: readonly PublicKey[];
  /** Where the server is reached from outside: `HOST:PORT`. */
  readonly address: string;
  /** Instead of the one on this server. */
  readonly jwksUri: string | undefined;
}

/** Both documents, made once: the keys do not change while the process lives. */
export function openidPaths({ issuer, keys, address, jwksUri }: OpenidIssuer): PathServer[] {
  const configuration = openidConfiguration(issuer, jwksUri ?? `https://${address}${JWKS_PATH}`, keys);
  const document = (path: string, contentType: string, content: object): PathServer => {
    const bytes = Buffer.from(JSON.stringify(content));
    return onePath(path, (context: RequestContext) => {
      context.response.setHeader("Cache-Control", CACHE_CONTROL);
      sendBytes(context, 200, contentType, bytes);
    });
  };
  return [
    document(OPENID_CONFIGURATION_PATH, "application/json", configuration),
    document(JWKS_PATH, JWKS_CONTENT_TYPE, jsonWebKeySet(keys)),
  ];
}
