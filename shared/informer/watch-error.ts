import type { Status } from "../api/generated/meta/v1.ts";
import { StatusError, statusErrorFrom } from "../errors/status-error.ts";

/** The error that an `ERROR` event carries. */
export function statusErrorOf(object: unknown): StatusError {
  const status: Status = typeof object === "object" && object !== null ? object : {};
  return statusErrorFrom(status, status.code ?? 500);
}

/** The server has not seen that revision yet, or never will: it was restored from an older state. */
export function isResourceVersionTooLarge(err: unknown): err is StatusError {
  if (!(err instanceof StatusError)) return false;
  const causes = err.details?.causes ?? [];
  return (
    causes.some((cause) => cause.reason === "ResourceVersionTooLarge") ||
    err.message.includes("Too large resource version")
  );
}
