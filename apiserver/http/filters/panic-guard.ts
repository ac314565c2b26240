import type { Filter } from "../filter.ts";
import { sendError, toStatusError } from "../respond.ts";

/** Nothing a handler throws ends the process: it becomes a `Status`, or a closed connection when an answer had begun. */
export const withPanicGuard: Filter =
  (next, { logger }) =>
  async (state) => {
    try {
      if (state.urlError !== undefined) throw state.urlError;
      await next(state);
    } catch (err) {
      const { code } = toStatusError(err);
      const { verb, path } = state.info;
      if (code >= 500 && !state.request.destroyed) {
        logger.error({ err, verb, path, code, auditId: state.auditId }, "request failed");
      }
      if (state.response.headersSent) {
        if (!state.response.writableEnded) state.response.destroy();
        return;
      }
      sendError(state, err);
    }
  };
