/** What stands in a ServiceAccount token (upstream: `pkg/serviceaccount/claims.go`). */
import type { UserInfo } from "./user.ts";
import { ALL_AUTHENTICATED } from "./user.ts";

export interface ObjectClaim {
  readonly name: string;
  readonly uid?: string | undefined;
}

export interface KubernetesClaim {
  readonly namespace: string;
  readonly serviceaccount: ObjectClaim;
  readonly pod?: ObjectClaim | undefined;
  readonly secret?: ObjectClaim | undefined;
  readonly node?: ObjectClaim | undefined;
  /** When a token that lives on for old clients should have been renewed, in seconds since the epoch. */
  readonly warnafter?: number | undefined;
}

export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  readonly jti: string;
  readonly "kubernetes.io": KubernetesClaim;
}

export function serviceAccountUserName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function objectClaim(value: unknown): ObjectClaim | undefined {
  const claim = record(value);
  if (claim === undefined || typeof claim["name"] !== "string") return undefined;
  return { name: claim["name"], uid: typeof claim["uid"] === "string" ? claim["uid"] : undefined };
}

function audiencesOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((audience) => typeof audience === "string");
}

function kubernetesClaim(value: unknown): KubernetesClaim | undefined {
  const claim = record(value);
  const serviceaccount = objectClaim(claim?.["serviceaccount"]);
  if (claim === undefined || serviceaccount === undefined || typeof claim["namespace"] !== "string") return undefined;
  return {
    namespace: claim["namespace"],
    serviceaccount,
    pod: objectClaim(claim["pod"]),
    secret: objectClaim(claim["secret"]),
    node: objectClaim(claim["node"]),
    ...(typeof claim["warnafter"] === "number" ? { warnafter: claim["warnafter"] } : {}),
  };
}

/** The claims of a payload whose signature was good; nothing when they are not those of a bound token. */
export function parseClaims(payload: unknown): TokenClaims | undefined {
  const claims = record(payload);
  if (claims === undefined) return undefined;
  const { iss, sub, aud, exp, iat, nbf, jti } = claims;
  const bound = kubernetesClaim(claims["kubernetes.io"]);
  if (bound === undefined || typeof iss !== "string" || typeof exp !== "number") return undefined;
  if (sub !== serviceAccountUserName(bound.namespace, bound.serviceaccount.name)) return undefined;
  return {
    iss,
    sub,
    aud: audiencesOf(aud),
    exp,
    iat: typeof iat === "number" ? iat : 0,
    nbf: typeof nbf === "number" ? nbf : 0,
    jti: typeof jti === "string" ? jti : "",
    "kubernetes.io": bound,
  };
}

/** Issuer of the tokens in Secrets, which end with their Secret only (upstream: `pkg/serviceaccount/legacy.go`). */
export const LEGACY_ISSUER = "kubernetes/serviceaccount";
const LEGACY_PREFIX = "kubernetes.io/serviceaccount/";

export interface LegacyClaims {
  readonly namespace: string;
  readonly secret: string;
  readonly serviceaccount: { readonly name: string; readonly uid: string };
}

/** The claims of a payload whose signature was good; nothing when they are not those of a token in a Secret. */
export function parseLegacyClaims(payload: unknown): LegacyClaims | undefined {
  const claims = record(payload) ?? {};
  const text = (key: string): string => {
    const value = claims[`${LEGACY_PREFIX}${key}`];
    return typeof value === "string" ? value : "";
  };
  const [namespace, secret] = [text("namespace"), text("secret.name")];
  const serviceaccount = { name: text("service-account.name"), uid: text("service-account.uid") };
  const isWhole = [namespace, secret, serviceaccount.name, serviceaccount.uid].every((value) => value !== "");
  if (claims["iss"] !== LEGACY_ISSUER || !isWhole) return undefined;
  if (claims["sub"] !== serviceAccountUserName(namespace, serviceaccount.name)) return undefined;
  return { namespace, secret, serviceaccount };
}

export function userOfLegacyClaims({ namespace, serviceaccount }: LegacyClaims): UserInfo {
  return {
    name: serviceAccountUserName(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, ALL_AUTHENTICATED],
    extra: {},
  };
}

/** The user that a good token stands for. */
export function userOfClaims(claims: TokenClaims): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims["kubernetes.io"];
  const extra: Record<string, string[]> = {};
  const put = (key: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") extra[`authentication.kubernetes.io/${key}`] = [value];
  };
  put("credential-id", claims.jti === "" ? undefined : `JTI=${claims.jti}`);
  put("node-name", node?.name);
  put("node-uid", node?.uid);
  put("pod-name", pod?.name);
  put("pod-uid", pod?.uid);
  return {
    name: claims.sub,
    uid: serviceaccount.uid ?? "",
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, ALL_AUTHENTICATED],
    extra,
  };
}
