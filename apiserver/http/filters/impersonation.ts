/**
 * Acting as somebody else (apiserver `pkg/endpoints/filters/impersonation`): every part of the wanted identity must be
 * allowed to the real sender by the verb `impersonate`.
 */
import type { IncomingHttpHeaders } from "node:http";
import { badRequest } from "../../../shared/errors/status-error.ts";
import { ALL_AUTHENTICATED, ANONYMOUS, type UserInfo } from "../../authentication/user.ts";
import type { AuthorizationAttributes, Authorizer } from "../../authorization/authorizer.ts";
import { forbiddenError } from "../../authorization/forbidden.ts";
import type { Filter } from "../filter.ts";

const PREFIX = "impersonate-";
const EXTRA_PREFIX = "impersonate-extra-";
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/u;
const AUTHENTICATION_GROUP = "authentication.k8s.io";

interface Wanted {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What the headers ask for; nothing when they ask for nobody. */
function wantedOf(headers: IncomingHttpHeaders, raw: readonly string[]): Wanted | undefined {
  if (!Object.keys(headers).some((name) => name.startsWith(PREFIX))) return undefined;
  const groups: string[] = [];
  const extra: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  // Repeated headers are joined in `headers`, and a group's name may contain the comma.
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    const value = raw[index + 1] ?? "";
    if (name === "impersonate-group") groups.push(value);
    if (name.startsWith(EXTRA_PREFIX)) (extra[extraKey(name)] ??= []).push(value);
  }
  const name = textOf(headers["impersonate-user"]);
  const uid = textOf(headers["impersonate-uid"]);
  if (name === "") {
    throw badRequest(`requested ${JSON.stringify({ groups, uid, extra })} without impersonating a user`);
  }
  return { name, uid, groups, extra };
}

function textOf(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? "";
}

function extraKey(header: string): string {
  const key = header.slice(EXTRA_PREFIX.length);
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function attributes(
  group: string,
  resource: string,
  name: string,
  more: { namespace?: string; subresource?: string } = {},
) {
  return {
    kind: "resource",
    verb: "impersonate",
    group,
    version: "v1",
    resource,
    subresource: more.subresource ?? "",
    namespace: more.namespace ?? "",
    name,
  } as const;
}

/** One question to the authorizer for each part of the identity. */
function questions(wanted: Wanted): AuthorizationAttributes[] {
  const account = SERVICE_ACCOUNT.exec(wanted.name);
  const user =
    account === null
      ? attributes("", "users", wanted.name)
      : attributes("", "serviceaccounts", account[2] ?? "", { namespace: account[1] ?? "" });
  return [
    user,
    ...wanted.groups.map((name) => attributes("", "groups", name)),
    ...(wanted.uid === "" ? [] : [attributes(AUTHENTICATION_GROUP, "uids", wanted.uid)]),
    ...Object.entries(wanted.extra).flatMap(([subresource, values]) =>
      values.map((value) => attributes(AUTHENTICATION_GROUP, "userextras", value, { subresource })),
    ),
  ];
}

function groupsOf(wanted: Wanted): string[] {
  const account = SERVICE_ACCOUNT.exec(wanted.name);
  if (wanted.name === ANONYMOUS.name) return [...new Set([...wanted.groups, ...ANONYMOUS.groups])];
  const own =
    account !== null && wanted.groups.length === 0
      ? ["system:serviceaccounts", `system:serviceaccounts:${account[1] ?? ""}`]
      : [];
  return [...new Set([...wanted.groups, ...own, ALL_AUTHENTICATED])];
}

function checkAllowed(authorizer: Authorizer, sender: UserInfo, wanted: Wanted): void {
  for (const question of questions(wanted)) {
    const decision = authorizer.authorize(sender, question);
    if (!decision.isAllowed) throw forbiddenError(sender, question, decision.reason);
  }
}

/** Replaces the user by the one that the headers name, when the sender may act as that one; 403 otherwise. */
export const withImpersonation: Filter =
  (next, { authorizer }) =>
  (state) => {
    const wanted = wantedOf(state.request.headers, state.request.rawHeaders);
    if (wanted === undefined) return next(state);
    checkAllowed(authorizer, state.user, wanted);
    state.user = { name: wanted.name, uid: wanted.uid, groups: groupsOf(wanted), extra: wanted.extra };
    return next(state);
  };
