import type { Status } from "../api/generated/meta/v1.ts";
import { REASONS, StatusError, type StatusReason, statusErrorFrom } from "../errors/status-error.ts";
import { decodeJson } from "./json.ts";

/** Longest piece of a foreign error body that goes into a message. */
const BODY_EXCERPT_CHARS_MAX = 512;

function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}

/** First reason with that code, for answers that carry no `Status` (a proxy, a plain 404). */
function reasonOf(code: number): StatusReason | "" {
  const found = Object.entries(REASONS).find(([, row]) => row.code === code);
  return found === undefined ? "" : (found[0] as StatusReason);
}

/** The error of an answer with a code ≥ 400. */
export function responseError(code: number, body: Uint8Array): StatusError {
  try {
    const status = decodeJson(body);
    if (isStatus(status)) return statusErrorFrom(status, code);
  } catch (cause) {
    return plainError(code, body, cause);
  }
  return plainError(code, body, undefined);
}

function plainError(code: number, body: Uint8Array, cause: unknown): StatusError {
  const text = Buffer.from(body).toString("utf8").trim().slice(0, BODY_EXCERPT_CHARS_MAX);
  return new StatusError(reasonOf(code), text === "" ? `the server answered ${code}` : text, { code, cause });
}
