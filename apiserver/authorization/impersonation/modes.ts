/**
 * The ways of acting as somebody else, from the narrowest to the widest (KEP-5284; apiserver
 * `pkg/endpoints/filters/impersonation`). All but the last need two rights: to act as that user in this way, and to do
 * so for this very request (`impersonate-on:MODE:VERB`). The last is the verb `impersonate` as it has always been.
 *
 * M1  The first way that allows it wins; when none does, the answer is the refusal of the first that applied.
 * M2  The way that last worked for a requester is tried first, so that those who have `impersonate` pay for nothing else.
 * M3  Nothing that was allowed is remembered: a right that is taken away ends at once.
 */
import type { UserInfo } from "../../authentication/user.ts";
import type { AuthorizationAttributes, Authorizer } from "../authorizer.ts";
import { accountOfName, type Check, checkIdentity, createCheck, nodeOfName } from "./identity-check.ts";

interface Mode {
  readonly name: string;
  readonly applies: (wanted: UserInfo, requester: UserInfo) => boolean;
}

/** Requesters whose last way is remembered: a username each. */
const REMEMBERED_MAX = 10_000;
const NODE_NAME_KEY = "authentication.kubernetes.io/node-name";

const isNameOnly = ({ uid, groups, extra }: UserInfo): boolean =>
  uid === "" && groups.length === 0 && Object.keys(extra).length === 0;

function isOwnNode({ name, extra }: UserInfo, wantedName: string): boolean {
  const own = extra[NODE_NAME_KEY] ?? [];
  return accountOfName(name) !== undefined && own.length === 1 && own[0] === nodeOfName(wantedName);
}

const ASSOCIATED_NODE = "associated-node";

const CONSTRAINED_MODES: readonly Mode[] = [
  // A ServiceAccount as the node that its pod runs on.
  {
    name: ASSOCIATED_NODE,
    applies: (wanted, requester) =>
      isNameOnly(wanted) && nodeOfName(wanted.name) !== undefined && isOwnNode(requester, wanted.name),
  },
  { name: "arbitrary-node", applies: (wanted) => isNameOnly(wanted) && nodeOfName(wanted.name) !== undefined },
  { name: "serviceaccount", applies: (wanted) => isNameOnly(wanted) && accountOfName(wanted.name) !== undefined },
  {
    name: "user-info",
    applies: ({ name }) => nodeOfName(name) === undefined && accountOfName(name) === undefined,
  },
];

type Attempt = (requester: UserInfo, wanted: UserInfo, asked: AuthorizationAttributes) => UserInfo | undefined;

function constrained(authorizer: Authorizer, { name, applies }: Mode): Attempt {
  const verb = `impersonate:${name}`;
  return (requester, wanted, asked) => {
    if (!applies(wanted, requester)) return undefined;
    const check = createCheck(authorizer, requester);
    // The right is for whichever node the requester is on.
    const ofAnyNode: Check = (attributes) =>
      check({ ...attributes, ...(attributes.verb === verb ? { name: "*" } : {}) });
    check({ ...asked, verb: `impersonate-on:${name}:${asked.verb}` });
    const rules = { verb, isConstrained: true };
    return checkIdentity(name === ASSOCIATED_NODE ? ofAnyNode : check, rules, requester, wanted);
  };
}

/** Whom the requester acts as; throws 403 when it may not. */
export type Impersonate = (requester: UserInfo, wanted: UserInfo, asked: AuthorizationAttributes) => UserInfo;

export function createImpersonate(authorizer: Authorizer): Impersonate {
  const rules = { verb: "impersonate", isConstrained: false };
  const attempts: readonly Attempt[] = [
    ...CONSTRAINED_MODES.map((mode) => constrained(authorizer, mode)),
    (requester, wanted) => checkIdentity(createCheck(authorizer, requester), rules, requester, wanted),
  ];
  const lastOf = new Map<string, Attempt>();
  const remember = (name: string, attempt: Attempt): void => {
    lastOf.delete(name);
    lastOf.set(name, attempt);
    const [oldest] = lastOf.keys();
    if (lastOf.size > REMEMBERED_MAX && oldest !== undefined) lastOf.delete(oldest);
  };
  return (requester, wanted, asked) => {
    const last = lastOf.get(requester.name);
    const inOrder = last === undefined ? attempts : [last, ...attempts.filter((attempt) => attempt !== last)];
    let refusal: unknown;
    for (const attempt of inOrder) {
      try {
        const user = attempt(requester, wanted, asked);
        if (user === undefined) continue;
        remember(requester.name, attempt);
        return user;
      } catch (error) {
        refusal ??= error;
      }
    }
    throw refusal;
  };
}
