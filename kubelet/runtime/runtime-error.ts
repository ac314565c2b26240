/** How a call to the runtime failed, without the transport's own vocabulary. */
export type RuntimeFailure = "notFound" | "unavailable" | "timeout" | "cancelled" | "unimplemented" | "other";

export class RuntimeCallError extends Error {
  override readonly name = "RuntimeCallError";
  readonly failure: RuntimeFailure;

  /** `message` is the runtime's text, ready for an event. */
  constructor(failure: RuntimeFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.failure = failure;
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
