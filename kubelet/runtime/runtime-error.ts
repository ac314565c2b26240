/** How a call to the runtime failed, without the transport's own vocabulary. */
export type RuntimeFailure = "notFound" | "unavailable" | "timeout" | "cancelled" | "unimplemented" | "other";

export class RuntimeCallError extends Error {
  override readonly name = "RuntimeCallError";
  readonly failure: RuntimeFailure;
  /** The runtime's own words, without what the transport put before them. */
  readonly detail: string;

  /** `message` is the runtime's text, ready for an event. */
  constructor(failure: RuntimeFailure, message: string, cause?: unknown, detail = message) {
    super(message, { cause });
    this.failure = failure;
    this.detail = detail;
  }
}

function failedWith(error: unknown, failure: RuntimeFailure): boolean {
  return error instanceof RuntimeCallError && error.failure === failure;
}

/** The container, sandbox or image does not exist. */
export const isRuntimeNotFound = (error: unknown): boolean => failedWith(error, "notFound");
/** We gave up the call ourselves. */
export const isRuntimeCancelled = (error: unknown): boolean => failedWith(error, "cancelled");
export const isRuntimeUnimplemented = (error: unknown): boolean => failedWith(error, "unimplemented");

/** Text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Text of whatever was thrown, as the runtime itself said it: for containers, which upstream tells without the transport. */
export function detailOf(error: unknown): string {
  return error instanceof RuntimeCallError ? error.detail : messageOf(error);
}
