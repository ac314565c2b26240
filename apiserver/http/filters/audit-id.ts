import type { Filter } from "../filter.ts";

/** Every answer names the request; a client's own id is echoed. */
export const withAuditId: Filter = (next) => (state) => {
  state.answerHeaders.push("Audit-ID", state.auditId);
  return next(state);
};
