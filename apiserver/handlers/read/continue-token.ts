/**
 * Tokens that lead to the next page (upstream: `apiserver/pkg/storage/continue.go`): base64url of
 * `{"v":"meta.k8s.io/v1","rv":N,"start":"ns/name\u0000"}`. `rv` -1 goes on at the present state.
 */
import { badRequest, StatusError } from "../../../shared/errors/status-error.ts";
import { parseJson } from "../../../shared/machinery/lossless-json.ts";

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
  if (v !== TOKEN_VERSION) {
    throw notValid(`server does not recognize this encoded version ${v ?? ""}`);
  }
  if (rv === undefined || !Number.isSafeInteger(rv) || rv === 0) {
    throw notValid(`incorrect encoded start resourceVersion (version ${TOKEN_VERSION})`);
  }
  if (start === undefined || start === "") throw notValid(`encoded start key empty (version ${TOKEN_VERSION})`);
  const key = start.endsWith("\0") ? start.slice(0, -1) : start;
  if (key.includes("\0") || key.split("/").some((part) => part === "" || part === "." || part === "..")) {
    throw notValid(start);
  }
  return { revision: rv < 0 ? undefined : rv, after: `${prefix}${key}` };
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

interface Token {
  readonly v?: string;
  readonly rv?: number;
  readonly start?: string;
}

const FIELD_TYPES: Readonly<Record<keyof Token, readonly [typescript: string, go: string]>> = {
  v: ["string", "string"],
  rv: ["number", "int64"],
  start: ["string", "string"],
};

function parseToken(text: string): Token {
  const token = parseTokenJson(bytesOf(text));
  for (const [field, [type, goType]] of Object.entries(FIELD_TYPES)) {
    const value = (token as Record<string, unknown>)[field];
    if (value === undefined || value === null || typeof value === type) continue;
    throw notValid(
      `json: cannot unmarshal ${goKind(value)} into Go struct field continueToken.${field} of type ${goType}`,
    );
  }
  return token;
}

function bytesOf(text: string): Buffer {
  const illegal = /[^A-Za-z0-9_-]/u.exec(text)?.index ?? (text.length % 4 === 1 ? text.length - 1 : undefined);
  if (illegal !== undefined) throw notValid(`illegal base64 data at input byte ${illegal}`);
  return Buffer.from(text, "base64url");
}

function parseTokenJson(bytes: Buffer): Token {
  let value: unknown;
  try {
    ({ value } = parseJson(bytes));
  } catch (error) {
    throw notValid(error instanceof Error ? error.message : String(error));
  }
  if (value === null) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value;
  throw notValid(`json: cannot unmarshal ${goKind(value)} into Go value of type storage.continueToken`);
}

function goKind(value: unknown): string {
  if (typeof value === "boolean") return "bool";
  return Array.isArray(value) ? "array" : typeof value;
}

function notValid(why: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
