/**
 * `--authorization-mode`: the authorizers in the order in which they are asked; the first that allows wins
 * (apiserver `pkg/authorization/union`, `pkg/kubeapiserver/authorizer`).
 */
import type { PolicyRule } from "../../shared/api/generated/rbac/v1.ts";
import { SUPERUSER_GROUP, type UserInfo } from "../authentication/user.ts";
import { nodeOfUser } from "../authentication/node-identity.ts";
import type { ObjectReader } from "../watch-cache/object-reader.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from "./authorizer.ts";
import { createNodeAuthorizer } from "./node/node-authorizer.ts";
import { createNodeRelations } from "./node/node-relations.ts";
import { createRbacAuthorizer, type RbacAuthorizer } from "./rbac.ts";

export const AUTHORIZATION_MODES = ["AlwaysAllow", "AlwaysDeny", "Node", "RBAC"] as const;
export type AuthorizationMode = (typeof AUTHORIZATION_MODES)[number];

export const DEFAULT_AUTHORIZATION_MODES: readonly AuthorizationMode[] = ["Node", "RBAC"];

const ALLOWED: AuthorizationDecision = { isAllowed: true, reason: "" };
const NODE_RULES_ERROR = "node authorizer does not support user rule resolution";

/** Whether a text of the command line is a mode that is served. */
export function isAuthorizationMode(text: string): text is AuthorizationMode {
  return (AUTHORIZATION_MODES as readonly string[]).includes(text);
}

function askInTurn(
  authorizers: readonly Authorizer[],
  user: UserInfo,
  asked: AuthorizationAttributes,
): AuthorizationDecision {
  let reasons = "";
  for (const authorizer of authorizers) {
    const decision = authorizer.authorize(user, asked);
    if (decision.isAllowed) return decision;
    if (decision.reason !== "") reasons += reasons === "" ? decision.reason : `\n${decision.reason}`;
  }
  return { isAllowed: false, reason: reasons };
}

/** Decides as the modes say; roles and their rules are RBAC's whatever the modes are. `nodeRules` are those that all nodes have. */
export function createAuthorizer(
  modes: readonly AuthorizationMode[],
  reader: ObjectReader,
  nodeRules: readonly PolicyRule[],
): RbacAuthorizer {
  const rbac = createRbacAuthorizer(reader);
  const byMode: Record<AuthorizationMode, () => Authorizer> = {
    AlwaysAllow: () => ({ authorize: () => ALLOWED }),
    AlwaysDeny: () => ({ authorize: () => ({ isAllowed: false, reason: "Everything is forbidden." }) }),
    Node: () => createNodeAuthorizer(createNodeRelations(reader), nodeRules),
    RBAC: () => rbac,
  };
  const authorizers = modes.map((mode) => byMode[mode]());
  const hasNodes = modes.includes("Node");
  return {
    authorize: (user, asked) => (user.groups.includes(SUPERUSER_GROUP) ? ALLOWED : askInTurn(authorizers, user, asked)),
    roleOf: (roleRef, namespace) => rbac.roleOf(roleRef, namespace),
    rulesFor: (user, namespace) => {
      const found = rbac.rulesFor(user, namespace);
      if (!hasNodes || nodeOfUser(user) === undefined) return found;
      return { rules: found.rules, errors: [NODE_RULES_ERROR, ...found.errors], isIncomplete: true };
    },
  };
}
