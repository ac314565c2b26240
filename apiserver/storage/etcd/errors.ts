/** Every failure of etcd and gRPC becomes one of our errors here, and nowhere else. */
import { StatusError } from "../../../shared/errors/status-error.ts";
import { CompactedError, FutureRevisionError, StorageUnavailableError } from "../storage.ts";

/** `revision` is the one that was asked for, if any: the answer does not tell where the history begins. */
export function translateError(error: unknown, revision = 0): Error {
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes("required revision has been compacted")) return new CompactedError(revision);
  if (text.includes("required revision is a future revision")) {
    return new FutureRevisionError(`revision ${revision} is in the future`);
  }
  if (text.includes("request is too large")) {
    return new StatusError("RequestEntityTooLarge", "etcdserver: request is too large", { cause: error });
  }
  return new StorageUnavailableError(text, { cause: error });
}

/** The lease of a write is gone: the write did not happen. */
export function isLeaseNotFound(error: unknown): boolean {
  return error instanceof Error && error.message.includes("requested lease not found");
}
