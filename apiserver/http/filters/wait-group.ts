import type { Filter } from "../filter.ts";
import { isLongRunning } from "../long-running.ts";

const READ_ONLY_VERBS = new Set(["get", "list", "watch", "head", "options"]);

/**
 * Counts the request until its connection is done with it, and aborts its signal when the client went away. An
 * upgraded connection counts until its handler ends.
 */
export const withWaitGroup: Filter =
  (next, { inFlight }) =>
  async (state) => {
    const { info, response } = state;
    const set = isLongRunning(info)
      ? inFlight.longRunning
      : READ_ONLY_VERBS.has(info.verb)
        ? inFlight.readOnly
        : inFlight.mutating;
    set.add(state);
    const onClose = (): void => state.abort(new Error("the client closed the connection"));
    response.once("close", onClose);
    try {
      await next(state);
    } finally {
      response.off("close", onClose);
      inFlight.finish(state);
    }
  };
