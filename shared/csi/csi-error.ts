/** gRPC's status codes by name, as far as CSI gives them a meaning. */
export type CsiCode =
  | "OK"
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** What a CSI call was refused with; the message is the one that Go's gRPC clients show. */
export class CsiError extends Error {
  readonly code: CsiCode;
  readonly detail: string;

  constructor(code: CsiCode, detail: string, cause?: unknown) {
    const name = code
      .split("_")
      .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
      .join("");
    super(`rpc error: code = ${name} desc = ${detail}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = detail;
  }
}

/** Codes after which nobody knows whether the call was carried out, or still is. */
const NOT_FINAL: ReadonlySet<CsiCode> = new Set([
  "CANCELLED",
  "DEADLINE_EXCEEDED",
  "UNAVAILABLE",
  "RESOURCE_EXHAUSTED",
  "ABORTED",
]);

/** True when the driver has refused for good: nothing of the call goes on in the background. */
export function isFinal(error: unknown): boolean {
  return error instanceof CsiError && !NOT_FINAL.has(error.code);
}
