import { unsupportedMediaType } from "../../http/negotiate.ts";
import type { RequestContext } from "../../http/request-context.ts";
import type { ExpectedKind } from "../decode-request.ts";
import type { WriteOptions } from "../write-options.ts";

/** A patch that was read, for one kind. */
export interface Patch {
  /** Whether it is a server-side apply, which may create. */
  readonly isApply: boolean;
  /** The patched object; 400 or 422 when it does not fit. */
  apply<T>(current: unknown): Promise<T>;
}

/** Reads the body by its content type. */
export function readPatch(_context: RequestContext, _expected: ExpectedKind, _options: WriteOptions): Promise<Patch> {
  return Promise.reject(unsupportedMediaType());
}
