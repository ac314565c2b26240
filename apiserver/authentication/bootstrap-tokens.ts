/**
 * Tokens with which a new node asks for its certificate: Secrets `bootstrap-token-ID` in kube-system (upstream:
 * `plugin/pkg/auth/authenticator/token/bootstrap`, `k8s.io/cluster-bootstrap`).
 */
import { timingSafeEqual } from "node:crypto";
import type { Secret } from "../../shared/api/generated/core/v1.ts";
import {
  BOOTSTRAP_TOKEN_PREFIX,
  bootstrapTokenGroups,
  isBootstrapTokenExpired,
  isBootstrapTokenFor,
  parseBootstrapToken,
  secretText,
} from "../../shared/machinery/bootstrap-token.ts";
import type { Clock } from "../../shared/process/clock.ts";
import { secrets } from "../../shared/resources/catalog.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import { UNKNOWN_TOKEN, type TokenAuthenticator, verdictForApi } from "./token-authenticator.ts";
import { ALL_AUTHENTICATED, type UserInfo } from "./user.ts";

const USER_PREFIX = "system:bootstrap:";

export interface BootstrapTokenOptions {
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly apiAudiences: readonly string[];
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

export function bootstrapTokens({ reader, clock, apiAudiences }: BootstrapTokenOptions): TokenAuthenticator {
  const users = new WeakMap<Secret, UserInfo>();

  const userOf = (secret: Secret, id: string): UserInfo | undefined => {
    const known = users.get(secret);
    const groups = bootstrapTokenGroups(secret);
    if (known !== undefined || groups === undefined) return known;
    const user = { name: `${USER_PREFIX}${id}`, uid: "", groups: [...groups, ALL_AUTHENTICATED], extra: {} };
    users.set(secret, user);
    return user;
  };

  return {
    authenticateToken: async (token, audiences) => {
      const parsed = parseBootstrapToken(token);
      const secret =
        parsed === undefined ? undefined : reader.get(secrets, "kube-system", `${BOOTSTRAP_TOKEN_PREFIX}${parsed.id}`);
      if (parsed === undefined || secret === undefined || secret.metadata.deletionTimestamp !== undefined) {
        return UNKNOWN_TOKEN;
      }
      const isGood =
        isEqual(secretText(secret, "token-secret"), parsed.secret) &&
        secretText(secret, "token-id") === parsed.id &&
        !isBootstrapTokenExpired(secret, clock.nowMs()) &&
        isBootstrapTokenFor(secret, "authentication");
      const user = isGood ? userOf(secret, parsed.id) : undefined;
      return user === undefined ? UNKNOWN_TOKEN : verdictForApi(user, apiAudiences, audiences);
    },
  };
}
