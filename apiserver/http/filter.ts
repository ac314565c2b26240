import type { IncomingMessage } from "node:http";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { UserInfo } from "../authentication/user.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import type { InFlight } from "./in-flight.ts";
import type { RequestState } from "./request-state.ts";

/** Answers the request. Rejects with what `panic-guard.ts` turns into a `Status`. */
export type RequestHandler = (state: RequestState) => Promise<void>;

/** Wraps a handler; made once at start. */
export type Filter = (next: RequestHandler, dependencies: ChainDependencies) => RequestHandler;

export interface ChainDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
  readonly authenticator: { authenticate(request: IncomingMessage): Promise<UserInfo | undefined> };
  readonly authorizer: Authorizer;
  readonly inFlight: InFlight;
  readonly requestTimeoutMs: number;
  readonly limits: { readonly readOnly: number; readonly mutating: number };
}
