/** Errors of a store across threads: what callers tell apart arrives as what it was. */
import { StatusError, statusErrorFrom } from "../../../shared/errors/status-error.ts";
import { CompactedError, FutureRevisionError, StorageUnavailableError } from "../storage.ts";
import type { PackedError } from "./messages.ts";

export function packError(error: unknown): PackedError {
  if (error instanceof CompactedError) return { error: "compacted", compactRevision: error.compactRevision };
  if (error instanceof StatusError) return { error: "status", status: error.toStatus(), code: error.code };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof FutureRevisionError) return { error: "future", message };
  return { error: error instanceof StorageUnavailableError ? "unavailable" : "other", message };
}

export function unpackError(packed: PackedError): Error {
  switch (packed.error) {
    case "compacted":
      return new CompactedError(packed.compactRevision);
    case "status":
      return statusErrorFrom(packed.status, packed.code);
    case "future":
      return new FutureRevisionError(packed.message);
    case "unavailable":
      return new StorageUnavailableError(packed.message);
    case "other":
      return new Error(packed.message);
  }
}
