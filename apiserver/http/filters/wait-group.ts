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
    inFlight.begin(
      state,
      isLongRunning(info) ? "longRunning" : READ_ONLY_VERBS.has(info.verb) ? "readOnly" : "mutating",
    );
    const onClose = (): void => state.abort(new Error("the client closed the connection"));
    response.once("close", onClose);
    try {
      await next(state);
    } finally {
      response.off("close", onClose);
      inFlight.finish(state);
    }
  };
