/** A container cannot be started: `reason` is what its waiting state shows. */
export class ContainerError extends Error {
  override readonly name = "ContainerError";
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** The spec refers to something that is missing or wrong. */
export function configError(message: string, cause?: unknown): ContainerError {
  return new ContainerError("CreateContainerConfigError", message, cause);
}
