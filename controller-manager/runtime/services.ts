import type { ApiClient } from "../../shared/client/api-client.ts";
import type { EventRecorder } from "../../shared/events/event-recorder.ts";
import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { WorkQueueObserver } from "../../shared/workqueue/work-queue.ts";
import type { PolicyRule } from "../../shared/api/generated/rbac/v1.ts";
import type { SharedInformers } from "./shared-informers.ts";

/** What the process gives to every controller. */
export interface ControllerServices {
  readonly client: ApiClient;
  readonly informers: SharedInformers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A recorder whose events name that controller as their source. */
  recorderFor(controller: string): EventRecorder;
  /** For the `workqueue_*` metrics of a queue of that name. */
  observerFor(queue: string): WorkQueueObserver;
  readonly signal: AbortSignal;
}

/** One edge of the controller graph: who reads or writes what. */
export interface Grants {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly rules: readonly PolicyRule[];
}

/** A controller with its types forgotten: what `controllers.ts` lists and `run.ts` starts. */
export interface RunnableController {
  readonly name: string;
  readonly grants: Grants;
  /** Runs until the signal aborts. Rejects when it cannot go on. */
  run(services: ControllerServices): Promise<void>;
}
