/**
 * Signs and checks the JWTs of ServiceAccounts (upstream: `pkg/serviceaccount/{jwt,claims}.go`).
 *
 * T1  A token is good only while its ServiceAccount and the pod, secret or node it is bound to exist with the uid it
 *     names: that is looked up at every use, only the signature is remembered.
 * T2  The same good token gives the same `UserInfo` object, so that what is remembered per user is found again.
 */
import { randomUUID } from "node:crypto";
import { type CompactJWSHeaderParameters, compactVerify, decodeProtectedHeader, SignJWT } from "jose";
import type { ObjectMeta } from "../../shared/api/generated/meta/v1.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { nodes, pods, secrets, serviceAccounts } from "../../shared/resources/catalog.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { TokenAuthenticator } from "./authenticate.ts";
import {
  type KubernetesClaim,
  type ObjectClaim,
  parseClaims,
  serviceAccountUserName,
  type TokenClaims,
  userOfClaims,
} from "./service-account-claims.ts";
import type { PublicKey, SigningKey } from "./signing-keys.ts";
import type { UserInfo } from "./user.ts";

export interface ServiceAccountTokenOptions {
  /** `--service-account-issuer`: the first one signs, all are accepted. */
  readonly issuers: readonly string[];
  /** `--api-audiences`; the issuers when left out. */
  readonly audiences?: readonly string[];
  readonly keys: readonly PublicKey[];
  readonly signingKey: SigningKey;
  readonly reader: ObjectReader;
  readonly clock: Clock;
  /** Brings `reader` up to now; called once before a token is refused because its object was not found. */
  readonly refresh?: () => Promise<void>;
}

export interface TokenSpec {
  readonly claim: KubernetesClaim;
  /** Those of the API when empty. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
}

export interface SignedToken {
  readonly token: string;
  readonly audiences: readonly string[];
  readonly expiresAtMs: number;
}

export interface VerifiedToken {
  readonly user: UserInfo;
  /** Of the audiences asked for, those the token is meant for. */
  readonly audiences: readonly string[];
}

export interface ServiceAccountTokens extends TokenAuthenticator {
  sign(spec: TokenSpec): Promise<SignedToken>;
  /** Nothing when the token is not good; an empty list of audiences stands for those of the API. */
  verify(token: string, audiences: readonly string[]): Promise<VerifiedToken | undefined>;
  readonly issuer: string;
  readonly keys: readonly PublicKey[];
}

interface RememberedToken {
  readonly claims: TokenClaims;
  readonly user: UserInfo;
}

/** About one per pod; each holds around 2 KB. */
const REMEMBERED_TOKENS_MAX = 8192;
/** Larger ones are no tokens of ours, and not worth hashing. */
const TOKEN_LENGTH_MAX = 16_384;
/** Objects on their way out keep their tokens good for this long, so that pods can end in an orderly way. */
const DELETED_OBJECT_GRACE_MS = 60_000;

async function checkSignature(token: string, keys: readonly PublicKey[]): Promise<TokenClaims | undefined> {
  let header: CompactJWSHeaderParameters;
  try {
    header = decodeProtectedHeader(token) as CompactJWSHeaderParameters;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
  const named = keys.filter((key) => key.id === header.kid);
  for (const key of named.length > 0 ? named : keys) {
    if (key.algorithm !== header.alg) continue;
    try {
      const { payload } = await compactVerify(token, key.key, { algorithms: [key.algorithm] });
      return parseClaims(JSON.parse(new TextDecoder().decode(payload)) as unknown);
    } catch (error) {
      // Every failure here is the token's: another key may still fit.
      if (!(error instanceof Error)) throw error;
    }
  }
  return undefined;
}

export function createServiceAccountTokens(options: ServiceAccountTokenOptions): ServiceAccountTokens {
  const { issuers, keys, signingKey, reader, clock } = options;
  const [issuer = ""] = issuers;
  const apiAudiences = options.audiences ?? issuers;
  const remembered = new Map<string, RememberedToken>();

  const remember = async (token: string): Promise<RememberedToken | undefined> => {
    const known = remembered.get(token);
    if (known !== undefined) return known;
    const claims = token.length > TOKEN_LENGTH_MAX ? undefined : await checkSignature(token, keys);
    if (claims === undefined || !issuers.includes(claims.iss)) return undefined;
    const oldest = remembered.size >= REMEMBERED_TOKENS_MAX ? remembered.keys().next().value : undefined;
    if (oldest !== undefined) remembered.delete(oldest);
    const entry = remembered.get(token) ?? { claims, user: userOfClaims(claims) };
    remembered.set(token, entry);
    return entry;
  };

  const isAlive = (meta: ObjectMeta | undefined, claim: ObjectClaim): boolean => {
    if (meta === undefined || (claim.uid !== undefined && claim.uid !== "" && meta.uid !== claim.uid)) return false;
    const deletion = meta.deletionTimestamp;
    return deletion === undefined || Date.parse(deletion) > clock.nowMs() - DELETED_OBJECT_GRACE_MS;
  };

  const isBound = ({ namespace, serviceaccount, pod, secret, node }: KubernetesClaim): boolean => {
    if (!isAlive(reader.get(serviceAccounts, namespace, serviceaccount.name)?.metadata, serviceaccount)) return false;
    if (pod !== undefined) return isAlive(reader.get(pods, namespace, pod.name)?.metadata, pod);
    if (secret !== undefined) return isAlive(reader.get(secrets, namespace, secret.name)?.metadata, secret);
    return node === undefined || isAlive(reader.get(nodes, undefined, node.name)?.metadata, node);
  };

  const verify = async (token: string, audiences: readonly string[]): Promise<VerifiedToken | undefined> => {
    const entry = await remember(token);
    if (entry === undefined) return undefined;
    const { claims, user } = entry;
    const now = clock.nowMs() / 1000;
    if (now >= claims.exp || now < claims.nbf) {
      remembered.delete(token);
      return undefined;
    }
    const shared = (audiences.length === 0 ? apiAudiences : audiences).filter((audience) =>
      claims.aud.includes(audience),
    );
    if (shared.length === 0) return undefined;
    if (!isBound(claims["kubernetes.io"])) {
      await options.refresh?.();
      if (!isBound(claims["kubernetes.io"])) return undefined;
    }
    return { user, audiences: shared };
  };

  const sign = async ({ claim, audiences, expirationSeconds }: TokenSpec): Promise<SignedToken> => {
    const now = Math.floor(clock.nowMs() / 1000);
    const aud = audiences.length === 0 ? apiAudiences : audiences;
    const claims: TokenClaims = {
      aud,
      exp: now + expirationSeconds,
      iat: now,
      iss: issuer,
      jti: randomUUID(),
      "kubernetes.io": claim,
      nbf: now,
      sub: serviceAccountUserName(claim.namespace, claim.serviceaccount.name),
    };
    const token = await new SignJWT({ ...claims, aud: [...aud] })
      .setProtectedHeader({ alg: signingKey.algorithm, kid: signingKey.id })
      .sign(signingKey.privateKey);
    return { token, audiences: aud, expiresAtMs: (now + expirationSeconds) * 1000 };
  };

  return {
    issuer,
    keys,
    sign,
    verify,
    authenticateToken: async (token) => (await verify(token, []))?.user,
  };
}
