/**
 * The one error class for everything that the API answers with a `Status` (apimachinery `pkg/api/errors`).
 * Servers throw it, clients rebuild it from the answer; predicates tell the reasons apart.
 */
import type { Status, StatusCause, StatusDetails } from "../api/generated/meta/v1.ts";

/** Reason to HTTP code, and whether the same request may succeed later unchanged. */
export const REASONS = {
  BadRequest: { code: 400, isRetryable: false },
  Unauthorized: { code: 401, isRetryable: false },
  Forbidden: { code: 403, isRetryable: false },
  NotFound: { code: 404, isRetryable: false },
  MethodNotAllowed: { code: 405, isRetryable: false },
  NotAcceptable: { code: 406, isRetryable: false },
  AlreadyExists: { code: 409, isRetryable: false },
  Conflict: { code: 409, isRetryable: false },
  Gone: { code: 410, isRetryable: false },
  Expired: { code: 410, isRetryable: false },
  RequestEntityTooLarge: { code: 413, isRetryable: false },
  UnsupportedMediaType: { code: 415, isRetryable: false },
  Invalid: { code: 422, isRetryable: false },
  TooManyRequests: { code: 429, isRetryable: true },
  InternalError: { code: 500, isRetryable: false },
  ServerTimeout: { code: 500, isRetryable: true },
  StorageReadError: { code: 500, isRetryable: false },
  ServiceUnavailable: { code: 503, isRetryable: true },
  Timeout: { code: 504, isRetryable: true },
} as const;

export type StatusReason = keyof typeof REASONS;

export interface StatusErrorOptions {
  readonly details?: StatusDetails | undefined;
  /** Overrides the code of the reason. */
  readonly code?: number | undefined;
  /** Seconds, sent as `Retry-After` and in the details. */
  readonly retryAfterSeconds?: number | undefined;
  /** `metadata.continue` of the answer: an expired list hands out a fresh token. */
  readonly continueToken?: string | undefined;
  readonly cause?: unknown;
}

/** An API failure. `reason` is empty for answers that carried none. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly reason: StatusReason | "";
  readonly code: number;
  readonly details: StatusDetails | undefined;
  readonly continueToken: string | undefined;

  constructor(reason: StatusReason | "", message: string, options: StatusErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.code = options.code ?? (reason === "" ? 500 : REASONS[reason].code);
    this.details =
      options.retryAfterSeconds === undefined
        ? options.details
        : { ...options.details, retryAfterSeconds: options.retryAfterSeconds };
    this.continueToken = options.continueToken;
  }

  /** The `Status` object of the wire. */
  toStatus(): Status {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: "Failure",
      message: this.message,
      ...(this.reason === "" ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** Rebuilds the error from a `Status` that a server answered. */
export function statusErrorFrom(status: Status, httpCode: number): StatusError {
  const reason = status.reason !== undefined && status.reason in REASONS ? (status.reason as StatusReason) : "";
  return new StatusError(reason, status.message ?? `the server answered ${httpCode}`, {
    code: status.code ?? httpCode,
    details: status.details,
    continueToken: status.metadata?.continue,
  });
}

type Named = { readonly group: string; readonly plural: string };

function qualified(resource: Named): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

function detailsOf(resource: Named, name: string, causes?: StatusCause[]): StatusDetails {
  return {
    ...(name === "" ? {} : { name }),
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.plural,
    ...(causes === undefined ? {} : { causes }),
  };
}

export function notFound(resource: Named, name: string): StatusError {
  return new StatusError("NotFound", `${qualified(resource)} "${name}" not found`, {
    details: detailsOf(resource, name),
  });
}

export function alreadyExists(resource: Named, name: string): StatusError {
  return new StatusError("AlreadyExists", `${qualified(resource)} "${name}" already exists`, {
    details: detailsOf(resource, name),
  });
}

export function conflict(resource: Named, name: string, why: string): StatusError {
  return new StatusError("Conflict", `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`, {
    details: detailsOf(resource, name),
  });
}

export function forbidden(resource: Named, name: string, why: string): StatusError {
  const subject = name === "" ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return new StatusError("Forbidden", `${subject} is forbidden: ${why}`, { details: detailsOf(resource, name) });
}

export function badRequest(message: string): StatusError {
  return new StatusError("BadRequest", message);
}

/** One broken rule of one field, as `field.Error` of apimachinery. `detail` is the whole text after the path. */
export interface FieldError {
  readonly reason:
    | "FieldValueNotFound"
    | "FieldValueRequired"
    | "FieldValueDuplicate"
    | "FieldValueInvalid"
    | "FieldValueNotSupported"
    | "FieldValueForbidden"
    | "FieldValueTooLong"
    | "FieldValueTooMany"
    | "FieldValueTypeInvalid"
    | "InternalError";
  /** Path, for example `spec.containers[0].name`. */
  readonly field: string;
  /** What stands after the path, for example `Required value` or `Invalid value: "x": must be …`. */
  readonly detail: string;
}

/** 422 with every broken rule: `Kind.group "name" is invalid: [path: detail, …]`. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const subject = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  const texts = errors.map((error) => `${error.field}: ${error.detail}`);
  const list = texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
  return new StatusError("Invalid", `${subject} "${name}" is invalid: ${list}`, {
    details: {
      ...(name === "" ? {} : { name }),
      ...(kind.group === "" ? {} : { group: kind.group }),
      kind: kind.kind,
      causes: errors.map((error) => ({ reason: error.reason, message: error.detail, field: error.field })),
    },
  });
}

/** True when `error` is a `StatusError` with that reason. */
export function hasReason(error: unknown, reason: StatusReason): error is StatusError {
  return error instanceof StatusError && error.reason === reason;
}
export const isNotFound = (error: unknown): error is StatusError => hasReason(error, "NotFound");
export const isConflict = (error: unknown): error is StatusError => hasReason(error, "Conflict");
export const isAlreadyExists = (error: unknown): error is StatusError => hasReason(error, "AlreadyExists");
/** 410 of either spelling: the revision that was asked for is no longer kept. */
export const isExpired = (error: unknown): error is StatusError => error instanceof StatusError && error.code === 410;
