/**
 * Tokens that lead to the next page (upstream: `apiserver/pkg/storage/continue.go`): base64url of
 * `{"v":"meta.k8s.io/v1","rv":N,"start":"ns/name\u0000"}`. `rv` -1 goes on at the present state.
 */
import { badRequest, StatusError } from "../../../shared/errors/status-error.ts";

const TOKEN_VERSION = "meta.k8s.io/v1";

export interface ContinuePosition {
  /** Revision of the first page; `undefined` reads what is there now. */
  readonly revision: number | undefined;
  /** Last key of the page before, as a whole. */
  readonly after: string;
}

/** `after` is the last key that was sent; it starts with `prefix`. */
export function encodeContinue(prefix: string, after: string, revision: number | undefined): string {
  const token = { v: TOKEN_VERSION, rv: revision ?? -1, start: `${after.slice(prefix.length)}\0` };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

/** Throws 400 for everything that is no token of ours. */
export function decodeContinue(prefix: string, text: string): ContinuePosition {
  const { v, rv, start } = parseToken(text);
  if (v !== TOKEN_VERSION) throw notValid(`server does not recognize this encoded version ${JSON.stringify(v ?? "")}`);
  if (typeof rv !== "number" || !Number.isSafeInteger(rv) || rv === 0 || rv < -1) {
    throw notValid(`incorrect encoded start resourceVersion (version ${TOKEN_VERSION})`);
  }
  if (typeof start !== "string" || start === "") throw notValid(`encoded start key empty (version ${TOKEN_VERSION})`);
  const key = start.endsWith("\0") ? start.slice(0, -1) : start;
  if (key.includes("\0") || key.split("/").some((part) => part === "" || part === "." || part === "..")) {
    throw notValid(JSON.stringify(start));
  }
  return { revision: rv === -1 ? undefined : rv, after: `${prefix}${key}` };
}

/** 410 for a page whose revision is gone, with a token that goes on at the present state. */
export function continueExpired(prefix: string, after: string): StatusError {
  const message =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list " +
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the " +
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, " +
    "modified, or deleted between the time the first chunk was returned and now may show up in the list.";
  return new StatusError("Expired", message, { continueToken: encodeContinue(prefix, after, undefined) });
}

/** 410 for a list at a revision that is gone. */
export function listExpired(): StatusError {
  return new StatusError("Expired", "The resourceVersion for the provided list is too old.");
}

function parseToken(text: string): { v?: unknown; rv?: unknown; start?: unknown } {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw notValid("illegal base64 data");
  try {
    const token: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (typeof token === "object" && token !== null && !Array.isArray(token)) return token;
  } catch (error) {
    throw notValid(error instanceof Error ? error.message : String(error));
  }
  throw notValid("it is no object");
}

function notValid(why: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
