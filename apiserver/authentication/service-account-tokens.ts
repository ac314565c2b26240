/**
 * Signs and checks the JWTs of ServiceAccounts (upstream: `pkg/serviceaccount/{jwt,claims,legacy}.go`).
 *
 * T1  A token is good only while its ServiceAccount and the pod, secret or node it is bound to exist with the uid it
 *     names: that is looked up at every use, only the signature is remembered.
 * T2  The same good token gives the same `UserInfo` object, so that what is remembered per user is found again.
 */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { Clock } from "../../shared/process/clock.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import { type BoundObjects, boundObjects } from "./bound-objects.ts";
import {
  type KubernetesClaim,
  LEGACY_ISSUER,
  type LegacyClaims,
  parseClaims,
  parseLegacyClaims,
  serviceAccountUserName,
  type TokenClaims,
  userOfClaims,
  userOfLegacyClaims,
} from "./service-account-claims.ts";
import type { PublicKey, SigningKey } from "../../shared/process/signing-keys.ts";
import { type TokenAuthenticator, type TokenVerdict, UNKNOWN_TOKEN, verdictForApi } from "./token-authenticator.ts";
import { issuerOf, signedPayload } from "./token-signature.ts";
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
  /** Seconds after which clients should have renewed it, for tokens that live longer than was asked for. */
  readonly warnAfterSeconds?: number | undefined;
}

export interface SignedToken {
  readonly token: string;
  readonly audiences: readonly string[];
}

export interface ServiceAccountTokens extends TokenAuthenticator {
  sign(spec: TokenSpec): Promise<SignedToken>;
  readonly issuer: string;
  readonly apiAudiences: readonly string[];
  readonly keys: readonly PublicKey[];
}

type RememberedToken = { readonly user: UserInfo } & (
  | { readonly kind: "bound"; readonly claims: TokenClaims }
  | { readonly kind: "legacy"; readonly claims: LegacyClaims }
);

/** About one per pod; each holds around 2 KB. */
const REMEMBERED_TOKENS_MAX = 8192;
/** Clocks of machines differ by so much. */
const LEEWAY_SECONDS = 60;

const refused = (why: string): TokenVerdict => ({ kind: "refused", why });
const quoted = (texts: readonly string[]): string => `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;

export function createServiceAccountTokens(options: ServiceAccountTokenOptions): ServiceAccountTokens {
  const { issuers, keys, signingKey, reader, clock } = options;
  const [issuer = ""] = issuers;
  const apiAudiences = options.audiences ?? issuers;
  const objects = boundObjects(reader, clock);
  const remembered = new Map<string, RememberedToken>();

  const remember = (token: string, entry: RememberedToken): RememberedToken => {
    const oldest = remembered.size >= REMEMBERED_TOKENS_MAX ? remembered.keys().next().value : undefined;
    if (oldest !== undefined) remembered.delete(oldest);
    const known = remembered.get(token) ?? entry;
    remembered.set(token, known);
    return known;
  };

  /** What a token with a good signature says; nothing for tokens of others. */
  const read = async (token: string): Promise<RememberedToken | TokenVerdict> => {
    const claimed = issuerOf(token);
    if (claimed === undefined || (claimed !== LEGACY_ISSUER && !issuers.includes(claimed))) return UNKNOWN_TOKEN;
    const payload = await signedPayload(token, keys);
    if (payload === undefined) return UNKNOWN_TOKEN;
    if (claimed === LEGACY_ISSUER) {
      const claims = parseLegacyClaims(payload);
      if (claims === undefined) return refused("service account token claims could not be validated");
      return remember(token, { kind: "legacy", claims, user: userOfLegacyClaims(claims) });
    }
    const claims = parseClaims(payload);
    if (claims === undefined) return refused("service account token claims could not be validated");
    return remember(token, { kind: "bound", claims, user: userOfClaims(claims) });
  };

  /** T1: asks again, with the newest state, before it says that something is gone. */
  const whyGone = async (problem: (found: BoundObjects) => string | undefined): Promise<string | undefined> => {
    if (problem(objects) === undefined) return undefined;
    await options.refresh?.();
    return problem(objects);
  };

  const judgeBound = async (claims: TokenClaims, user: UserInfo, wanted: readonly string[]): Promise<TokenVerdict> => {
    const nowSeconds = clock.nowMs() / 1000;
    if (nowSeconds - LEEWAY_SECONDS > claims.exp) return refused("service account token has expired");
    if (nowSeconds + LEEWAY_SECONDS < claims.nbf) return refused("service account token is not valid yet");
    const requested = wanted.length === 0 ? apiAudiences : wanted;
    const audiences = requested.filter((audience) => claims.aud.includes(audience));
    if (audiences.length === 0) {
      const [own, target] = [quoted(claims.aud), quoted(requested)];
      return refused(`token audiences ${own} is invalid for the target audiences ${target}`);
    }
    const why = await whyGone((found) => found.problemOf(claims["kubernetes.io"]));
    return why === undefined ? { kind: "user", user, audiences } : refused(why);
  };

  const authenticateToken = async (token: string, wanted: readonly string[]): Promise<TokenVerdict> => {
    const entry = remembered.get(token) ?? (await read(token));
    if (entry.kind === "bound") {
      const verdict = await judgeBound(entry.claims, entry.user, wanted);
      if (verdict.kind === "refused" && clock.nowMs() / 1000 - LEEWAY_SECONDS > entry.claims.exp)
        remembered.delete(token);
      return verdict;
    }
    if (entry.kind !== "legacy") return entry;
    const why = await whyGone((found) => found.problemOfLegacy(entry.claims, token));
    return why === undefined ? verdictForApi(entry.user, apiAudiences, wanted) : refused(why);
  };

  const sign = async (spec: TokenSpec): Promise<SignedToken> => {
    const { claim, expirationSeconds, warnAfterSeconds } = spec;
    const now = Math.floor(clock.nowMs() / 1000);
    const aud = spec.audiences.length === 0 ? apiAudiences : spec.audiences;
    const claims: TokenClaims = {
      aud,
      exp: now + expirationSeconds,
      iat: now,
      iss: issuer,
      jti: randomUUID(),
      "kubernetes.io": warnAfterSeconds === undefined ? claim : { ...claim, warnafter: now + warnAfterSeconds },
      nbf: now,
      sub: serviceAccountUserName(claim.namespace, claim.serviceaccount.name),
    };
    const token = await new SignJWT({ ...claims, aud: [...aud] })
      .setProtectedHeader({ alg: signingKey.algorithm, kid: signingKey.id })
      .sign(signingKey.privateKey);
    return { token, audiences: aud };
  };

  return { issuer, apiAudiences, keys, sign, authenticateToken };
}
