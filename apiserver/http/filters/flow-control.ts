import { StatusError } from "../../../shared/errors/status-error.ts";
import { SUPERUSER_GROUP } from "../../authentication/user.ts";
import type { Filter } from "../filter.ts";

/** Uids of the flow schema and the priority level, until those objects decide (priority and fairness). */
const FLOW_SCHEMA_UID = "00000000-0000-0000-0000-000000000000";
const RETRY_AFTER_SECONDS = 1;

/**
 * At most so many requests at a time, reads and writes counted apart; long-running ones are not. Administrators
 * always pass, so that an overloaded cluster can be repaired (upstream: maxinflight.go).
 */
export const withFlowControl: Filter = (next, { inFlight, limits, metrics }) => {
  return (state) => {
    const isOver =
      (inFlight.readOnly.has(state) && inFlight.total("readOnly") > limits.readOnly) ||
      (inFlight.mutating.has(state) && inFlight.total("mutating") > limits.mutating);
    if (isOver && !state.user.groups.includes(SUPERUSER_GROUP)) {
      metrics.rejectedInFlight(inFlight.mutating.has(state) ? "mutating" : "readOnly");
      throw new StatusError("TooManyRequests", "Too many requests, please try again later.", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
    state.answerHeaders.push("X-Kubernetes-Pf-Flowschema-Uid", FLOW_SCHEMA_UID);
    state.answerHeaders.push("X-Kubernetes-Pf-Prioritylevel-Uid", FLOW_SCHEMA_UID);
    return next(state);
  };
};
