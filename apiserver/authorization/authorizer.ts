import type { UserInfo } from "../authentication/user.ts";

/** What is to be allowed (apiserver `pkg/authorization/authorizer`, Attributes). */
export type AuthorizationAttributes =
  | {
      readonly kind: "resource";
      readonly verb: string;
      readonly group: string;
      readonly version: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly kind: "path"; readonly verb: string; readonly path: string };

export interface AuthorizationDecision {
  readonly isAllowed: boolean;
  /** Which rule allowed it, or what went wrong; empty when no rule matched. */
  readonly reason: string;
}

export interface Authorizer {
  authorize(user: UserInfo, attributes: AuthorizationAttributes): AuthorizationDecision;
}
