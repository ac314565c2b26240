/**
 * A proxy in front of the API that has checked its callers itself (apiserver `pkg/authentication/request/headerrequest`):
 * whoever shows a certificate of `--requestheader-client-ca-file` says in headers for whom it speaks.
 */
import type { IncomingMessage } from "node:http";
import { ALL_AUTHENTICATED, ANONYMOUS, type UserInfo } from "./user.ts";

export interface FrontProxyOptions {
  /** PEM of the CA of proxies' certificates. */
  readonly clientCa: string;
  /** Common names of proxies that are trusted; any when empty. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

export interface FrontProxy {
  isAllowed(commonName: string): boolean;
  /** For whom the proxy speaks; nothing when it does not say. The headers are gone afterwards. */
  takeUser(request: IncomingMessage): UserInfo | undefined;
}

/** Users of one proxy that are remembered, so that what is known per user is found again. */
const REMEMBERED_USERS_MAX = 1024;
const UNAUTHENTICATED = "system:unauthenticated";

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

const lower = (names: readonly string[]): string[] => names.map((name) => name.trim().toLowerCase());

function withAuthenticated(name: string, groups: readonly string[]): string[] {
  if (name === ANONYMOUS.name || groups.includes(ALL_AUTHENTICATED) || groups.includes(UNAUTHENTICATED)) {
    return [...groups];
  }
  return [...groups, ALL_AUTHENTICATED];
}

export function createFrontProxy(options: FrontProxyOptions): FrontProxy {
  const [names, uids, groups, prefixes] = [
    lower(options.usernameHeaders),
    lower(options.uidHeaders),
    lower(options.groupHeaders),
    lower(options.extraHeaderPrefixes),
  ];
  const isOurs = (header: string): boolean =>
    names.includes(header) ||
    uids.includes(header) ||
    groups.includes(header) ||
    prefixes.some((prefix) => header.startsWith(prefix));
  const remembered = new Map<string, UserInfo>();

  const readUser = (headers: NodeJS.Dict<string[]>): UserInfo | undefined => {
    const first = (wanted: readonly string[]): string =>
      wanted.map((header) => headers[header]?.[0] ?? "").find((value) => value !== "") ?? "";
    const name = first(names);
    if (name === "") return undefined;
    const extra: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
    for (const prefix of prefixes) {
      for (const [header, values = []] of Object.entries(headers)) {
        if (header.startsWith(prefix)) (extra[decoded(header.slice(prefix.length))] ??= []).push(...values);
      }
    }
    const named = groups.flatMap((header) => headers[header] ?? []).filter((group) => group !== "");
    return { name, uid: first(uids), groups: withAuthenticated(name, named), extra };
  };

  const remember = (user: UserInfo): UserInfo => {
    const key = JSON.stringify(user);
    const known = remembered.get(key);
    if (known !== undefined) return known;
    if (remembered.size >= REMEMBERED_USERS_MAX) remembered.clear();
    remembered.set(key, user);
    return user;
  };

  return {
    isAllowed: (commonName) => options.allowedNames.length === 0 || options.allowedNames.includes(commonName),
    takeUser: (request) => {
      const user = readUser(request.headersDistinct);
      for (const header of Object.keys(request.headers)) if (isOurs(header)) delete request.headers[header];
      request.rawHeaders = withoutHeaders(request.rawHeaders, isOurs);
      return user === undefined ? undefined : remember(user);
    },
  };
}

function withoutHeaders(raw: readonly string[], isUnwanted: (header: string) => boolean): string[] {
  return raw.filter((_, index) => !isUnwanted((raw[index - (index % 2)] ?? "").toLowerCase()));
}
