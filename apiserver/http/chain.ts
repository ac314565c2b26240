/**
 * The filters that every request passes, outermost first (apiserver `pkg/server/config.go`, DefaultBuildHandlerChain).
 * Request info and audit id are there before: `request-state.ts` makes them from the URL and the headers.
 */
import { withAuditId } from "./filters/audit-id.ts";
import { withAuthentication } from "./filters/authentication.ts";
import { withAuthorization } from "./filters/authorization.ts";
import { withCacheControl } from "./filters/cache-control.ts";
import { withFlowControl } from "./filters/flow-control.ts";
import { withImpersonation } from "./filters/impersonation.ts";
import { withLatencyMetrics } from "./filters/latency-metrics.ts";
import { withPanicGuard } from "./filters/panic-guard.ts";
import { withTimeout } from "./filters/timeout.ts";
import { withWaitGroup } from "./filters/wait-group.ts";
import type { ChainDependencies, Filter, RequestHandler } from "./filter.ts";

export const filters: readonly Filter[] = [
  withAuditId,
  // Outside the guard: what it answers counts under its code.
  withLatencyMetrics,
  withPanicGuard,
  withCacheControl,
  withWaitGroup,
  withTimeout,
  withAuthentication,
  withImpersonation,
  withFlowControl,
  withAuthorization,
];

/** One function of the filters and what they lead to. */
export function buildChain(dependencies: ChainDependencies, innermost: RequestHandler): RequestHandler {
  return filters.reduceRight((next, filter) => filter(next, dependencies), innermost);
}
