import type { FieldRequirement } from "../../shared/machinery/field-selector.ts";
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
      /** What a list, watch or deletecollection is limited to; left out when it is limited by nothing. */
      readonly fieldSelector?: readonly FieldRequirement[] | undefined;
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
