/** Which node a user is (upstream: `pkg/auth/nodeidentifier/default.go`). */
import type { UserInfo } from "./user.ts";

export const NODE_USER_PREFIX = "system:node:";
export const NODES_GROUP = "system:nodes";

/** Name of the node; empty for a node that does not say which one it is; nothing for everybody else. */
export function nodeOfUser(user: UserInfo): string | undefined {
  const isNode = user.name.startsWith(NODE_USER_PREFIX) && user.groups.includes(NODES_GROUP);
  return isNode ? user.name.slice(NODE_USER_PREFIX.length) : undefined;
}
