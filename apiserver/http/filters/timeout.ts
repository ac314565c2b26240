import { StatusError } from "../../../shared/errors/status-error.ts";
import type { Filter } from "../filter.ts";
import { isLongRunning } from "../long-running.ts";

/** Whoever is not done after the timeout gets 504; what its handler answers later is dropped. */
export const withTimeout: Filter =
  (next, { clock, requestTimeoutMs }) =>
  (state) => {
    if (isLongRunning(state.info)) return next(state);
    return new Promise((resolve, reject) => {
      const timer = clock.after(requestTimeoutMs, () => {
        const error = new StatusError("Timeout", "Timeout: request did not complete within the allotted timeout");
        reject(error);
        state.abort(error);
      });
      next(state).then(
        () => {
          timer.cancel();
          resolve();
        },
        (err: unknown) => {
          timer.cancel();
          reject(err instanceof Error ? err : new Error(String(err)));
        },
      );
    });
  };
