/** Turning bearer tokens into users (apiserver `pkg/authentication/authenticator`, `token/union`). */
import type { UserInfo } from "./user.ts";

export type TokenVerdict =
  | {
      readonly kind: "user";
      readonly user: UserInfo;
      /** Of the audiences asked for, those that the token is meant for. */
      readonly audiences: readonly string[];
    }
  /** A token of ours that is not good (any more). The text is for reviews, never for the sender. */
  | { readonly kind: "refused"; readonly why: string }
  /** Nothing that this authenticator knows. */
  | { readonly kind: "unknown" };

export interface TokenAuthenticator {
  /** An empty list of audiences stands for those of the API. */
  authenticateToken(token: string, audiences: readonly string[]): Promise<TokenVerdict>;
}

export const UNKNOWN_TOKEN: TokenVerdict = { kind: "unknown" };

/** For tokens without audiences: they are good for those of the API. */
export function verdictForApi(
  user: UserInfo,
  apiAudiences: readonly string[],
  wanted: readonly string[],
): TokenVerdict {
  const audiences = wanted.length === 0 ? apiAudiences : wanted.filter((audience) => apiAudiences.includes(audience));
  return wanted.length > 0 && audiences.length === 0 ? UNKNOWN_TOKEN : { kind: "user", user, audiences };
}

/** The first that knows the token's user wins; what the others found wrong is told when none does. */
export function anyTokenAuthenticator(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    authenticateToken: async (token, audiences) => {
      const reasons: string[] = [];
      for (const authenticator of authenticators) {
        const verdict = await authenticator.authenticateToken(token, audiences);
        if (verdict.kind === "user") return verdict;
        if (verdict.kind === "refused") reasons.push(verdict.why);
      }
      if (reasons.length === 0) return UNKNOWN_TOKEN;
      return { kind: "refused", why: reasons.length === 1 ? reasons.join("") : `[${reasons.join(", ")}]` };
    },
  };
}
