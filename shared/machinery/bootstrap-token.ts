/** What stands in the Secret of a bootstrap token (upstream: `k8s.io/cluster-bootstrap/{token/api,util}`). Pure. */
import type { Secret } from "../api/generated/core/v1.ts";

export const BOOTSTRAP_TOKEN_TYPE = "bootstrap.kubernetes.io/token";
export const BOOTSTRAP_TOKEN_PREFIX = "bootstrap-token-";

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/u;
const DEFAULT_GROUP = "system:bootstrappers";
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/u;

export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

/** `abcdef.0123456789abcdef`; nothing for any other text. */
export function parseBootstrapToken(text: string): BootstrapToken | undefined {
  const [, id, secret] = TOKEN.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** The decoded value of a key; empty when there is none. */
export function secretText(secret: Secret, key: string): string {
  const value = secret.data?.[key];
  return value === undefined ? "" : new TextDecoder().decode(Uint8Array.from(atob(value), (one) => one.charCodeAt(0)));
}

/** True when the Secret says so and is of the right type. */
export function isBootstrapTokenFor(secret: Secret, usage: "authentication" | "signing"): boolean {
  return secret.type === BOOTSTRAP_TOKEN_TYPE && secretText(secret, `usage-bootstrap-${usage}`) === "true";
}

/** When the token ends, in milliseconds since the epoch: never when it does not say, at once when that cannot be read. */
export function bootstrapTokenEndMs(secret: Secret): number {
  const expiration = secretText(secret, "expiration");
  if (expiration === "") return Number.POSITIVE_INFINITY;
  const endMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/u.test(expiration)
    ? Date.parse(expiration)
    : Number.NaN;
  return Number.isNaN(endMs) ? Number.NEGATIVE_INFINITY : endMs;
}

export function isBootstrapTokenExpired(secret: Secret, nowMs: number): boolean {
  return bootstrapTokenEndMs(secret) <= nowMs;
}

/** Groups of whoever shows the token, sorted; nothing when one of them has an impossible name. */
export function bootstrapTokenGroups(secret: Secret): string[] | undefined {
  const extra = secretText(secret, "auth-extra-groups");
  const groups = extra === "" ? [] : extra.split(",");
  if (!groups.every((group) => EXTRA_GROUP.test(group))) return undefined;
  return [...new Set([DEFAULT_GROUP, ...groups])].toSorted();
}
